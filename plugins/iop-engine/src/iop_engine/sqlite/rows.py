"""Between rows of the tables and the records of the store interface."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, TypeAlias

from iop_core.audit import AuditEntry
from iop_core.events import EventType, IoEntry, LogEntry
from iop_core.headers import (
    EMPTY_BODY,
    Body,
    BusinessType,
    Invocation,
    MessageHeader,
    MessagePriority,
    MessageStatus,
    MessageType,
)
from iop_core.process_instances import ProcessInstanceStatus
from iop_core.store_units import Delivery, NewMessage, ProcessRecord

Row: TypeAlias = Sequence[Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)

# Twice as fast as calling the classes, which counts where a long queue is read.
_TYPES = {member.value: member for member in MessageType}
_PRIORITIES = {member.value: member for member in MessagePriority}
_BUSINESS_TYPES = {member.value: member for member in BusinessType}

HEADER_COLUMNS = (
    "h.id, h.session_id, h.type, h.status, h.priority, h.invocation, h.source, h.target, h.source_type, h.target_type, "
    "h.queue, h.return_queue, h.corresponding_id, h.process_id, h.body_id, coalesce(c.name, ''), "
    "coalesce(length(b.payload), 0), h.is_error, h.error, h.description, h.completion_key, h.created, h.processed, "
    "h.attempts, h.resent, h.super_session, h.order_key"
)

BODY_COLUMNS = "b.class_name, b.serializer, b.payload, b.checksum, h.body_id"

DELIVERY_COLUMNS = (
    "h.id, h.session_id, h.type, h.queue, h.source, h.target, h.return_queue, h.priority, h.corresponding_id, "
    "h.process_id, h.is_error, h.error, h.completion_key, h.created, h.attempts, h.super_session, h.order_key, "
    "h.source_type, h.processed, " + BODY_COLUMNS
)

JOIN_BODIES = "headers h LEFT JOIN bodies b ON b.id = h.body_id"
JOIN_CLASSES = JOIN_BODIES + " LEFT JOIN classes c ON c.id = h.class_id"


def storable(text: str) -> str:
    """Return text that SQLite can hold: half characters, which it refuses, are spelled out."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def with_id(body: Body, body_id: int) -> Body:
    """Return a body with its id; by hand, because ``dataclasses.replace`` takes three times as long."""
    return Body(body.class_name, body.serializer, body.payload, body_id)


def body_row(body_id: int, body: Body) -> tuple[Any, ...]:
    """Build the row of a body; its checksum shows damage that SQLite does not look for."""
    return body_id, body.class_name, body.serializer, body.payload, zlib.crc32(body.payload)


def body_from_row(row: Row) -> Body:
    """Build a body from ``BODY_COLUMNS``, which are all NULL for a message without one.

    Raises:
        sqlite3.DatabaseError: Its bytes are not those that were written.
    """
    class_name, serializer, payload, checksum, body_id = row
    if class_name is None:
        return EMPTY_BODY
    if zlib.crc32(payload) != checksum:
        raise sqlite3.DatabaseError("the body of a message is malformed: its checksum is wrong")
    return Body(class_name, serializer, payload, body_id)


def to_microseconds(moment: datetime) -> int:
    """Return microseconds since 1970 (UTC), which is how times are stored."""
    return (moment - _EPOCH) // _MICROSECOND


def to_datetime(microseconds: int) -> datetime:
    """Return the moment of a stored time."""
    return _EPOCH + timedelta(microseconds=microseconds)


def header_from_row(row: Row) -> MessageHeader:
    """Build a header from ``HEADER_COLUMNS``."""
    return MessageHeader(
        message_id=row[0],
        session_id=row[1],
        type=MessageType(row[2]),
        status=MessageStatus(row[3]),
        priority=MessagePriority(row[4]),
        invocation=Invocation(row[5]),
        source=row[6],
        target=row[7],
        source_type=BusinessType(row[8]),
        target_type=BusinessType(row[9]),
        queue=row[10],
        return_queue=row[11],
        corresponding_id=row[12],
        process_id=row[13],
        body_id=row[14],
        body_class=row[15],
        size_bytes=row[16],
        is_error=bool(row[17]),
        error=row[18],
        description=row[19],
        completion_key=row[20],
        time_created=to_datetime(row[21]),
        time_processed=None if row[22] is None else to_datetime(row[22]),
        attempts=row[23],
        resent=row[24],
        super_session=row[25],
        order_key=row[26],
    )


def delivery_from_row(row: Row, body: Body) -> Delivery:
    """Build a delivery from ``DELIVERY_COLUMNS``, of which the last are those of the body.

    Raises:
        LookupError: A number stands for nothing.
    """
    return Delivery(
        row[0],
        row[1],
        _TYPES[row[2]],
        row[3],
        row[4],
        row[5],
        row[6],
        _PRIORITIES[row[7]],
        row[8],
        row[9],
        bool(row[10]),
        row[11],
        row[12],
        to_datetime(row[13]),
        row[14] + 1,
        body,
        row[15],
        row[16],
        _BUSINESS_TYPES[row[17]],
        to_datetime(row[18]) if row[14] and row[18] is not None else None,
    )


def delivery_of(message: NewMessage, created: datetime) -> Delivery:
    """Build the delivery of a message that has just been stored, without reading it back."""
    return Delivery(
        message.message_id,
        message.session_id,
        message.type,
        message.queue,
        message.source,
        message.target,
        message.return_queue,
        message.priority,
        message.corresponding_id,
        message.process_id,
        message.is_error,
        message.error,
        message.completion_key,
        created,
        1,
        message.body,
        message.super_session,
        message.order_key,
        message.source_type,
    )


def log_entry_from_row(row: Row) -> LogEntry:
    """Build a log entry from all columns of the log table."""
    return LogEntry(
        entry_id=row[0],
        type=EventType(row[1]),
        item=row[2],
        session_id=row[3],
        message_id=row[4],
        method=row[5],
        text=row[6],
        time_logged=to_datetime(row[7]),
    )


def audit_row(entry: AuditEntry) -> tuple[Any, ...]:
    """Build the row of an operator's deed, in the order of its table; its texts can be stored."""
    texts = (entry.action, entry.actor, entry.reason, entry.selection, entry.counts)
    return (entry.entry_id, *texts, to_microseconds(entry.time_done), entry.hash)


def audit_from_row(row: Row) -> AuditEntry:
    """Build an operator's deed from all columns of the audit table."""
    return AuditEntry(row[0], row[1], row[2], row[3], row[4], row[5], to_datetime(row[6]), row[7])


def io_row(entry: IoEntry) -> tuple[Any, ...]:
    """Build the row of an exchange with the outside, without its id."""
    return (
        storable(entry.item),
        entry.session_id,
        entry.message_id,
        entry.is_inbound,
        *entry.received[:3],
        entry.received_size,
        *entry.returned[:3],
        entry.returned_size,
        storable(entry.error),
        to_microseconds(entry.time_received),
        to_microseconds(entry.time_responded),
    )


def io_entry_from_row(row: Row) -> IoEntry:
    """Build an exchange with the outside from all columns of its table."""
    return IoEntry(
        entry_id=row[0],
        item=row[1],
        session_id=row[2],
        message_id=row[3],
        is_inbound=bool(row[4]),
        received=Body(row[5], row[6], row[7]),
        received_size=row[8],
        returned=Body(row[9], row[10], row[11]),
        returned_size=row[12],
        error=row[13],
        time_received=to_datetime(row[14]),
        time_responded=to_datetime(row[15]),
    )


def process_row(record: ProcessRecord) -> tuple[Any, ...]:
    """Build the row of a process instance, in the order of its table."""
    state, response = storable(record.state), record.response
    return (
        record.process_id,
        record.item,
        record.session_id,
        record.pending,
        record.is_completed,
        record.has_replied,
        state,
        response.class_name,
        response.serializer,
        response.payload,
        storable(record.error),
        _process_checksum(state, response.payload),
        None if record.time_created is None else to_microseconds(record.time_created),
        None if record.time_completed is None else to_microseconds(record.time_completed),
    )


def process_from_row(row: Row) -> ProcessRecord:
    """Build the state of a process instance from all columns of its table.

    Raises:
        sqlite3.DatabaseError: It is not what was written.
    """
    if _process_checksum(row[6], row[9]) != row[11]:
        raise sqlite3.DatabaseError("the state of a process instance is malformed: its checksum is wrong")
    return ProcessRecord(
        process_id=row[0],
        item=row[1],
        session_id=row[2],
        pending=row[3],
        is_completed=bool(row[4]),
        has_replied=bool(row[5]),
        state=row[6],
        response=Body(row[7], row[8], row[9]),
        error=row[10],
        time_created=None if row[12] is None else to_datetime(row[12]),
        time_completed=None if row[13] is None else to_datetime(row[13]),
    )


def process_status_from_row(row: Row) -> ProcessInstanceStatus:
    """Build what operators see of a process instance from all columns of its table."""
    return ProcessInstanceStatus(
        process_id=row[0],
        item=row[1],
        session_id=row[2],
        is_completed=bool(row[4]),
        has_replied=bool(row[5]),
        pending=row[3],
        error=row[10],
        time_created=to_datetime(row[12] or 0),
        time_completed=None if row[13] is None else to_datetime(row[13]),
    )


def _process_checksum(state: str, response: bytes) -> int:
    return zlib.crc32(response, zlib.crc32(state.encode()))
