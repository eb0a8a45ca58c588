"""``iop log``."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import click

from iop_cli.application import Application, pass_application
from iop_cli.options import query_options
from iop_cli.output import print_json
from iop_director.event_log import follow_log, format_entry
from iop_director.records import log_entry_to_dict

_LEVELS = ("trace", "info", "warning", "error", "alert")


@click.command()
@click.option("--item", metavar="ITEM", help="Only entries of that item.")
@click.option("--level", type=click.Choice(_LEVELS), help="Only entries that are at least so serious.")
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Only entries of that type, such as Alert.")
@click.option("--text", metavar="TEXT", help="Only entries with this text in them.")
@click.option("--session", metavar="ID", help="Only entries of that session.")
@click.option("--since", metavar="TIME", help="ISO time, or an age such as 10m, 2h, 3d.")
@click.option("--since-id", type=click.IntRange(min=0), default=0, metavar="ID", help="Only entries after that one.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Only the newest that many.")
@click.option("--follow", is_flag=True, help="Go on with each new entry, until Ctrl-C; with --json one in a line.")
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
    types: tuple[str, ...],
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
    **filters: str | None,
) -> None:
    """Show the event log, oldest first."""
    narrower: dict[str, Any] = {name: value for name, value in filters.items() if value is not None}
    if types:
        narrower["type"] = types
    director = application.query(data_dir, namespace)
    if not follow:
        entries = director.log(since_id=since_id, item=item, limit=limit, **narrower)
        if as_json:
            print_json([log_entry_to_dict(entry) for entry in entries])
        for entry in () if as_json else entries:
            click.echo(format_entry(entry))
        return
    for entry in follow_log(partial(director.log, item=item, **narrower), first=limit):
        click.echo(json.dumps(log_entry_to_dict(entry), ensure_ascii=False) if as_json else format_entry(entry))
