"""Where a server keeps its own files: in ``server`` below the data directory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

_Function = TypeVar("_Function", bound=Callable[..., Any])


def users_file(data_dir: Path) -> Path:
    """Return the users file of a data directory."""
    return data_dir.absolute() / "server" / "users.json"


def audit_file(data_dir: Path) -> Path:
    """Return the audit file of a data directory."""
    return data_dir.absolute() / "server" / "audit.jsonl"


def data_dir_option(function: _Function) -> _Function:
    """Add ``--data-dir`` to a command."""
    return click.option(
        "--data-dir",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path(".iop"),
        show_default=True,
        help="Directory of the local backend's data; the files of the server are in 'server' below it.",
    )(function)


def users_file_option(function: _Function) -> _Function:
    """Add ``--users-file`` to a command."""
    return click.option(
        "--users-file",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The users; default: server/users.json in the data directory.",
    )(function)
