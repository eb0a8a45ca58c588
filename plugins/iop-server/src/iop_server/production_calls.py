"""Whole productions: what runs, starting it and stopping it."""

from __future__ import annotations

from iop_core.errors import BackendUnavailableError, ConfigurationError
from iop_director import life_cycle
from iop_director.deployed_calls import NOT_DEFINED
from iop_server.__about__ import __version__
from iop_server.call import Call
from iop_server.refusals import RefusedRequestError
from iop_server.wire import Nothing, ProductionName

API_VERSION = "1.0.0"


def version(_call: Call, _given: Nothing) -> dict[str, object]:
    """Return the version of the API."""
    return {"version": API_VERSION, "description": "Interoperability on Python, REST API v1", "server": __version__}


def status(call: Call, _given: Nothing) -> dict[str, object]:
    """Return what runs, or ran last."""
    try:
        found = call.director.status()
    except BackendUnavailableError:
        return {"production": "", "status": "stopped"}  # nothing ever ran
    return {"production": found.production, "status": found.state.lower()}


def list_productions(call: Call, _given: Nothing) -> dict[str, object]:
    """Return the productions that are deployed, run, or ran last."""
    found: dict[str, object] = {}
    for name, said in call.director.list_productions().items():
        state, since = str(said["Status"]).title(), str(said.get("Since") or "")
        is_up = state in ("Running", "Suspended")
        found[name] = {
            "Status": state,
            "LastStartTime": since if is_up else "",
            "LastStopTime": "" if is_up else since,
            "AutoStart": 0,
        }
    return found


def default(call: Call, _given: Nothing) -> dict[str, object]:
    """Return the default production; an empty name when there is none."""
    name = call.director.get_default_production()
    return {"production": "" if name == NOT_DEFINED else name}


def set_default(call: Call, given: ProductionName) -> dict[str, object]:
    """Choose the default production; an empty name: none."""
    deployments = call.director.backend.deployments()
    deployments.set_default_production(given.production, actor=call.user.name, reason=call.reason)
    return {"production": deployments.default_production()}


def start(call: Call, given: ProductionName) -> dict[str, object]:
    """Start a production in a process of its own; answers when it is ready."""
    backend = call.director.backend
    try:
        order = life_cycle.order_for(backend, given.production or None)
    except ConfigurationError as exc:
        status, code = (404, "not-found") if given.production else (409, "no-default")
        raise RefusedRequestError(status, code, str(exc)) from exc
    running = life_cycle.start(backend, order)
    return {"status": "started", "production": running.status().production}


def stop(call: Call, _given: Nothing) -> dict[str, object]:
    """Stop what runs; what is not handled stays stored."""
    call.director.stop_production(actor=call.user.name, reason=call.reason)
    return {"status": "stopped"}


def kill(call: Call, _given: Nothing) -> dict[str, object]:
    """Stop what runs, and end its process if that takes more than ten seconds."""
    call.director.shutdown_production(actor=call.user.name, reason=call.reason)
    return {"status": "killed"}


def restart(call: Call, _given: Nothing) -> dict[str, object]:
    """Stop what runs and start it as it was started."""
    call.director.restart_production(actor=call.user.name, reason=call.reason)
    return {"status": "restarted"}


def update(call: Call, _given: Nothing) -> dict[str, object]:
    """Have what runs take over what is deployed, or what its file says now."""
    result = call.director.update_production(actor=call.user.name, reason=call.reason)
    return {
        "status": "updated",
        "added": list(result.added),
        "removed": list(result.removed),
        "restarted": list(result.restarted),
        "failed": dict(result.failed),
    }
