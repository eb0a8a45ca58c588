"""What all commands of one call of ``iop`` share."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from iop_core.plugins import PluginRegistry
    from iop_director import Director

DATA_DIRECTORY = ".iop"


@dataclass
class Application:
    """The object of the click context.

    Attributes:
        registry: The plug-ins to use; None: what is installed.
        debug: Whether tracebacks are wanted.
        quiet: Whether nothing is wanted but what was asked for: no words about what was done, no progress.
        url: URL of the backend, where the command line names one.
        remote_settings: File that says where the backend is, where the command line names one.
        is_local: Whether the command line says that it is on this machine, whatever the environment says.
    """

    registry: PluginRegistry | None = None
    debug: bool = False
    quiet: bool = False
    url: str | None = None
    remote_settings: Path | None = None
    is_local: bool = False

    @property
    def plugins(self) -> PluginRegistry:
        """The plug-ins in use."""
        if self.registry is None:
            from iop_core.plugins import installed_plugins

            self.registry = installed_plugins()
        return self.registry

    @property
    def names_a_place(self) -> bool:
        """Whether the command line or the environment says where productions run."""
        named = self.url or self.remote_settings or self.is_local
        return bool(named or os.environ.get("IOP_URL") or os.environ.get("IOP_SETTINGS"))

    def query(self, data_dir: Path | None, namespace: str | None, *, beside: Path | None = None) -> Director:
        """Return a director for the place that the command line names, or the environment, or none.

        Args:
            data_dir: Directory of the local backend, where the command line names one.
            namespace: Namespace; None: what the environment or the place says.
            beside: File that the productions come from; their data is beside it when nothing
                names a place. None: below the current directory.
        """
        from iop_director import Director

        named = {
            "--data-dir": data_dir,
            "--url": self.url,
            "--remote-settings": self.remote_settings,
            "--local": self.is_local,
        }
        given = [option for option, value in named.items() if value]
        if len(given) > 1:
            raise click.UsageError(f"{' and '.join(given)} name different places; give one of them")
        url = self.url
        if data_dir is not None:
            url = local_url(data_dir)
        elif self.is_local or (beside is not None and not self.names_a_place):
            url = "local:" if beside is None else local_url(beside.absolute().parent / DATA_DIRECTORY)
        return Director(url, namespace=namespace, remote_settings=self.remote_settings, plugins=self.plugins)


def local_url(data_dir: Path) -> str:
    """Return the URL of the local backend for a data directory."""
    # Special characters of the path are escaped, as in any URL.
    return "local:" + data_dir.absolute().as_uri().removeprefix("file:")


pass_application = click.make_pass_decorator(Application)
