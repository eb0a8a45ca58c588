"""What follows from it that a production died instead of being stopped."""

from __future__ import annotations

from datetime import datetime

from iop_core.events import EventType, LogEntry, MessageFilter
from iop_core.headers import Invocation, MessageStatus
from iop_core.store_units import HeaderChange, Unit
from iop_core.stores import StoreReader


def recovery_of(reader: StoreReader, now: datetime) -> Unit | None:
    """Return what is to be stored because the last run died; None when it was stopped, or there was none.

    The last entry of the event log in it says what happened. What was in hand in a queue waits
    there still.

    Args:
        reader: Reads the store; nothing runs on it.
        now: The present.
    """
    before = reader.notes()
    if before.get("state") != "Running":
        return None
    waiting = sum(queue.count for queue in reader.queues())
    text = (
        f"production {before.get('production', '')!r} was not stopped but died (process {before.get('pid')}, "
        f"running since {before.get('since')}). It is recovered: {waiting} unfinished messages are handled now, "
        "those that were in hand again"
    )
    # Their senders are handled again, and send them again.
    error = "the production died while its sender's job handled it"
    cut_off = reader.messages(MessageFilter(status=MessageStatus.DELIVERED))
    changes = [
        HeaderChange(header.message_id, MessageStatus.ERROR, error=error)
        for header in cut_off
        if header.invocation is Invocation.IN_PROC
    ]
    return Unit(log=[LogEntry(0, EventType.WARNING, "", 0, 0, "", text, now)], changes=changes)
