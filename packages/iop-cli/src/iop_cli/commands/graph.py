"""``iop graph``."""

from __future__ import annotations

from pathlib import Path

import click

from iop_cli.application import Application, pass_application
from iop_cli.exporting import export_production


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--production", "name", metavar="NAME", help="Production to show, when the file has several.")
@click.option("--format", "form", metavar="NAME", default="graph", show_default=True, help="graph, mermaid or another.")
@pass_application
def graph(application: Application, *, file: Path, name: str | None, form: str) -> None:
    """Show the items of a production of FILE.py and the routes between them."""
    export_production(application, file, name=name, form=form, output=None)
