"""``iop migrate``."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path

import click

from iop_cli.application import Application, pass_application
from iop_cli.options import data_dir_option, json_option, namespace_option
from iop_cli.output import print_json
from iop_cli.progress import busy
from iop_director.safe_text import one_line
from iop_migrate import migrate as migrate_file


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check and show the plan, and write nothing.")
@click.option("--ask-server", is_flag=True, help="With --dry-run: have the server check the project, too.")
@click.option("--strict", is_flag=True, help="Refuse productions with validation issues.")
@click.option("--reason", metavar="TEXT", help="Why, for the list of changes.")
@namespace_option
@data_dir_option("REMOTE_SETTINGS of FILE, else .iop below the current directory")
@json_option
@pass_application
def migrate(
    application: Application,
    *,
    file: Path,
    dry_run: bool,
    ask_server: bool,
    strict: bool,
    reason: str | None,
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Deploy what FILE.py holds: classes, schemas and productions.

    All of the file is checked first; then everything is written, or nothing. What is
    deployed already is not written again.
    """
    is_named = data_dir is not None or application.names_a_place
    director = application.query(data_dir, namespace) if is_named else None
    # What the file itself prints is no part of the plan.
    with redirect_stdout(sys.stderr), busy(f"Migrating {file.name}"):
        result = migrate_file(
            file,
            director=director,
            namespace=namespace,
            dry_run=dry_run,
            ask_server=ask_server,
            strict=strict,
            reason=reason,
            plugins=application.plugins,
        )
    if as_json:
        print_json(result.to_dict())
        return
    for line in str(result.plan).splitlines():
        click.echo(one_line(line))
    click.echo("\nCHANGES:")
    for change in result.changes or ("none",):
        click.echo(f"  {one_line(change)}")
    click.echo(f"\n{one_line(result.summary())}")
