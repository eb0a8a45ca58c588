"""``iop list`` and ``iop default``: which productions there are."""

from __future__ import annotations

from pathlib import Path

import click

from iop_cli.application import Application, pass_application
from iop_cli.completion import productions
from iop_cli.options import query_options
from iop_cli.output import print_json, print_table, tell
from iop_director.deployed_calls import NOT_DEFINED
from iop_director.safe_text import one_line


@click.command("list")
@query_options
@pass_application
def list_productions(application: Application, *, namespace: str | None, data_dir: Path | None, as_json: bool) -> None:
    """List the productions that are deployed, run, or ran last."""
    found = application.query(data_dir, namespace).list_productions()
    if as_json:
        print_json(found)
    else:
        print_table(("Production", "Status"), ((name, state["Status"]) for name, state in found.items()))


@click.command()
@click.argument("name", required=False, shell_complete=productions)
@click.option("--clear", is_flag=True, help="Have no default production any more.")
@query_options
@pass_application
def default(
    application: Application,
    *,
    name: str | None,
    clear: bool,
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Show the default production, or choose the deployed production NAME as such."""
    director = application.query(data_dir, namespace)
    if name is not None and clear:
        raise click.UsageError("give either NAME or --clear")
    if name is not None or clear:
        director.set_default_production(name or "")
    chosen = director.get_default_production()
    if as_json:
        print_json({"default": None if chosen == NOT_DEFINED else chosen})
    elif name is not None or clear:
        tell(
            "There is no default production any more." if clear or not name else f"{chosen} is the default production."
        )
    else:
        click.echo(one_line(chosen))
