"""``iop export``."""

from __future__ import annotations

from pathlib import Path

import click

from iop_cli.application import Application, pass_application
from iop_cli.exporting import export_production, find_production, hide_secrets, source_options
from iop_cli.progress import busy


@click.command()
@source_options
@click.option(
    "--format",
    "form",
    metavar="NAME",
    default="json",
    show_default=True,
    help="json, xml, python, class, graph, mermaid, or one of a plug-in.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="File to write; a folder gets a file named after the production. Default: standard output.",
)
@click.option("--with-secrets", is_flag=True, help="Also the values of secret settings, which are hidden otherwise.")
@pass_application
def export(
    application: Application,
    /,
    *,
    form: str,
    as_json: bool,
    output: Path | None,
    with_secrets: bool,
    source: str | None,
    name: str | None,
    is_default: bool,
    namespace: str | None,
    data_dir: Path | None,
) -> None:
    """Write a production of FILE.py, or the deployed one of that NAME, in another format."""
    with busy("Reading the production"):
        production = find_production(
            application, source=source, name=name, is_default=is_default, namespace=namespace, data_dir=data_dir
        )
    hidden = 0 if with_secrets else hide_secrets(production)
    export_production(application, production, form="json" if as_json else form, output=output)
    if hidden and not application.quiet:
        click.echo(f"The values of {hidden} secret settings are hidden; --with-secrets shows them", err=True)
