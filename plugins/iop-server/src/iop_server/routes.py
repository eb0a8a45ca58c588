"""The table of routes: what can be asked, and which role it needs at least."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from iop_server import production_calls, wire
from iop_server.call import Call
from iop_server.roles import Role


@dataclass(frozen=True, slots=True)
class Route:
    """One thing that can be asked.

    Attributes:
        method: HTTP method.
        path: Path below ``/api/iop`` and ``/api/iop/v1``.
        role: The least role that may ask.
        answer: Answers a call; its docstring describes the route.
        reply: Type of the answer.
        query: What can stand in the query.
        body: What can stand in the body; None for a route without one.
        deed: What it changes, in words, for the audit; empty for a route that only looks.
        subject: Field of the query or body that names what is changed.
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


_VIEWER, _OPERATOR, _DEPLOYER = Role.VIEWER, Role.OPERATOR, Role.DEPLOYER

ROUTES: tuple[Route, ...] = (
    Route("GET", "/version", _VIEWER, production_calls.version, wire.Version),
    Route("GET", "/status", _VIEWER, production_calls.status, wire.Status),
    Route("GET", "/default", _VIEWER, production_calls.default, wire.Production),
    Route(
        "PUT", "/default", _DEPLOYER, production_calls.set_default, wire.Production, body=wire.ProductionName,
        deed="set default production", subject="production",
    ),
    Route(
        "POST", "/start", _OPERATOR, production_calls.start, wire.Started, body=wire.ProductionName,
        deed="start production", subject="production",
    ),
    Route("POST", "/stop", _OPERATOR, production_calls.stop, wire.Done, body=wire.Nothing, deed="stop production"),
    Route("POST", "/kill", _OPERATOR, production_calls.kill, wire.Done, body=wire.Nothing, deed="kill production"),
    Route("POST", "/restart", _OPERATOR, production_calls.restart, wire.Done, body=wire.Nothing, deed="restart production"),
)  # fmt: skip
