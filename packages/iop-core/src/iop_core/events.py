"""Entries of the event log, and what else an operator reads of a running production."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from iop_core.errors import ConfigurationError
from iop_core.headers import Body, BusinessType, MessageHeader, MessageStatus, MessageType
from iop_core.logs import ASSERT_LEVEL


class EventType(IntEnum):
    """Kind of an entry in the event log; the numbers are those of the IRIS event log."""

    ASSERT = 1
    ERROR = 2
    WARNING = 3
    INFO = 4
    TRACE = 5
    ALERT = 6


_LEVELS = {
    logging.DEBUG: EventType.TRACE,
    logging.INFO: EventType.INFO,
    logging.WARNING: EventType.WARNING,
    logging.ERROR: EventType.ERROR,
    ASSERT_LEVEL: EventType.ASSERT,
    logging.CRITICAL: EventType.ALERT,
}


def event_type_of(level: int) -> EventType:
    """Return the event type for a level of ``logging``, or for ``ASSERT_LEVEL``; unknown ones are INFO."""
    return _LEVELS.get(level, EventType.INFO)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of the event log.

    Attributes:
        entry_id: Rising number; 0 before it is stored.
        type: Kind of entry.
        item: Item that wrote it; empty for the engine itself.
        session_id: Session in hand; 0 when none.
        message_id: Message in hand; 0 when none.
        method: Function that wrote it.
        text: The entry, with the traceback for an error.
        time_logged: When (UTC).
    """

    entry_id: int
    type: EventType
    item: str
    session_id: int
    message_id: int
    method: str
    text: str
    time_logged: datetime


# SQL that says more, or says it deeper, is refused by databases.
MOST_ALTERNATIVES = 100
DEEPEST_ALTERNATIVES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which message headers to read; a field that is None does not restrict.

    Attributes:
        message_id: That one message.
        session_id: Messages of that session.
        type: Requests or responses only.
        status: Messages in that status.
        source: Sent by that item.
        target: Sent to that item.
        body_class: With a body of that class, by full name or by the part after the last dot.
        is_error: Only those that ended in error, or only the others.
        error_text: Those that ended in error with this text in the error, whatever the case of ASCII letters.
        fields: Name to value of searchable fields of the body; all have to match.
        since: Stored at or after that time (UTC).
        until: Stored before that time (UTC).
        after_id: Only ids above that one (for paging).
        limit: At most so many; None for all.
        newest_first: Order by falling instead of rising id.
        any_of: Filters of which at least one has to match, beside all of the above; empty: no such demand.
            Each may have such filters of its own, to a depth of 4, and there may be 100 in all.

    Raises:
        ConfigurationError: A filter in ``any_of`` has a limit or an order, or there are too many.

    Example:
        >>> lost = MessageFilter(status=MessageStatus.DISCARDED)
        >>> criteria = MessageFilter(target="Lab", any_of=(lost, MessageFilter(is_error=True)))
    """

    message_id: int | None = None
    session_id: int | None = None
    type: MessageType | None = None
    status: MessageStatus | None = None
    source: str | None = None
    target: str | None = None
    body_class: str | None = None
    is_error: bool | None = None
    error_text: str | None = None
    fields: Mapping[str, str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    after_id: int | None = None
    limit: int | None = None
    newest_first: bool = False
    any_of: tuple[MessageFilter, ...] = ()

    def __post_init__(self) -> None:
        if any(each.limit is not None or each.newest_first for each in self.any_of):
            raise ConfigurationError("any_of: limit and newest_first are for the whole filter; give them beside any_of")
        count, depth = self._size()
        if count > MOST_ALTERNATIVES or depth > DEEPEST_ALTERNATIVES:
            raise ConfigurationError(
                f"any_of: {count} filters, {depth} deep; at most {MOST_ALTERNATIVES} filters, "
                f"{DEEPEST_ALTERNATIVES} deep, are allowed"
            )

    def _size(self) -> tuple[int, int]:
        """Return how many filters are in ``any_of``, at all depths, and how deep they are."""
        sizes = [each._size() for each in self.any_of]
        return sum(count + 1 for count, _ in sizes), max((depth + 1 for _, depth in sizes), default=0)


@dataclass(frozen=True, slots=True)
class IoEntry:
    """One exchange with the outside, kept when the setting ``ArchiveIO`` of an item is on.

    Attributes:
        entry_id: Rising number; 0 before it is stored.
        item: The item.
        session_id: The session that came of it, or that it belongs to; 0 for none.
        message_id: The request of the operation, or the first message that came of the input; 0 for none.
        is_inbound: True for an input of a service; False for one try of an operation to handle a request.
        received: What the service took in, or the request of the operation. The serializer is ``bytes``
            or ``text`` for those, that of a message for a message, ``repr`` for anything else. Of longer
            data it is the beginning: the setting ``ArchiveIOSize`` says how much.
        received_size: How many bytes all of it has.
        returned: What was given back, in the same form; the empty body for nothing.
        returned_size: How many bytes all of it has.
        error: The error in one line; empty when fine.
        time_received: When it began (UTC).
        time_responded: When it was dealt with (UTC).
    """

    entry_id: int
    item: str
    session_id: int
    message_id: int
    is_inbound: bool
    received: Body
    received_size: int
    returned: Body
    returned_size: int
    error: str
    time_received: datetime
    time_responded: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """Which entries of the event log to read; what is empty or None does not restrict.

    Attributes:
        types: Entries of these types.
        text: Entries with this text in them, whatever the case of ASCII letters.
        session_id: Entries of that session.
        since: Entries logged at or after that time (UTC).
        until_id: Entries with that id or lower ones (for paging).
    """

    types: tuple[EventType, ...] = ()
    text: str = ""
    session_id: int | None = None
    since: datetime | None = None
    until_id: int | None = None


EVERY_ENTRY = LogFilter()


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A header with its body.

    Attributes:
        header: The header.
        body: The stored bytes and how to read them.
    """

    header: MessageHeader
    body: Body


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """One queue at one moment.

    Attributes:
        name: Name of the queue, normally the item's name.
        count: Messages that wait or are being handled.
        oldest: When the oldest of them was stored (UTC); None for an empty queue.
    """

    name: str
    count: int
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProductionStatus:
    """What runs in one namespace.

    Attributes:
        production: Name of the production that runs or ran last; empty when none ever did.
        state: ``Running``, ``Stopped``, ``Suspended`` or ``Troubled`` (it died without a stop).
        namespace: The namespace.
        location: Where its data is, for people.
        durability: ``full`` or ``normal``; empty when nothing ever ran.
        pid: Process that runs it; 0 when none.
        since: When the state began (UTC); None when nothing ever ran.
        update_message: What was changed where the running production was read from, so that an
            update would take it over; empty when nothing was, or nobody can read it again.
    """

    production: str
    state: str
    namespace: str
    location: str
    durability: str = ""
    pid: int = 0
    since: datetime | None = None
    update_message: str = ""

    @property
    def needs_update(self) -> bool:
        """Whether an update would take something over; ``update_message`` says what."""
        return bool(self.update_message)


@dataclass(frozen=True, slots=True)
class Trace:
    """All messages and log entries of one session, in the order in which they were stored.

    Attributes:
        session_id: The session.
        messages: Its headers, oldest first.
        log: Its event log entries, oldest first.
        kinds: Item name to the kind of item.
        bodies: Message id to the body, for those that have one; None when bodies were not asked for.
        io: Its exchanges with the outside, oldest first, of items whose setting ``ArchiveIO`` is on.
    """

    session_id: int
    messages: tuple[MessageHeader, ...]
    log: tuple[LogEntry, ...] = ()
    kinds: dict[str, BusinessType] = field(default_factory=dict[str, BusinessType])
    bodies: dict[int, Body] | None = None
    io: tuple[IoEntry, ...] = ()
