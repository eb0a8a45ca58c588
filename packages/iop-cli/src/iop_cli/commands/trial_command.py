"""``iop test``."""

from __future__ import annotations

import click

from iop_cli.application import Application, pass_application
from iop_cli.completion import items
from iop_cli.options import query_options
from iop_cli.trial import trial_options, try_component


@click.command("test")
@click.argument("name", shell_complete=items)
@trial_options
@query_options
@pass_application
def test_command(application: Application, /, *, name: str, **options: object) -> None:
    """Send a test message to the item NAME and show its reply; the same as 'iop component test'."""
    try_component(application, name, **options)
