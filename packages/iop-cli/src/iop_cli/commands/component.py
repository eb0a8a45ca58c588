"""``iop component``: single items of the production that runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from iop_cli.application import Application, pass_application
from iop_cli.completion import items
from iop_cli.options import query_options, who_options
from iop_cli.output import print_json, print_table, tell
from iop_cli.trial import trial_options, try_component
from iop_director import Director
from iop_director.records import item_to_dict

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _deed_options(function: _Function) -> _Function:
    decorated: _Function = click.argument("name", shell_complete=items)(who_options(query_options(function)))
    return decorated


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
@_deed_options
@pass_application
def start(application: Application, /, **options: Any) -> None:
    """Start the item NAME."""
    _do(application, lambda director: director.start_component, "started", **options)


@component.command()
@_deed_options
@pass_application
def stop(application: Application, /, **options: Any) -> None:
    """Stop the item NAME; its queue goes on taking messages."""
    _do(application, lambda director: director.stop_component, "stopped", **options)


@component.command()
@_deed_options
@pass_application
def restart(application: Application, /, **options: Any) -> None:
    """Stop the item NAME and start it."""
    _do(application, lambda director: director.restart_component, "restarted", **options)


@component.command()
@_deed_options
@pass_application
def enable(application: Application, /, **options: Any) -> None:
    """Have the item NAME run, now and after later starts of the production."""
    _do(application, lambda director: director.connect().enable, "enabled", **options)


@component.command()
@_deed_options
@pass_application
def disable(application: Application, /, **options: Any) -> None:
    """Have the item NAME not run, now and after later starts, until it is enabled."""
    _do(application, lambda director: director.connect().disable, "disabled", **options)


@component.command("test")
@click.argument("name", shell_complete=items)
@trial_options
@query_options
@pass_application
def test_item(application: Application, /, *, name: str, **options: object) -> None:
    """Send a test message to the item NAME and show its reply."""
    try_component(application, name, **options)


def _do(
    application: Application,
    deed_of: Callable[[Director], Callable[..., None]],
    done: str,
    *,
    name: str,
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
    **who: str,
) -> None:
    """Do something to an item, with the actor and the reason, and tell."""
    deed_of(application.query(data_dir, namespace))(name, **who)
    if as_json:
        print_json({"component": name, "result": done})
    else:
        tell(f"{name} {done}.")
