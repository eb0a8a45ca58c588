"""``iop queue``."""

from __future__ import annotations

from pathlib import Path

import click

from iop_cli.application import Application, pass_application
from iop_cli.options import query_options
from iop_cli.output import print_json, print_table, time_text
from iop_director.records import queue_to_dict


@click.command()
@query_options
@pass_application
def queue(application: Application, *, namespace: str | None, data_dir: Path | None, as_json: bool) -> None:
    """Show what waits in the queues."""
    queues = application.query(data_dir, namespace).queues()
    if as_json:
        print_json([queue_to_dict(one) for one in queues])
    else:
        print_table(("Queue", "Count", "Oldest"), ((one.name, one.count, time_text(one.oldest)) for one in queues))
