"""What this package asks of a director, in small interfaces.

A director is any object with these methods. The package that has one stands above this one: it
is looked for only where a director is needed and none was given.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol, cast

from iop_core.errors import BackendUnavailableError, ConfigurationError, UnsupportedByBackendError
from iop_production.runtime_update import update_of
from iop_production.texts import text_of

_PACKAGE = "iop_director"


class ExportingDirector(Protocol):
    """Knows what is deployed."""

    def export_production(self, name: str, /) -> Mapping[str, Any]:
        """Return a deployed production as ``{name: {...}}``."""
        ...


class StatusDirector(Protocol):
    """Knows what runs."""

    def status_production(self) -> Mapping[str, Any]:
        """Return ``Production`` and ``Status``, in this spelling or in lower case."""
        ...


class UpdatingDirector(StatusDirector, Protocol):
    """Can let the running production take over what is deployed."""

    def update_production(self) -> object:
        """Let the running production take over what is deployed."""
        ...


class PlanningDirector(ExportingDirector, Protocol):
    """Can change what is deployed, operation by operation."""

    def apply_production_plan(self, plan: dict[str, Any], /, *, allow_destructive: bool) -> object:
        """Apply a plan and return what became of each operation.

        Args:
            plan: What ``ProductionChangePlan.to_dict()`` gives, with ``actor`` and ``reason``
                in its ``metadata``.
            allow_destructive: Whether destructive operations are applied, too.

        Returns:
            ``{"production", "operations": [{"id", "op_type", "path", "status", "message"}]}``
            and ``error`` where the plan as a whole was not accepted. A status is ``applied``,
            ``skipped`` or ``failed``.
        """
        ...


class DeployingDirector(ExportingDirector, Protocol):
    """Can replace what is deployed."""

    def register_production_definition(
        self, name: str, definition: dict[str, Any], /, *, actor: str, reason: str
    ) -> object:
        """Deploy a production in place of the one of that name.

        Args:
            name: Its name.
            definition: ``{"Production": {...}}``.
            actor: Who asks for it.
            reason: Why.
        """
        ...


def director_of(given: object, namespace: str | None) -> object:
    """Return the director that was given; else one for the default place, if there is such a package.

    Args:
        given: What was given; None: nothing.
        namespace: Namespace to work in; None: the default one.

    Raises:
        IopError: The default place cannot be used.
    """
    if given is not None or find_spec(_PACKAGE) is None:
        return given
    return import_module(_PACKAGE).Director(namespace=namespace)


def need_director(director: object, purpose: str, *methods: str) -> Any:
    """Return a director that has some methods, to be used as one of the interfaces above.

    Args:
        director: What was given; None: nothing.
        purpose: What it is needed for, such as ``"stopping 'Demo.Production'"``.
        *methods: Their names.

    Raises:
        ConfigurationError: There is no director, or it lacks a method.
    """
    if director is None:
        raise ConfigurationError(
            f"{purpose} needs a director: give director=, use prod.with_director(...), or pip install iop-director"
        )
    for name in methods:
        if not callable(getattr(director, name, None)):
            raise ConfigurationError(
                f"{purpose} needs a director with {name}(), which {type(director).__name__} does not have"
            )
    return director


def refuse_remote(director: object, text: str) -> None:
    """Refuse to go on when a director says of itself that it ``is_remote``.

    Raises:
        UnsupportedByBackendError: It does.
    """
    if getattr(director, "is_remote", False) is True:
        raise UnsupportedByBackendError(text)


def namespace_of(director: object, said: str | None) -> str:
    """Return the namespace that a call changes: the director's own, else the one that is said."""
    own = getattr(director, "namespace", None)
    return own if isinstance(own, str) and own else text_of(said)


def status_of(director: StatusDirector) -> tuple[str, str]:
    """Return the name of the current production and its status; see ``read_status``."""
    return read_status(director.status_production())


def read_status(said: object) -> tuple[str, str]:
    """Return the name and the status, in lower case, that a director reports; empty when it does not.

    Raises:
        ConfigurationError: What it reports is no status.
    """
    if not isinstance(said, Mapping):
        raise ConfigurationError(f"production status response is invalid ({said!r})")
    status = cast("Mapping[str, object]", said)
    name = status.get("Production", status.get("production"))
    return text_of(name), text_of(status.get("Status", status.get("status"))).lower()


def update_if_current(director: object, name: str) -> Mapping[str, Any] | None:
    """Let a production take over what is deployed if it is the current one.

    Returns:
        What the running production did, with the fields of ``UpdateResult``, empty when the
        director does not say; None: it is not the current one.
    """
    try:
        known: UpdatingDirector = need_director(
            director, f"updating {name!r}", "status_production", "update_production"
        )
        current, status = status_of(known)
    except Exception:  # noqa: BLE001 - boundary: what is deployed is changed already, and nothing may run
        return None
    if current != name or status == "stopped":
        return None
    try:
        done = known.update_production()
    except BackendUnavailableError:  # it ended just now, or died
        return None
    return update_of(done) or {}
