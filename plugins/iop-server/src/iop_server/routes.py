"""The table of routes: what can be asked, and which role it needs at least."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iop_server import (
    atelier_calls,
    binding_calls,
    component_calls,
    log_calls,
    production_calls,
    structure_calls,
    trial_calls,
    upload_calls,
    wire,
)
from iop_server.call import Call
from iop_server.roles import Role

if TYPE_CHECKING:
    from pydantic import BaseModel

BASES = ("/api/iop", "/api/iop/v1")
ATELIER = ("/api/atelier/v1",)


@dataclass(frozen=True, slots=True)
class Route:
    """One thing that can be asked.

    Attributes:
        method: HTTP method.
        path: Path below each base.
        role: The least role that may ask.
        answer: Answers a call; its docstring describes the route.
        reply: Type of the answer.
        query: What can stand in the query or path; of a route without a body.
        body: What can stand in the body; None for a route without one.
        deed: What it changes, in words, for the audit; empty for a route that only looks.
        subject: Field of the query or body that names what is changed.
        bases: What stands before the path.
        is_upload: Whether it takes code, which has to be allowed and may be larger than other bodies.
    """

    method: str
    path: str
    role: Role
    answer: Callable[[Call, Any], object]
    reply: Any
    query: type[BaseModel] = wire.Nothing
    body: type[BaseModel] | None = None
    deed: str = ""
    subject: str = ""
    bases: tuple[str, ...] = BASES
    is_upload: bool = False


def _look(path: str, answer: Callable[[Call, Any], object], reply: Any, query: type[BaseModel] = wire.Nothing) -> Route:
    return Route("GET", path, Role.VIEWER, answer, reply, query)


def _operate(path: str, answer: Callable[[Call, Any], object], reply: Any, body: type[BaseModel], deed: str) -> Route:
    subject = next(iter(body.model_fields), "")
    return Route("POST", path, Role.OPERATOR, answer, reply, body=body, deed=deed, subject=subject)


ROUTES: tuple[Route, ...] = (
    _look("/version", production_calls.version, wire.Version),
    _look("/status", production_calls.status, wire.Status),
    _look("/list", production_calls.list_productions, dict[str, wire.Listed]),
    _look("/default", production_calls.default, wire.Production),
    _look("/bindings", binding_calls.bindings, list[wire.Binding], wire.BindingChoice),
    _look("/log", log_calls.log, list[wire.LogLine], wire.LogRange),
    _look("/export", structure_calls.export, dict[str, Any], wire.ProductionName),
    _look("/connections", structure_calls.connections, wire.Connections, wire.ProductionName),
    _look("/queues", structure_calls.queues, wire.Queues, wire.ProductionName),
    _operate("/start", production_calls.start, wire.Started, wire.ProductionName, "start production"),
    _operate("/stop", production_calls.stop, wire.Done, wire.Nothing, "stop production"),
    _operate("/kill", production_calls.kill, wire.Done, wire.Nothing, "kill production"),
    _operate("/restart", production_calls.restart, wire.Done, wire.Nothing, "restart production"),
    _operate("/update", production_calls.update, wire.Updated, wire.Nothing, "update production"),
    _operate("/component/start", component_calls.start, wire.ComponentDone, wire.ComponentName, "start component"),
    _operate("/component/stop", component_calls.stop, wire.ComponentDone, wire.ComponentName, "stop component"),
    _operate(
        "/component/restart", component_calls.restart, wire.ComponentDone, wire.ComponentName, "restart component"
    ),
    _operate("/test", trial_calls.send_test, wire.TrialReply, wire.TrialOrder, "send test message"),
    Route(
        "PUT",
        "/default",
        Role.DEPLOYER,
        production_calls.set_default,
        wire.Production,
        body=wire.ProductionName,
        deed="set default production",
        subject="production",
    ),
    Route(
        "DELETE",
        "/binding",
        Role.DEPLOYER,
        binding_calls.unbind,
        wire.Unbound,
        wire.BindingName,
        deed="unbind class",
        subject="class_name",
    ),
    Route(
        "PUT",
        "/migrate",
        Role.DEPLOYER,
        upload_calls.migrate,
        wire.Migrated,
        body=wire.Upload,
        deed="migrate",
        subject="package",
        is_upload=True,
    ),
    Route(
        "PUT",
        "/{space}/doc/{name}",
        Role.DEPLOYER,
        atelier_calls.put_document,
        wire.AtelierAnswer,
        wire.Document,
        bases=ATELIER,
    ),
    Route(
        "POST",
        "/{space}/action/compile",
        Role.DEPLOYER,
        atelier_calls.compile_documents,
        wire.AtelierAnswer,
        wire.Space,
        bases=ATELIER,
    ),
)
