"""``iop init``."""

from __future__ import annotations

from pathlib import Path

import click

from iop_cli.application import Application, pass_application
from iop_cli.options import query_options
from iop_cli.output import print_json, tell


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False, exists=True))
@query_options
@pass_application
def init(
    application: Application, *, folder: Path | None, namespace: str | None, data_dir: Path | None, as_json: bool
) -> None:
    """Prepare a place for IoP: an IRIS gets the class files of FOLDER; others need nothing."""
    lines = application.query(data_dir, namespace).setup(folder)
    if as_json:
        print_json({"done": lines})
        return
    for line in lines:
        tell(line)
