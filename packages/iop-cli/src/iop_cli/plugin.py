"""The sub-commands that iop-command itself offers."""

from __future__ import annotations

from iop_core.commands import CommandEntry
from iop_core.hookspecs import hookimpl

_SUMMARIES = {
    "check": "Look for mistakes in productions without running them.",
    "export": "Write a production in another format.",
    "graph": "Show the items of a production and the routes between them.",
    "bindings": "List or remove registered Python classes.",
    "log": "Show the event log.",
    "messages": "List or count messages.",
    "migrate": "Deploy what a settings file holds.",
    "plugins": "List the installed plug-ins.",
    "queue": "Show what waits in the queues.",
    "run": "Run a production in the foreground.",
    "status": "Show what runs, or ran last.",
    "trace": "Show all messages of a session.",
}


@hookimpl
def iop_commands() -> list[CommandEntry]:
    """Offer the commands in ``iop_cli.commands``, one module each."""
    return [CommandEntry(name, summary, f"iop_cli.commands.{name}:{name}") for name, summary in _SUMMARIES.items()]
