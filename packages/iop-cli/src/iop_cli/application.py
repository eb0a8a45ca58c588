"""What all commands of one call of ``iop`` share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from iop_core.plugins import PluginRegistry
    from iop_director import Director


@dataclass
class Application:
    """The object of the click context.

    Attributes:
        registry: The plug-ins to use; None: what is installed.
        debug: Whether tracebacks are wanted.
    """

    registry: PluginRegistry | None = None
    debug: bool = False

    @property
    def plugins(self) -> PluginRegistry:
        """The plug-ins in use."""
        if self.registry is None:
            from iop_core.plugins import installed_plugins

            self.registry = installed_plugins()
        return self.registry

    def director(self, *, url: str | None, namespace: str | None) -> Director:
        """Return a director; None leaves the choice to the environment and the defaults."""
        from iop_director import Director

        return Director(url, namespace=namespace, plugins=self.plugins)

    def query(self, data_dir: Path | None, namespace: str | None) -> Director:
        """Return a director that reads what is kept in a data directory, or where IOP_URL says."""
        return self.director(url=None if data_dir is None else local_url(data_dir), namespace=namespace)


def local_url(data_dir: Path) -> str:
    """Return the URL of the local backend for a data directory."""
    # Special characters of the path are escaped, as in any URL.
    return "local:" + data_dir.absolute().as_uri().removeprefix("file:")


pass_application = click.make_pass_decorator(Application)
