"""``iop clean`` and ``iop recover``: deeds on a production that does not run."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from iop_cli.application import Application, pass_application
from iop_cli.options import query_options, yes_option
from iop_cli.output import print_json, tell
from iop_core.stopped_productions import CleanResult
from iop_director.records import status_to_dict

_actor = click.option("--actor", default="", metavar="NAME", help="Who does it; default: the user of this process.")
_reason = click.option("--reason", default="", metavar="TEXT", help="Why; kept in the audit.")


@click.command()
@click.option("--dry-run", is_flag=True, help="Only count.")
@yes_option
@_reason
@_actor
@query_options
@pass_application
def clean(
    application: Application,
    *,
    dry_run: bool,
    yes: bool,
    reason: str,
    actor: str,
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Have a stopped production forget what it was about to do; nothing is removed, and what waits is Discarded."""
    director = application.query(data_dir, namespace)
    if not dry_run and not yes and sys.stdin.isatty():
        counted = director.clean_production(dry_run=True)
        click.confirm(f"Discard {_counts(counted)}?", abort=True, err=True)
    result = director.clean_production(actor=actor, reason=reason, dry_run=dry_run)
    if as_json:
        print_json(asdict(result))
    else:
        tell(f"{'Would discard' if dry_run else 'Discarded'} {_counts(result)}; {result.suspended} are suspended.")


@click.command()
@_reason
@_actor
@query_options
@pass_application
def recover(
    application: Application, *, reason: str, actor: str, namespace: str | None, data_dir: Path | None, as_json: bool
) -> None:
    """Make a production Stopped that died without a stop; 'iop start' does that, too."""
    director = application.query(data_dir, namespace)
    director.recover_production(actor=actor, reason=reason)
    if as_json:
        print_json(status_to_dict(director.status()))
    else:
        tell(f"Production {director.status().production} is stopped; what it had in hand is handled after its start.")


def _counts(result: CleanResult) -> str:
    return f"{result.messages} waiting messages and {result.processes} process instances"
