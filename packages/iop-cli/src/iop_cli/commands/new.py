"""``iop new``."""

from __future__ import annotations

from pathlib import Path

import click

from iop_cli.new_project import make_project
from iop_cli.options import json_option
from iop_cli.output import print_json, tell


@click.command()
@click.argument("name")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Folder in which the project gets a folder of its own; default: the current one.",
)
@json_option
def new(*, name: str, directory: Path, as_json: bool) -> None:
    """Make the project NAME: a production, its tests, and CI that runs them. Nothing is overwritten."""
    files = make_project(name, directory)
    folder = directory / name
    if as_json:
        print_json({"project": str(folder.absolute()), "files": files})
        return
    tell(f"Made {folder} with {len(files)} files. Next:")
    for line in (f"cd {folder}", "pip install -e '.[dev]'", "pytest", "iop run production.py"):
        tell(f"  {line}")
