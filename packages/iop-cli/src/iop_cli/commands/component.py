"""``iop component``: single items of the production that runs."""

from __future__ import annotations

from pathlib import Path

import click

from iop_cli.application import Application, pass_application
from iop_cli.completion import items
from iop_cli.options import query_options
from iop_cli.output import print_json, print_table, tell
from iop_cli.trial import trial_options, try_component
from iop_director.records import item_to_dict


@click.group()
def component() -> None:
    """Look at single items of the production that runs, and stop and start them."""


@component.command("list")
@query_options
@pass_application
def list_items(application: Application, *, namespace: str | None, data_dir: Path | None, as_json: bool) -> None:
    """Show what each item does."""
    found = application.query(data_dir, namespace).items()
    if as_json:
        print_json([item_to_dict(item) for item in found])
    else:
        rows = ((i.name, i.kind, i.state.value, i.queue_count, i.handled, i.errors, i.reason) for i in found)
        print_table(("Item", "Kind", "State", "Queued", "Handled", "Errors", "Reason"), rows)


@component.command()
@click.argument("name", shell_complete=items)
@query_options
@pass_application
def start(application: Application, *, name: str, namespace: str | None, data_dir: Path | None, as_json: bool) -> None:
    """Start the item NAME."""
    application.query(data_dir, namespace).start_component(name)
    _tell(name, "started", as_json=as_json)


@component.command()
@click.argument("name", shell_complete=items)
@query_options
@pass_application
def stop(application: Application, *, name: str, namespace: str | None, data_dir: Path | None, as_json: bool) -> None:
    """Stop the item NAME; its queue goes on taking messages."""
    application.query(data_dir, namespace).stop_component(name)
    _tell(name, "stopped", as_json=as_json)


@component.command()
@click.argument("name", shell_complete=items)
@query_options
@pass_application
def restart(
    application: Application, *, name: str, namespace: str | None, data_dir: Path | None, as_json: bool
) -> None:
    """Stop the item NAME and start it."""
    application.query(data_dir, namespace).restart_component(name)
    _tell(name, "restarted", as_json=as_json)


@component.command("test")
@click.argument("name", shell_complete=items)
@trial_options
@query_options
@pass_application
def test_item(application: Application, /, *, name: str, **options: object) -> None:
    """Send a test message to the item NAME and show its reply."""
    try_component(application, name, **options)


def _tell(name: str, deed: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"component": name, "result": deed})
    else:
        tell(f"{name} {deed}.")
