"""``iop messages``: the list, and the group of what can be done to messages."""

from __future__ import annotations

from pathlib import Path

import click

from iop_cli.application import Application, pass_application
from iop_cli.commands import message_deeds, store_upkeep
from iop_cli.options import filter_options, query_options
from iop_cli.output import print_json, print_table, time_text
from iop_core.headers import MessageHeader
from iop_director.participants import short_class
from iop_director.records import header_to_dict, word_of

_COLUMNS = ("Id", "Session", "Created", "Type", "Status", "Source", "Target", "Class", "Error")


@click.group(invoke_without_command=True)
@click.option("--id", "message_id", metavar="ID", help="That one message.")
@filter_options
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Only the newest that many.")
@click.option("--count", "only_count", is_flag=True, help="Print how many match, regardless of --limit.")
@query_options
@pass_application
def messages(
    application: Application,
    /,
    *,
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
    only_count: bool,
    limit: int,
    **filters: object,
) -> None:
    """List or count messages, oldest first; or do something to them."""
    if click.get_current_context().invoked_subcommand is not None:
        return
    director = application.query(data_dir, namespace)
    if only_count:
        count = director.count_messages(**filters)
        if as_json:
            print_json({"count": count})
        else:
            click.echo(count)
        return
    headers = list(director.messages(**filters, limit=limit, newest_first=True))[::-1]
    if as_json:
        print_json([header_to_dict(header) for header in headers])
    else:
        print_table(_COLUMNS, map(_row, headers))


for _deed in (*message_deeds.COMMANDS, *store_upkeep.COMMANDS):
    messages.add_command(_deed)


def _row(header: MessageHeader) -> tuple[object, ...]:
    return (
        header.message_id,
        header.session_id,
        time_text(header.time_created),
        word_of(header.type),
        word_of(header.status),
        header.source,
        header.target,
        short_class(header.body_class),
        header.error or ("yes" if header.is_error else ""),
    )
