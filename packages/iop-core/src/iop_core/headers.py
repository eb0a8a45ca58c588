"""Message headers: what the store knows of a message besides its body.

Field names, numbers and meanings follow the header of InterSystems
interoperability, so that its users recognise every word.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple


class MessageType(IntEnum):
    """Whether a message asks or answers."""

    REQUEST = 1
    RESPONSE = 2


class MessageStatus(IntEnum):
    """Where a message is on its way."""

    CREATED = 1
    QUEUED = 2
    DELIVERED = 3
    DISCARDED = 4
    SUSPENDED = 5
    DEFERRED = 6
    ABORTED = 7
    ERROR = 8
    COMPLETED = 9


class MessagePriority(IntEnum):
    """Which messages of a queue are taken first; lower goes first."""

    HIGH_SYNC = 1
    SYNC = 2
    SIM_SYNC = 4
    ASYNC = 6


class BusinessType(IntEnum):
    """The kind of item at one end of a message."""

    UNKNOWN = 0
    SERVICE = 1
    PROCESS = 2
    OPERATION = 3


class Invocation(IntEnum):
    """How a message reaches its target."""

    QUEUE = 1
    IN_PROC = 2


class Body(NamedTuple):
    """A message as bytes, with what is needed to read it back.

    Two are equal when class, serializer and bytes are. A tuple, like all that is made for each
    message: it is made four times as fast as a frozen dataclass.

    Attributes:
        class_name: ``module.Class`` of the message; empty for "no message".
        serializer: Name of the serializer that wrote ``payload``.
        payload: The bytes.
        body_id: Id of the stored body; 0 for one that is not stored.
        search: Name and text of each value that it can be found by; stored with a new body and
            not read back.
    """

    class_name: str
    serializer: str
    payload: bytes
    body_id: int = 0
    search: tuple[tuple[str, str], ...] = ()

    def __eq__(self, other: object) -> bool:
        """Compare what is read back, not where it is stored."""
        return isinstance(other, Body) and self[:3] == other[:3]

    def __ne__(self, other: object) -> bool:
        """Compare as ``==`` does."""
        return not self == other

    def __hash__(self) -> int:
        """Hash what is compared."""
        return hash(self[:3])

    @property
    def is_empty(self) -> bool:
        """True for the body of a reply that carries no message."""
        return not self.class_name


EMPTY_BODY = Body("", "", b"")


@dataclass(frozen=True, slots=True)
class MessageHeader:
    """One stored message without its body.

    Attributes:
        message_id: The message's own id, unique in the store, rising.
        session_id: Id of the first request of the session.
        type: Request or response.
        status: Where the message is.
        priority: Which messages of the queue go first.
        invocation: Through a queue or inside the sender's thread.
        source: Item that sent it; empty for a caller outside the production.
        target: Item it is for; empty for a caller outside the production.
        source_type: Kind of the source item.
        target_type: Kind of the target item.
        queue: Queue it waits in; ``_SyncCall:n`` for the answer of a synchronous call.
        return_queue: Queue its answer goes to; empty when no answer is wanted.
        corresponding_id: The request's answer or the answer's request; 0 when none.
        process_id: Process instance the message belongs to; 0 when none.
        body_id: Id of the stored body; several headers may share one.
        body_class: ``module.Class`` of the body; empty when there is none.
        size_bytes: Length of the stored body.
        is_error: True when handling ended with an error, or the answer is one.
        error: The error in one line; empty when fine.
        description: Free text of the sender.
        completion_key: Key given by a process to recognise an answer.
        time_created: When it was stored (UTC).
        time_processed: When its handling ended; while it is tried again, when it was first tried (UTC); None before.
        attempts: How many tries of its handling have ended.
        resent: ``r`` for one that an operator sent again, ``b`` for one from a message bank; else empty.
        super_session: Id that the session shares with sessions of other productions; empty when none.
        order_key: Messages of the queue with the same key are handled one after the other; empty for none.
    """

    message_id: int
    session_id: int
    type: MessageType
    status: MessageStatus
    priority: MessagePriority
    invocation: Invocation
    source: str
    target: str
    source_type: BusinessType
    target_type: BusinessType
    queue: str
    return_queue: str
    corresponding_id: int
    process_id: int
    body_id: int
    body_class: str
    size_bytes: int
    is_error: bool
    error: str
    description: str
    completion_key: str
    time_created: datetime
    time_processed: datetime | None
    attempts: int = 0
    resent: str = ""
    super_session: str = ""
    order_key: str = ""
