"""How the handling of a message ends: what is stored with it."""

from __future__ import annotations

import logging
from datetime import datetime

from iop_core.definitions import ItemDefinition
from iop_core.errors import StoreError
from iop_core.events import EventType, LogEntry
from iop_core.headers import EMPTY_BODY, Body, MessageStatus, MessageType
from iop_core.store_units import Delivery, NewMessage, Settled, Unit
from iop_engine.instances import full_text, one_line

_LOG = logging.getLogger("iop.engine")


def settled(delivery: Delivery, status: MessageStatus = MessageStatus.COMPLETED, error: str = "") -> Settled:
    """Return the end of a message's handling."""
    return Settled(delivery.message_id, delivery.queue, delivery.key, status, error, delivery.attempt)


def answer(item: ItemDefinition, request: Delivery, body: Body = EMPTY_BODY, error: str = "") -> NewMessage:
    """Return the answer of an item to a request; with ``error`` an answer that tells of it."""
    return NewMessage(
        MessageType.RESPONSE,
        request.source,
        request.return_queue,
        body,
        session_id=request.session_id,
        super_session=request.super_session,
        priority=request.priority,
        source=item.name,
        source_type=item.business_type,
        target_type=request.source_type,
        corresponding_id=request.message_id,
        process_id=request.process_id,
        is_error=bool(error),
        error=error,
        description=f"{item.name} -> {request.source}" if request.source else item.name,
        completion_key=request.completion_key,
    )


def error_entry(item: ItemDefinition, delivery: Delivery, exc: BaseException, now: datetime) -> LogEntry:
    """Return the event log entry for a handler that failed, with the traceback."""
    text = f"message {delivery.message_id} ended with {one_line(exc)}\n{full_text(exc)}"
    return LogEntry(0, EventType.ERROR, item.name, delivery.session_id, delivery.message_id, "", text, now)


def is_postponed(delivery: Delivery, exc: BaseException) -> bool:
    """Return whether a handler ended only because the disk is full: its message stays as it is.

    It is handled again after the next start.
    """
    if not isinstance(exc, StoreError) or not exc.retryable:
        return False
    _LOG.warning("message %d is handled again after the next start: %s", delivery.message_id, exc)
    return True


def tell_of(
    item: ItemDefinition, delivery: Delivery, level: int, text: str, *, error: BaseException | None = None
) -> None:
    """Tell the logging of this process what an entry of the event log says.

    Args:
        item: The item.
        delivery: The message.
        level: As for ``logging``.
        text: One line.
        error: What the handler raised. A console need not show the traceback, which is in the event log.
    """
    extra = {"iop_item": item.name, "iop_session": delivery.session_id, "iop_message": delivery.message_id}
    extra["iop_traceback_stored"] = error is not None
    _LOG.log(level, "%s (session %d)", text, delivery.session_id, exc_info=error, extra=extra)


def failure(item: ItemDefinition, delivery: Delivery, exc: BaseException, now: datetime) -> Unit:
    """Return the end of a handling that failed: nothing it sent, the error, and word of it to the caller."""
    error = one_line(exc)
    tell_of(item, delivery, logging.ERROR, f"message {delivery.message_id} ended with {error}", error=exc)
    unit = Unit(settled=[settled(delivery, MessageStatus.ERROR, error)], log=[error_entry(item, delivery, exc, now)])
    if delivery.type is MessageType.REQUEST and delivery.return_queue:
        unit.new.append(answer(item, delivery, error=error))
    return unit
