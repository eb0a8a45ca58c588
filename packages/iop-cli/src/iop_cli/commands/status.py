"""``iop status``."""

from __future__ import annotations

from pathlib import Path

import click

from iop_cli.application import Application, pass_application
from iop_cli.options import query_options
from iop_cli.output import print_json, time_text
from iop_director.records import status_to_dict
from iop_director.safe_text import one_line


@click.command()
@query_options
@pass_application
def status(application: Application, *, namespace: str | None, data_dir: Path | None, as_json: bool) -> None:
    """Show what runs, or ran last."""
    state = application.query(data_dir, namespace).status()
    record = status_to_dict(state)
    if as_json:
        print_json(record)
        return
    del record["NeedsUpdate"]
    message = record.pop("UpdateMessage", "")
    record["Update"] = message and f"needed ('iop update'): {message}"
    record["Since"] = time_text(state.since)
    for name, value in record.items():
        if value:
            click.echo(f"{name + ':':<12}{one_line(str(value))}")
