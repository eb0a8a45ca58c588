"""The namespaces that a server answers for, each with its director."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from iop_core.errors import did_you_mean
from iop_director import Director
from iop_server.refusals import RefusedRequestError

if TYPE_CHECKING:
    from iop_core.plugins import PluginRegistry


class Namespaces:
    """The namespaces that may be asked for; others are unknown, whether they hold anything or not.

    Args:
        url: URL of the backend; None: the environment says, as for ``Director``.
        names: The namespaces; the first one is meant when a request names none. Empty: the one
            of the environment.
        plugins: Where the backend is looked up; None: what is installed.
    """

    def __init__(self, url: str | None, names: Sequence[str] = (), *, plugins: PluginRegistry | None = None) -> None:
        first = Director(url, namespace=names[0] if names else None, plugins=plugins)
        self._directors = {first.namespace.casefold(): first}
        for name in names[1:]:
            self._directors[name.casefold()] = Director(url, namespace=name, plugins=plugins)
        self.names = tuple(director.namespace for director in self._directors.values())

    def director_for(self, name: str) -> Director:
        """Return the director of a namespace; empty: that of the first one.

        Raises:
            RefusedRequestError: 404: no such namespace.
        """
        director = self._directors.get((name or self.names[0]).casefold())
        if director is None:
            raise RefusedRequestError(
                404,
                "unknown-namespace",
                f"there is no namespace {name!r} here{did_you_mean(name, self.names)}; start the server with "
                f"'--namespace {name}' if it should have it",
            )
        return director
