"""Rows of JSON as the records that every backend gives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from iop_core.deployments import ComponentRegistration
from iop_core.errors import BackendError
from iop_core.events import EventType, LogEntry, ProductionStatus, QueueStatus

NOT_DEFINED = "Not defined"

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?")


def log_entry_of(row: Mapping[str, Any]) -> LogEntry:
    """Return an entry of the event log.

    Raises:
        BackendError: It has no number, by which the log is read on.
    """
    entry_id: object = row.get("id")
    if isinstance(entry_id, bool) or not isinstance(entry_id, (int, float)):
        raise BackendError(f"an entry of the server's log has the id {entry_id!r}; a number is needed to read on")
    word = str(row.get("type") or "").upper()
    return LogEntry(
        int(entry_id),
        EventType[word] if word in EventType.__members__ else EventType.INFO,
        _text(row.get("config_name")),
        _number(row.get("session_id")),
        _number(row.get("message_id")),
        ".".join(part for part in (_text(row.get("source_class")), _text(row.get("source_method"))) if part),
        _text(row.get("text")),
        time_of(_text(row.get("time_logged"))),
    )


def time_of(text: str) -> datetime:
    """Return a time as servers write it, which is UTC when they do not say; unreadable: the beginning of 1970.

    Example:
        >>> time_of("2024-01-15 10:30:01.5").isoformat()
        '2024-01-15T10:30:01.500000+00:00'
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return datetime.fromtimestamp(0, timezone.utc)
    day, clock, fraction, zone = found.groups()
    offset = "+00:00" if zone in (None, "Z") else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    # Python 3.10 reads fractions of exactly 6 digits.
    return datetime.fromisoformat(f"{day}T{clock}.{(fraction or '')[:6]:0<6}{offset}").astimezone(timezone.utc)


def status_of(row: Mapping[str, Any], *, production: str, namespace: str, location: str) -> ProductionStatus:
    """Return the state of a production.

    Args:
        row: What ``/status`` answers; more than its two keys is used where it is there.
        production: Name of the production.
        namespace: The namespace.
        location: Address of the server.
    """
    since = _text(row.get("since"))
    return ProductionStatus(
        production,
        _text(row.get("status") or row.get("Status") or "unknown").capitalize(),
        namespace,
        location,
        durability=_text(row.get("durability")),
        pid=_number(row.get("pid")),
        since=time_of(since) if since else None,
    )


def queue_of(row: Mapping[str, Any]) -> QueueStatus:
    """Return the state of a queue."""
    return QueueStatus(_text(row.get("queue_name") or row.get("item")), _number(row.get("count")))


def registration_of(row: Mapping[str, Any]) -> ComponentRegistration:
    """Return a registered component."""
    return ComponentRegistration(
        iris_name=_text(row.get("class")),
        module=_text(row.get("module")),
        class_name=_text(row.get("classname")),
        path=_text(row.get("classpaths")),
        kind=_text(row.get("super")).rpartition(".")[2],
    )


def binding_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of the registered components with ``used`` as a truth value, which an IRIS writes as a number."""
    users = row.get("used_by")
    return {
        **row,
        "used": row.get("used") in (1, True, "1", "true"),
        "used_by": users if isinstance(users, list) else [],
    }


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _number(value: object) -> int:
    try:
        return int(str(value or 0))
    except ValueError:
        return 0
