"""``iop processes``."""

from __future__ import annotations

from pathlib import Path

import click

from iop_cli.application import Application, pass_application
from iop_cli.options import query_options
from iop_cli.output import print_json, print_table, time_text
from iop_core.process_instances import ProcessInstanceStatus
from iop_director.records import process_to_dict

_COLUMNS = ("Id", "Item", "Session", "State", "Waits for", "Created", "Completed", "Error")


@click.command()
@click.option("--item", help="Only instances of that process.")
@click.option("--session", "session_id", type=click.IntRange(min=1), metavar="ID", help="Only those of that session.")
@click.option(
    "--open/--completed", "is_open", default=None, help="Only those that go on, or only those that have ended."
)
@click.option("--since-id", type=click.IntRange(min=0), default=0, metavar="ID", help="Only those with higher ids.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Only the newest that many.")
@query_options
@pass_application
def processes(
    application: Application,
    *,
    item: str | None,
    session_id: int | None,
    is_open: bool | None,
    since_id: int,
    limit: int,
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """List the instances of processes, oldest first; the id of one is that of the message it was made for."""
    found = application.query(data_dir, namespace).processes(
        item=item,
        session_id=session_id,
        is_completed=None if is_open is None else not is_open,
        since_id=since_id,
        limit=limit,
    )
    if as_json:
        print_json([process_to_dict(each) for each in found])
    else:
        print_table(_COLUMNS, map(_row, found))


def _row(process: ProcessInstanceStatus) -> tuple[object, ...]:
    state = "completed" if process.is_completed else "open"
    times = time_text(process.time_created), time_text(process.time_completed)
    return process.process_id, process.item, process.session_id, state, process.pending, *times, process.error
