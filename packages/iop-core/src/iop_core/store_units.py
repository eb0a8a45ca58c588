"""What goes into a store and comes out of it: units of new messages, ends and changes, and deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from iop_core.audit import AuditEntry
from iop_core.events import IoEntry, LogEntry
from iop_core.headers import EMPTY_BODY, Body, BusinessType, Invocation, MessagePriority, MessageStatus, MessageType

SYNC_CALL_PREFIX = "_SyncCall:"


@dataclass(slots=True)
class NewMessage:
    """A message to be stored; the store gives it its id.

    Attributes:
        session_id: 0 opens a session of its own; the store then fills it in.
        message_id: 0; the store fills it in.
        body: The body; ``EMPTY_BODY`` for none.
        order_key: Requests of a queue with the same key are handed out one after the other; empty for none.
        shared_body_id: A body that is stored already, instead of ``body``, which is what it holds; 0: none.
            Should it have been removed meanwhile, ``body`` is stored.
        status: ``QUEUED``; ``DEFERRED`` for an answer that will be given later.

    All other attributes are those of ``MessageHeader``.
    """

    type: MessageType
    target: str
    queue: str
    body: Body = EMPTY_BODY
    session_id: int = 0
    priority: MessagePriority = MessagePriority.ASYNC
    invocation: Invocation = Invocation.QUEUE
    source: str = ""
    source_type: BusinessType = BusinessType.UNKNOWN
    target_type: BusinessType = BusinessType.UNKNOWN
    return_queue: str = ""
    corresponding_id: int = 0
    process_id: int = 0
    is_error: bool = False
    error: str = ""
    description: str = ""
    completion_key: str = ""
    message_id: int = 0
    resent: str = ""
    super_session: str = ""
    shared_body_id: int = 0
    order_key: str = ""
    status: MessageStatus = MessageStatus.QUEUED


class Settled(NamedTuple):
    """The end of the handling of one leased message.

    Attributes:
        message_id: The message.
        queue: The queue it was leased from.
        key: What it held busy, as in ``Delivery.key``; 0 for none.
        status: Its final status.
        error: The error in one line; empty when fine.
        attempts: How many tries it took.
    """

    message_id: int
    queue: str
    key: int | str = 0
    status: MessageStatus = MessageStatus.COMPLETED
    error: str = ""
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class HeaderChange:
    """A change to a stored header; a field that is None stays as it is.

    Attributes:
        message_id: The message.
        status: Its new status. ``QUEUED``, together with ``queue``, hands it out again, at the place its id gives
            it; the answer of a synchronous call goes to its caller.
        attempts: How many tries have ended.
        error: The error in one line; empty for none.
        description: The new description.
        queue: The new queue.
        body: The new body; it is stored beside the old one, which other headers may share.
        time_processed: When it was first tried, or ended.
        begins_anew: True: ``time_processed`` is forgotten, so that its next try counts as the first.
    """

    message_id: int
    status: MessageStatus | None = None
    attempts: int | None = None
    error: str | None = None
    description: str | None = None
    queue: str | None = None
    body: Body | None = None
    time_processed: datetime | None = None
    begins_anew: bool = False


@dataclass(slots=True)
class ProcessRecord:
    """The persistent part of one business process instance.

    Attributes:
        process_id: The id of the primary request, which names the instance.
        item: The process item.
        session_id: Session of the primary request.
        pending: Number of answers still expected.
        is_completed: True when nothing more will happen.
        has_replied: True when the caller has its answer.
        state: Persistent properties by name, as the text of a JSON object.
        response: The answer that will be given at the end.
        error: Why it ended early; empty when fine.
        time_created: When its first event began (UTC).
        time_completed: When its last event ended (UTC); None before.
    """

    process_id: int
    item: str
    session_id: int
    pending: int = 0
    is_completed: bool = False
    has_replied: bool = False
    state: str = "{}"
    response: Body = EMPTY_BODY
    error: str = ""
    time_created: datetime | None = None
    time_completed: datetime | None = None

    def copy(self) -> ProcessRecord:
        """Return another one that says the same; ``dataclasses.replace`` takes five times as long."""
        return ProcessRecord(
            self.process_id,
            self.item,
            self.session_id,
            self.pending,
            self.is_completed,
            self.has_replied,
            self.state,
            self.response,
            self.error,
            self.time_created,
            self.time_completed,
        )


@dataclass(slots=True, init=False)
class Unit:
    """What is stored as a whole or not at all.

    Attributes:
        settled: Messages whose handling ended.
        new: Messages to add, in order.
        process: State of the process instance concerned; None when there is none.
        log: Event log entries.
        notes: What the engine notes about itself: name to text.
        changes: Changes to stored headers.
        audit: What operators did.
        io: Exchanges with the outside.
        removed: Messages to remove for good, each with its body unless another message has it;
            what has not ended stays, unless it is suspended.
    """

    settled: list[Settled]
    new: list[NewMessage]
    process: ProcessRecord | None
    log: list[LogEntry]
    notes: dict[str, str]
    changes: list[HeaderChange]
    audit: list[AuditEntry]
    io: list[IoEntry]
    removed: list[int]

    # By hand, because there is one for every message, and default factories take five times as long.
    def __init__(
        self,
        *,
        settled: list[Settled] | None = None,
        new: list[NewMessage] | None = None,
        process: ProcessRecord | None = None,
        log: list[LogEntry] | None = None,
        notes: dict[str, str] | None = None,
        changes: list[HeaderChange] | None = None,
        audit: list[AuditEntry] | None = None,
        io: list[IoEntry] | None = None,
        removed: list[int] | None = None,
    ) -> None:
        self.settled = [] if settled is None else settled
        self.new = [] if new is None else new
        self.process = process
        self.log = [] if log is None else log
        self.notes = {} if notes is None else notes
        self.changes = [] if changes is None else changes
        self.audit = [] if audit is None else audit
        self.io = [] if io is None else io
        self.removed = [] if removed is None else removed


class Delivery(NamedTuple):
    """A message leased to a worker.

    Attributes:
        message_id: Id of the header.
        session_id: Its session.
        type: Request or response.
        queue: Queue it was leased from.
        source: Item that sent it; empty for an outside caller.
        target: Item it is for.
        return_queue: Where the answer goes; empty when none is wanted.
        priority: Its priority; an answer gets the same.
        corresponding_id: For an answer, the request.
        process_id: Process instance it belongs to; for a request that of the sender.
        is_error: True for an answer that tells of an error.
        error: That error.
        completion_key: Key of the request this answers.
        time_created: When it was stored (UTC).
        attempt: Number of the try that comes next or is being made; 1 for the first.
        body: The body.
        super_session: Id shared with sessions of other productions; empty when none.
        order_key: Requests of the queue with the same key are handed out one after the other; empty for none.
        source_type: Kind of the item that sent it.
        first_tried: When the first of the tries began that count for its FailureTimeout (UTC); None before.
    """

    message_id: int
    session_id: int
    type: MessageType
    queue: str
    source: str
    target: str
    return_queue: str
    priority: MessagePriority
    corresponding_id: int
    process_id: int
    is_error: bool
    error: str
    completion_key: str
    time_created: datetime
    attempt: int
    body: Body
    super_session: str = ""
    order_key: str = ""
    source_type: BusinessType = BusinessType.UNKNOWN
    first_tried: datetime | None = None

    @property
    def key(self) -> int | str:
        """What must not be handled twice at the same time: the process instance, or the order key; 0 for free."""
        return self.process_id if self.type is MessageType.RESPONSE else self.order_key or 0
