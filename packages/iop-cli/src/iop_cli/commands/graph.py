"""``iop graph``."""

from __future__ import annotations

from pathlib import Path

import click

from iop_cli.application import Application, pass_application
from iop_cli.exporting import export_production, find_production, source_options
from iop_cli.options import json_option
from iop_cli.output import print_json


@click.command()
@source_options
@click.option("--format", "form", metavar="NAME", default="graph", show_default=True, help="graph, mermaid or another.")
@json_option
@pass_application
def graph(
    application: Application,
    /,
    *,
    form: str,
    as_json: bool,
    source: str | None,
    name: str | None,
    is_default: bool,
    namespace: str | None,
    data_dir: Path | None,
) -> None:
    """Show the items of a production of FILE.py, or of a deployed one, and the routes between them."""
    production = find_production(
        application, source=source, name=name, is_default=is_default, namespace=namespace, data_dir=data_dir
    )
    if as_json:
        print_json(production.graph().to_dict())
    else:
        export_production(application, production, form=form, output=None)
