"""Single items of the production that runs."""

from __future__ import annotations

from iop_server.call import Call
from iop_server.wire import ComponentName


def start(call: Call, given: ComponentName) -> dict[str, object]:
    """Start an item; answers when it is ready."""
    call.director.start_component(given.component, actor=call.user.name, reason=call.reason)
    return {"status": "started", "component": given.component}


def stop(call: Call, given: ComponentName) -> dict[str, object]:
    """Stop an item; its queue goes on taking messages."""
    call.director.stop_component(given.component, actor=call.user.name, reason=call.reason)
    return {"status": "stopped", "component": given.component}


def restart(call: Call, given: ComponentName) -> dict[str, object]:
    """Stop an item and start it."""
    call.director.restart_component(given.component, actor=call.user.name, reason=call.reason)
    return {"status": "restarted", "component": given.component}
