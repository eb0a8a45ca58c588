"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

_Function = TypeVar("_Function", bound=Callable[..., Any])

namespace_option = click.option(
    "--namespace", metavar="NS", help="Namespace to use; default: IOP_NAMESPACE, else USER."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def data_dir_option(default: str) -> Callable[[_Function], _Function]:
    """Return the option ``--data-dir`` with the given words for its default."""
    return click.option(
        "--data-dir",
        type=click.Path(path_type=Path, file_okay=False),
        help=f"Directory of the local backend's data; default: IOP_URL, else {default}.",
    )


def query_options(function: _Function) -> _Function:
    """Add the options of all commands that read what a backend keeps."""
    for option in (json_option, data_dir_option(".iop below the current directory"), namespace_option):
        function = option(function)
    return function
