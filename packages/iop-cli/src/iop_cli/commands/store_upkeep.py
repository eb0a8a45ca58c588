"""``iop messages purge`` and ``iop messages index``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path

import click

from iop_cli.application import Application, pass_application
from iop_cli.exit_codes import ExitCode
from iop_cli.options import query_options
from iop_cli.output import print_json, time_text
from iop_cli.progress import busy
from iop_core.purging import ALL_PURGE_TYPES, DEFAULT_DAYS_TO_KEEP, PURGE_TYPES, PurgeResult

_actor = click.option("--actor", default="", metavar="NAME", help="Who does it; default: the user of this process.")
_reason = click.option("--reason", default="", metavar="TEXT", help="Why; kept in the audit.")


@click.command()
@click.option(
    "--days",
    type=click.IntRange(min=0),
    default=DEFAULT_DAYS_TO_KEEP,
    show_default=True,
    help="Days to keep; today counts as one.",
)
@click.option("--before", metavar="TIME", help="Instead of --days: what is older goes; ISO time, or an age such as 3d.")
@click.option(
    "--keep-errors",
    "keep_errors_days",
    type=click.IntRange(min=0),
    default=0,
    metavar="DAYS",
    help="Errors stay so long.",
)
@click.option("--item", "items", multiple=True, metavar="ITEM", help="Only what it sent, received or logged.")
@click.option(
    "--type", "types", multiple=True, type=click.Choice(ALL_PURGE_TYPES), help="Only these; default: all but audit."
)
@click.option("--keep-bodies", is_flag=True, help="Remove headers without their bodies.")
@click.option("--single-messages", is_flag=True, help="Judge each message by itself, also in sessions not over.")
@click.option("--dry-run", is_flag=True, help="Only count.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_reason
@_actor
@query_options
@pass_application
def purge(
    application: Application,
    /,
    *,
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
    days: int,
    before: str | None,
    keep_errors_days: int,
    items: tuple[str, ...],
    types: tuple[str, ...],
    keep_bodies: bool,
    single_messages: bool,
    dry_run: bool,
    yes: bool,
    reason: str,
    actor: str,
) -> None:
    """Remove old messages, with a proof that the audit keeps; messages go on meanwhile."""
    purge_with = partial(
        application.query(data_dir, namespace).purge,
        days_to_keep=days,
        before=before,
        keep_errors_days=keep_errors_days,
        keep_integrity=not single_messages,
        bodies_too=not keep_bodies,
        items=items,
        types=types or PURGE_TYPES,
        actor=actor,
        reason=reason,
    )
    if not dry_run and not yes and sys.stdin.isatty():
        with busy("Looking for what is old"):
            planned = purge_with(dry_run=True)
        _tell(planned, err=True)
        if not sum(planned.removed.values()):
            return
        click.confirm("Remove them?", abort=True, err=True)
    with busy("Looking for what is old" if dry_run else "Removing what is old"):
        result = purge_with(dry_run=dry_run)
    if as_json:
        print_json({**asdict(result), "limit": result.limit.isoformat()})
    else:
        _tell(result)
    if result.left:
        click.echo(f"{result.left} messages that should have gone are still there; purge again", err=True)
        raise click.exceptions.Exit(ExitCode.FAILED)


@click.command()
@click.argument("class_name", metavar="CLASS")
@click.option("--file", type=click.Path(path_type=Path), help="Settings file that loads the class, when nothing runs.")
@_reason
@_actor
@query_options
@pass_application
def index(
    application: Application,
    /,
    *,
    class_name: str,
    file: Path | None,
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
    reason: str,
    actor: str,
) -> None:
    """Make messages of CLASS (module.Class) searchable that were stored before it named fields to search for."""
    if file is not None:
        from iop_cli.production_source import read_settings

        read_settings(file)
    director = application.query(data_dir, namespace)
    with busy(f"Making messages of {class_name} searchable"):
        count = director.index_messages(class_name, actor=actor, reason=reason)
    if as_json:
        print_json({"class_name": class_name, "count": count})
    else:
        click.echo(f"{count} bodies of {class_name} can be searched")


def _tell(result: PurgeResult, *, err: bool = False) -> None:
    verb = "would be removed" if result.is_dry_run else "removed"
    click.echo(f"older than {time_text(result.limit)}: {verb}: {_counts(result.removed)}", err=err)
    if result.skipped_sessions:
        click.echo(f"  kept: {result.skipped_sessions} sessions that are old but not over", err=err)
    if result.kept_errors:
        click.echo(f"  kept: {result.kept_errors} messages with errors, which are kept longer", err=err)
    if not result.is_dry_run:
        click.echo(f"  left: {_counts(result.after)}", err=err)
        click.echo(f"  {result.freed_bytes / 1e6:.1f} MB given back in {result.seconds:.1f} s", err=err)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {table}" for table, count in counts.items() if count) or "nothing"


COMMANDS = (purge, index)
