"""What a backend on another machine does besides what every backend does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class ProjectUpload:
    """The source of a project, and how it is migrated where it goes.

    Attributes:
        files: Pairs of a name, with ``/`` between folders, and the text.
        settings_file: Which of them is the settings file.
        package: Package that the project becomes.
        remote_folder: Folder that it is copied to; empty: chosen by the server.
        strict: True: productions with validation issues are refused.
        reason: Why, for the list of changes there.
        dry_run: True: only checked there, and nothing changed.
    """

    files: tuple[tuple[str, str], ...]
    settings_file: str = "settings.py"
    package: str = "python"
    remote_folder: str = ""
    strict: bool = False
    reason: str = ""
    dry_run: bool = False


class ProductionServer(Protocol):
    """A server that runs productions; it decides itself how, and says what its state is."""

    def restart_production(self) -> None:
        """Stop what runs and start it, or start the default production.

        Raises:
            BackendError: The server refused, or cannot be reached.
        """
        ...

    def connections(self, production: str) -> dict[str, Any]:
        """Return which items of a production lead to which: ``{"items": [{"item", "connections", ...}]}``."""
        ...

    def queue_info(self, production: str) -> dict[str, Any]:
        """Return what waits in the queues of a production: ``{"items": [{"item", "queue_name", "count"}]}``."""
        ...

    def bindings(self, *, unused_only: bool = False) -> list[dict[str, Any]]:
        """Return the registered components, one dictionary each."""
        ...

    def upload(self, project: ProjectUpload) -> Mapping[str, Any]:
        """Send the source of a project and have it migrated there.

        Returns:
            What the server says of it; empty when it says nothing.

        Raises:
            UnsupportedByBackendError: A dry run was asked of a server that would not take it for one.
            BackendError: The server refused, or it failed there.
        """
        ...

    def set_up(self, folder: Path) -> list[str]:
        """Send the class files (``.cls``) of a folder to an IRIS and have them compiled.

        Returns:
            One line for each file, and what the compiler said.

        Raises:
            BackendError: There is no such file, or the server refused one.
        """
        ...
