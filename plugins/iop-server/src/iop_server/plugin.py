"""What iop-server offers: the commands ``iop serve`` and ``iop server``."""

from __future__ import annotations

from iop_core.commands import CommandEntry
from iop_core.hookspecs import hookimpl


@hookimpl
def iop_commands() -> list[CommandEntry]:
    """Offer ``iop serve`` and ``iop server``."""
    return [
        CommandEntry(
            "serve", "Let other machines and programs manage productions over HTTP.", "iop_server.commands.serve:serve"
        ),
        CommandEntry("server", "Look after the users of 'iop serve'.", "iop_server.commands.server:server"),
    ]
