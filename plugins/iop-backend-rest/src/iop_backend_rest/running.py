"""The production that runs on a server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

from iop_backend_rest.answers import object_of, rows_of
from iop_backend_rest.connection import Connection
from iop_backend_rest.log_reading import read_log
from iop_backend_rest.records import NOT_DEFINED, queue_of, status_of
from iop_backend_rest.unsupported import unsupported
from iop_core.backends import RunningProduction, StoredReply
from iop_core.bodies import BodyCodec
from iop_core.errors import RequestTimeoutError, SerializationError, UnknownItemError
from iop_core.events import EVERY_ENTRY, LogEntry, LogFilter, ProductionStatus, QueueStatus
from iop_core.headers import EMPTY_BODY, Body
from iop_core.item_control import UpdateResult
from iop_core.reply_messages import PartialBody, message_of
from iop_core.server_errors import ServerError

# On top of how long a reply may take: the request itself, and starting what handles it.
_MARGIN_SECONDS = 10.0
_JSON = "json"


class RestProduction:
    """Implements what the REST API v1 can do of ``RunningProduction``; all else says that it cannot.

    The server writes down who is logged in, not ``actor``.

    Args:
        connection: To the server.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Callable[..., object]:
        if name.startswith("_") or name not in dir(RunningProduction):
            raise AttributeError(f"a production on a server has no {name!r}")

        def refuse(*_: object, **__: object) -> object:
            raise unsupported(_WORDS.get(name, name.replace("_", " ")))

        return refuse

    def status(self) -> ProductionStatus:
        """Return what runs, or the default production when the server names none."""
        said = object_of(self._connection.get("/status"), "the status")
        name = said.get("production") or said.get("Production") or default_production(self._connection)
        return status_of(
            said, production=str(name), namespace=self._connection.namespace, location=self._connection.url
        )

    def queues(self) -> list[QueueStatus]:
        """Return the queues of the production that hold messages, by name."""
        rows = queue_rows(self._connection, self.status().production)
        return sorted((queue for row in rows if (queue := queue_of(row)).count), key=lambda queue: queue.name)

    def log(
        self,
        *,
        since_id: int = 0,
        item: str | None = None,
        limit: int | None = None,
        criteria: LogFilter = EVERY_ENTRY,
    ) -> list[LogEntry]:
        """Return entries of the log with ids above ``since_id``, oldest first; with ``limit`` the newest."""
        return read_log(self._connection, since_id=since_id, item=item, limit=limit, criteria=criteria)

    def start_component(self, item: str, *, actor: str = "", reason: str = "") -> None:
        """Start an item."""
        self._component("start", item, reason)

    def stop_component(self, item: str, *, actor: str = "", reason: str = "") -> None:
        """Stop an item."""
        self._component("stop", item, reason)

    def restart_component(self, item: str, *, actor: str = "", reason: str = "") -> None:
        """Stop an item and start it."""
        self._component("restart", item, reason)

    def refresh(self, *, actor: str = "", reason: str = "") -> UpdateResult:
        """Have the production take over what is deployed; what changed is told by a server of ours only."""
        said = self._connection.post("/update", reason=reason)
        found = cast("dict[str, Any]", said) if isinstance(said, dict) else {}
        added, removed, restarted = (
            tuple(str(item) for item in found.get(key) or ()) for key in ("added", "removed", "restarted")
        )
        reasons = cast("dict[str, Any]", found.get("failed") or {})
        failed = {str(item): str(reason) for item, reason in reasons.items()}
        return UpdateResult(added, removed, restarted, failed)

    def stop(self, *, actor: str = "", reason: str = "") -> None:
        """Stop it."""
        self._connection.post("/stop", reason=reason)

    def check_testing(self) -> None:
        """Leave it to the server, which refuses tests that the production does not take."""

    def call(self, item: str, message: object, *, timeout_seconds: float) -> object:
        """Send a test message and return the reply message."""
        request = BodyCodec().encode(message)
        if request.serializer not in ("", _JSON):
            raise SerializationError(
                f"{request.class_name} is written by the serializer {request.serializer!r}; a server takes JSON only"
            )
        return message_of(self.call_body(item, request, timeout_seconds).body)

    def call_body(self, item: str, request: Body, timeout_seconds: float) -> StoredReply:
        """Send a test message in its stored form and return the reply in that form."""
        order: dict[str, Any] = {"target": item, "restart": False, "namespace": self._connection.namespace}
        if not request.is_empty:
            order.update(classname=request.class_name, body=request.payload.decode())
        limit = -1.0 if timeout_seconds < 0 else timeout_seconds + _MARGIN_SECONDS
        try:
            answer = self._connection.post("/test", order, timeout_seconds=limit)
        except ServerError as exc:
            if exc.code == "no-reply":
                raise RequestTimeoutError(item, timeout_seconds) from exc
            if exc.code == "not-found":
                raise UnknownItemError(item, ()) from exc
            raise
        said = object_of(answer, "the reply")
        session_id: object = said.get("session_id")
        return StoredReply(_reply_of(said), session_id if isinstance(session_id, int) else 0)

    def _component(self, deed: str, item: str, reason: str) -> None:
        self._connection.post(f"/component/{deed}", {"component": item}, reason=reason)


_WORDS = {
    "message": "show a message",
    "messages": "list messages",
    "count_messages": "count messages",
    "trace": "show a trace",
    "io_log": "show what went in and out",
    "processes": "list process instances",
    "items": "list items with their states",
    "resend": "resend messages",
    "resubmit": "resubmit messages",
    "abort": "abort messages",
    "discard": "discard messages",
    "suspend": "suspend messages",
    "enable": "enable an item for good",
    "disable": "disable an item for good",
    "update": "take a production as an object",
    "host_for": "run a service outside of the production",
    "component_source": "run a service outside of the production",
    "send": "send a message without waiting for its reply",
    "send_many": "send messages without waiting for their replies",
    "send_body": "send a message without waiting for its reply",
    "audit": "show the audit",
    "check_audit": "check the audit",
    "purge": "purge what is old",
    "index_messages": "make stored messages searchable",
    "decode": "read stored messages",
    "wait_until_idle": "wait until nothing is left to do",
    "wait_until_stopped": "wait until the production is stopped",
}


def default_production(connection: Connection) -> str:
    """Return the name of the default production; empty when there is none."""
    said = connection.get("/default")
    name = cast("dict[str, Any]", said).get("production") if isinstance(said, dict) else said
    return "" if name in (None, NOT_DEFINED) else str(name)


def queue_rows(connection: Connection, production: str) -> list[dict[str, Any]]:
    """Return what the server says of the queues of a production."""
    said = object_of(connection.get("/queues", production=production), "the queues")
    return rows_of(said.get("items") or [], "the queues")


def _reply_of(said: dict[str, Any]) -> Body:
    class_name = str(said.get("classname") or "")
    if not class_name:
        return EMPTY_BODY
    body: object = said.get("body")
    text = body if isinstance(body, str) else json.dumps({} if body is None else body, ensure_ascii=False)
    if said.get("truncated"):
        return PartialBody(class_name, _JSON, text.encode())
    return Body(class_name, _JSON if _is_json(text) else "text", text.encode())


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
