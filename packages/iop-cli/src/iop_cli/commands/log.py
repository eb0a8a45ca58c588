"""``iop log``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from iop_cli.application import Application, pass_application
from iop_cli.options import query_options
from iop_cli.output import print_json, time_text
from iop_director.records import log_entry_to_dict, word_of
from iop_director.safe_text import one_line

if TYPE_CHECKING:
    from iop_core.events import LogEntry


@click.command()
@click.option("--item", metavar="ITEM", help="Only entries of that item.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Only the newest that many.")
@query_options
@pass_application
def log(
    application: Application,
    *,
    item: str | None,
    limit: int,
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Show the event log, oldest first."""
    entries = application.query(data_dir, namespace).log(item=item, limit=limit)
    if as_json:
        print_json([log_entry_to_dict(entry) for entry in entries])
        return
    for entry in entries:
        _print_entry(entry)


def _print_entry(entry: LogEntry) -> None:
    first, *others = entry.text.splitlines() or [""]
    origin = one_line(entry.item) or "engine"
    session = f" [{entry.session_id}/{entry.message_id}]" if entry.session_id else ""
    click.echo(f"{time_text(entry.time_logged)} {word_of(entry.type)} {origin}{session}: {one_line(first)}")
    for other in others:
        click.echo(f"    {one_line(other)}")
