"""Headers, log entries, queues and traces as dictionaries that JSON can hold.

Keys are the field names; enumerations are written by name (``"Completed"``) and times
as ISO text in UTC.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from datetime import datetime
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

from iop_director.body_text import text_of_body
from iop_director.io_log import io_text

if TYPE_CHECKING:
    from iop_core.audit import AuditEntry
    from iop_core.events import IoEntry, LogEntry, ProductionStatus, QueueStatus, Trace
    from iop_core.headers import Body, MessageHeader
    from iop_core.item_control import ItemStatus
    from iop_core.process_instances import ProcessInstanceStatus


def word_of(member: IntEnum) -> str:
    """Return the word for a member of an enumeration: ``HIGH_SYNC`` becomes ``HighSync``."""
    return member.name.title().replace("_", "")


def header_to_dict(header: MessageHeader) -> dict[str, object]:
    """Return a message header as a dictionary."""
    return _plain(header)


def log_entry_to_dict(entry: LogEntry) -> dict[str, object]:
    """Return an entry of the event log as a dictionary."""
    return _plain(entry)


def io_entry_to_dict(entry: IoEntry) -> dict[str, object]:
    """Return an exchange with the outside as a dictionary; what went in and out as text, with its class."""
    texts: dict[str, object] = {}
    for name, data in (("received", entry.received), ("returned", entry.returned)):
        texts[name], texts[f"{name}_class"] = io_text(data), data.class_name
    return {**_plain(entry), **texts}


def audit_entry_to_dict(entry: AuditEntry) -> dict[str, object]:
    """Return a deed of an operator as a dictionary; what it was done to, and what came of it, as JSON says it."""
    return {**_plain(entry), "selection": json.loads(entry.selection), "counts": json.loads(entry.counts)}


def process_to_dict(process: ProcessInstanceStatus) -> dict[str, object]:
    """Return the state of a process instance as a dictionary."""
    return _plain(process)


def queue_to_dict(queue: QueueStatus) -> dict[str, object]:
    """Return the state of a queue as a dictionary."""
    return _plain(queue)


def item_to_dict(item: ItemStatus) -> dict[str, object]:
    """Return the state of an item as a dictionary."""
    return _plain(item)


def duration_of(header: MessageHeader) -> float | None:
    """Return the seconds from the moment a message was stored until it was processed; None before."""
    return None if header.time_processed is None else (header.time_processed - header.time_created).total_seconds()


def trace_to_dict(trace: Trace, *, most_characters: int | None = None) -> dict[str, object]:
    """Return a session as a dictionary: ``session_id``, ``messages``, ``log``, ``kinds``, and ``io`` when it has any.

    In a trace with bodies each message has ``duration_seconds`` and ``body`` too: None, or the
    attributes of ``BodyText``.

    Args:
        trace: The session.
        most_characters: Where the text of a longer body is cut; None: nowhere.
    """
    return {
        "session_id": trace.session_id,
        "messages": [
            {**header_to_dict(header), **_with_body(header, trace.bodies, most_characters)} for header in trace.messages
        ],
        "log": [log_entry_to_dict(entry) for entry in trace.log],
        **({"io": [io_entry_to_dict(entry) for entry in trace.io]} if trace.io else {}),
        "kinds": {item: word_of(kind) for item, kind in trace.kinds.items()},
    }


def status_to_dict(status: ProductionStatus) -> dict[str, object]:
    """Return the state of a production under the names that IRIS uses for it."""
    return {
        "Production": status.production,
        "Status": status.state.lower(),
        "NeedsUpdate": status.needs_update,
        **({"UpdateMessage": status.update_message} if status.needs_update else {}),
        "Namespace": status.namespace,
        "Location": status.location,
        "Durability": status.durability,
        "Pid": status.pid,
        "Since": _json_value(status.since),
    }


def _with_body(header: MessageHeader, bodies: dict[int, Body] | None, most_characters: int | None) -> dict[str, object]:
    if bodies is None:
        return {}
    body = bodies.get(header.message_id)
    shown = None if body is None else asdict(text_of_body(body, most_characters=most_characters))
    return {"duration_seconds": duration_of(header), "body": shown}


def _plain(
    record: AuditEntry | MessageHeader | LogEntry | IoEntry | QueueStatus | ItemStatus | ProcessInstanceStatus,
) -> dict[str, object]:
    return {field.name: _json_value(getattr(record, field.name)) for field in fields(record)}


def _json_value(value: object) -> object:
    if isinstance(value, IntEnum):
        return word_of(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    return value
