"""``iop log``."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypedDict

import click

from iop_cli.application import Application, pass_application
from iop_cli.completion import items
from iop_cli.options import query_options
from iop_cli.output import print_json
from iop_core.errors import ConfigurationError
from iop_director.event_log import Entry, entry_in_columns, follow_log, format_entry
from iop_director.io_log import format_io_entry
from iop_director.log_filters import log_filter
from iop_director.records import io_entry_to_dict, log_entry_to_dict

_LEVELS = ("trace", "info", "warning", "error", "alert")


class _How(TypedDict):
    since_id: int
    limit: int
    follow: bool
    as_json: bool


@click.command()
@click.option("--item", metavar="ITEM", shell_complete=items, help="Only entries of that item.")
@click.option("--level", type=click.Choice(_LEVELS), help="Only entries that are at least so serious.")
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Only entries of that type, such as Alert.")
@click.option("--text", metavar="TEXT", help="Only entries with this text in them.")
@click.option("--session", metavar="ID", help="Only entries of that session.")
@click.option("--since", metavar="TIME", help="ISO time, or an age such as 10m, 2h, 3d.")
@click.option("--since-id", type=click.IntRange(min=0), default=0, metavar="ID", help="Only entries after that one.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Only the newest that many.")
@click.option("--follow", is_flag=True, help="Go on with each new entry, until Ctrl-C; with --json one in a line.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["lines", "columns"]),
    default="lines",
    show_default=True,
    help="columns: time, type, item, job, message, session, class, method and text, with one blank between them.",
)
@click.option("--io", is_flag=True, help="Show instead what items with ArchiveIO exchanged with the outside.")
@query_options
@pass_application
def log(
    application: Application,
    /,
    *,
    item: str | None,
    since_id: int,
    limit: int,
    follow: bool,
    form: str,
    io: bool,
    types: tuple[str, ...],
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
    **filters: str | None,
) -> None:
    """Show the event log, oldest first."""
    if io and form != "lines":
        raise click.UsageError("--io has no columns; leave out --format")
    narrower: dict[str, Any] = {name: value for name, value in filters.items() if value is not None}
    if types:
        narrower["type"] = types
    director = application.query(data_dir, namespace)
    how: _How = {"since_id": since_id, "limit": limit, "follow": follow, "as_json": as_json}
    if not io:
        to_text = entry_in_columns if form == "columns" else format_entry
        _show(partial(director.log, item=item, **narrower), to_text, log_entry_to_dict, **how)
        return
    session = narrower.pop("session", None)
    if narrower:
        raise ConfigurationError(
            f"--io cannot be narrowed by {', '.join(sorted(narrower))}; it takes --item, --session, --since-id and "
            "--limit"
        )
    wanted = log_filter(session=session).session_id
    _show(partial(director.io_log, item=item, session_id=wanted), format_io_entry, io_entry_to_dict, **how)


def _show(
    read: Callable[..., list[Entry]],
    to_text: Callable[[Entry], str],
    to_dict: Callable[[Entry], dict[str, object]],
    *,
    since_id: int,
    limit: int,
    follow: bool,
    as_json: bool,
) -> None:
    if follow:
        for entry in follow_log(read, first=limit):
            click.echo(json.dumps(to_dict(entry), ensure_ascii=False) if as_json else to_text(entry))
        return
    entries = read(since_id=since_id, limit=limit)
    if as_json:
        print_json([to_dict(entry) for entry in entries])
        return
    for entry in entries:
        click.echo(to_text(entry))
