"""The sub-commands that iop-command itself offers."""

from __future__ import annotations

from iop_core.commands import CommandEntry
from iop_core.hookspecs import hookimpl

# Where a command is not in the module of its name.
_LOCATIONS = {
    "clean": "stopped:clean",
    "default": "productions:default",
    "kill": "control:kill",
    "list": "productions:list_productions",
    "recover": "stopped:recover",
    "restart": "control:restart",
    "start": "start:start_command",
    "stop": "control:stop",
    "test": "trial_command:test_command",
    "update": "control:update",
}

SUMMARIES = {
    "audit": "Show what operators did, and whether that record is whole.",
    "check": "Look for mistakes in productions without running them.",
    "doctor": "Find out what is wrong with this installation and its data, and how to repair it.",
    "export": "Write a production in another format.",
    "graph": "Show the items of a production and the routes between them.",
    "bindings": "List or remove registered Python classes.",
    "clean": "Have a stopped production forget what it was about to do.",
    "component": "Look at single items, stop and start them.",
    "completion": "Print the script that lets a shell complete commands and names.",
    "default": "Show or choose the default production.",
    "dev": "Run a production and take over changes of its code.",
    "guidance": "Tell coding agents how to work on productions.",
    "init": "Prepare a place for IoP, such as an IRIS.",
    "kill": "Stop what runs, by force if need be.",
    "list": "List productions.",
    "log": "Show the event log.",
    "messages": "List or count messages.",
    "migrate": "Deploy what a settings file holds.",
    "new": "Make a project with a production, tests and CI.",
    "plan": "Change what is deployed in steps that are reviewed first and can be taken back.",
    "plugins": "List the installed plug-ins.",
    "processes": "List the instances of processes.",
    "queue": "Show what waits in the queues.",
    "recover": "Make a production stopped that died.",
    "restart": "Stop what runs and start it again.",
    "run": "Run a production in the foreground.",
    "settings": "Show and change default settings; say where values come from.",
    "start": "Start a production in a process of its own.",
    "status": "Show what runs, or ran last.",
    "stop": "Stop what runs.",
    "test": "Send a test message to an item.",
    "trace": "Show all messages of a session.",
    "update": "Have what runs take over changes.",
}


@hookimpl
def iop_commands() -> list[CommandEntry]:
    """Offer the commands in ``iop_cli.commands``."""
    return [
        CommandEntry(name, summary, f"iop_cli.commands.{_LOCATIONS.get(name, f'{name}:{name}')}")
        for name, summary in SUMMARIES.items()
    ]
