"""``iop queue``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from iop_cli.application import Application, pass_application
from iop_cli.completion import productions
from iop_cli.options import query_options
from iop_cli.output import print_json, print_table, time_text
from iop_cli.production_source import production_name
from iop_director import Director
from iop_director.records import queue_to_dict


@click.command()
@click.argument("name", metavar="[PRODUCTION]", required=False, shell_complete=productions)
@click.option("--default", "is_default", is_flag=True, help="The queues of the default production.")
@query_options
@pass_application
def queue(
    application: Application,
    *,
    name: str | None,
    is_default: bool,
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Show what waits in the queues: in all that hold messages, or in those of all items of a PRODUCTION."""
    director = application.query(data_dir, namespace)
    if name is not None or is_default:
        _show_items(director, production_name(director, name), as_json=as_json)
        return
    queues = director.queues()
    if as_json:
        print_json([queue_to_dict(one) for one in queues])
    else:
        print_table(("Queue", "Count", "Oldest"), ((one.name, one.count, time_text(one.oldest)) for one in queues))


def _show_items(director: Director, production: str, *, as_json: bool) -> None:
    info: dict[str, Any] = {"production": production, "items": [], "warnings": []}
    info |= director.export_production_queue_info(production)
    if as_json:
        print_json(info)
    else:
        rows = ((one["item"], one.get("queue_name", ""), int(one.get("count") or 0)) for one in info["items"])
        print_table(("Item", "Queue", "Count"), rows)
