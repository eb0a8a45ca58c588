"""``iop bindings``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from iop_cli.application import Application, pass_application
from iop_cli.options import query_options, yes_option
from iop_cli.output import print_json, print_table, tell
from iop_director.safe_text import one_line
from iop_migrate import list_bindings, unregister_component


@click.group()
def bindings() -> None:
    """List or remove registered Python classes."""


@bindings.command(name="list")
@click.option("--unused", is_flag=True, help="Only those that no deployed production uses.")
@query_options
@pass_application
def list_command(
    application: Application, *, unused: bool, namespace: str | None, data_dir: Path | None, as_json: bool
) -> None:
    """List the registered Python components."""
    rows = list_bindings(unused, director=application.query(data_dir, namespace))
    if as_json:
        print_json(rows)
        return
    print_table(
        ("Class", "Python class", "Path", "Used by"),
        (
            (
                row["class"],
                f"{row['module']}.{row['classname']}",
                row["classpaths"],
                ", ".join(f"{user['production']}/{user['item']}" for user in row["used_by"]),
            )
            for row in rows
        ),
    )


@bindings.command(name="remove")
@click.argument("name", metavar="CLASS")
@yes_option
@query_options
@pass_application
def remove_command(
    application: Application, *, name: str, yes: bool, namespace: str | None, data_dir: Path | None, as_json: bool
) -> None:
    """Forget the registered class CLASS; its source stays.

    A class that an item of a deployed production uses is kept, and the items are named.
    """
    director = application.query(data_dir, namespace)
    if not yes and sys.stdin.isatty():
        click.confirm(f"Remove the binding {one_line(name)}?", abort=True, err=True)
    unregister_component(name, director=director)
    if as_json:
        print_json({"class": name, "result": "removed"})
    else:
        tell(f"Removed binding {name}.")
