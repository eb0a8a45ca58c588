"""``iop export``."""

from __future__ import annotations

from pathlib import Path

import click

from iop_cli.application import Application, pass_application
from iop_cli.exporting import export_production


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--production", "name", metavar="NAME", help="Production to write, when the file has several.")
@click.option(
    "--format",
    "form",
    metavar="NAME",
    default="json",
    show_default=True,
    help="json, xml, python, class, graph, mermaid, or one of a plug-in.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="File to write; a folder gets a file named after the production. Default: standard output.",
)
@pass_application
def export(application: Application, *, file: Path, name: str | None, form: str, output: Path | None) -> None:
    """Write a production of FILE.py in another format."""
    export_production(application, file, name=name, form=form, output=output)
