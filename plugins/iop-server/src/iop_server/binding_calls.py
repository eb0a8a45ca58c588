"""Registered Python classes."""

from __future__ import annotations

from iop_migrate import list_bindings
from iop_server.call import Call
from iop_server.wire import BindingChoice, BindingName


def bindings(call: Call, given: BindingChoice) -> object:
    """Return the registered classes, and which items have them."""
    return list_bindings(given.unused, director=call.director)


def unbind(call: Call, given: BindingName) -> dict[str, object]:
    """Forget a registered class; its source stays. One that items have is kept."""
    deployments = call.director.backend.deployments()
    deployments.unregister_component(given.class_name.strip(), actor=call.user.name, reason=call.reason)
    return {"status": "unbound", "class": given.class_name}
