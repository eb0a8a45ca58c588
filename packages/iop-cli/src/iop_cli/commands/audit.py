"""``iop audit``: what operators did, and whether that record is as it was written."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from iop_cli.application import Application, pass_application
from iop_cli.exit_codes import ExitCode
from iop_cli.options import query_options
from iop_cli.output import print_json, print_table, time_text
from iop_core.audit import AuditEntry
from iop_director.records import audit_entry_to_dict
from iop_director.safe_text import one_line

_COLUMNS = ("Id", "Time", "Actor", "Deed", "To", "Counts", "Reason")
# A deed may name thousands of messages; --json shows all.
_MOST_CHARACTERS = 60


@click.group(invoke_without_command=True)
@click.option("--since-id", type=click.IntRange(min=0), default=0, metavar="ID", help="Only deeds after that one.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Only the newest that many.")
@query_options
@pass_application
def audit(
    application: Application,
    /,
    *,
    since_id: int,
    limit: int,
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Show what operators did to messages, items and the store, oldest first."""
    if click.get_current_context().invoked_subcommand is not None:
        return
    entries = application.query(data_dir, namespace).audit(since_id=since_id, limit=limit)
    if as_json:
        print_json([audit_entry_to_dict(entry) for entry in entries])
    else:
        print_table(_COLUMNS, map(_row, entries))


@audit.command()
@click.option(
    "--checkpoint",
    "checkpoints",
    multiple=True,
    metavar="ID:HASH",
    help="What an earlier check printed, kept elsewhere: finds an audit that was written anew.",
)
@query_options
@pass_application
def verify(
    application: Application,
    /,
    *,
    checkpoints: tuple[str, ...],
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Say whether the audit is as it was written, or which entry is the first that is wrong."""
    found = application.query(data_dir, namespace).check_audit(dict(map(_checkpoint, checkpoints)))
    if as_json:
        print_json({**asdict(found), "is_sound": found.is_sound})
    elif found.is_sound:
        purged = f" (those up to {found.purged_up_to} were purged)" if found.purged_up_to else ""
        click.echo(f"{found.entries} entries are as they were written{purged}; checkpoint:")
        click.echo(f"{found.last_id}:{found.last_hash}")
    else:
        click.echo(f"entry {found.broken_id} is wrong: {one_line(found.reason)}")
    if not found.is_sound:
        raise click.exceptions.Exit(ExitCode.FAILED)


def _checkpoint(text: str) -> tuple[int, str]:
    entry_id, _, entry_hash = text.partition(":")
    if not entry_id.isdecimal() or not entry_hash:
        raise click.UsageError(f"--checkpoint: {text!r} is not ID:HASH, as 'iop audit verify' prints it")
    return int(entry_id), entry_hash.strip()


def _row(entry: AuditEntry) -> tuple[object, ...]:
    when = time_text(entry.time_done)[:19]
    to, counts = _cut(entry.selection), _cut(entry.counts)
    return entry.entry_id, when, entry.actor, entry.action, to, counts, entry.reason


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}..."
