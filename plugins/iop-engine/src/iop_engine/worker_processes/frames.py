"""What parent and child of a worker process say to each other.

On the first channel they take turns: the parent has the child do something, and serves what the
child calls until that is done. The second is for the other threads of the child, and for
coroutines, whose calls have numbers instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timezone
from typing import Any, NamedTuple

from iop_core.context import MessageContext
from iop_core.headers import Body
from iop_engine.worker_processes.failures import Failure


class Handle(NamedTuple):
    """Have a request handled.

    Attributes:
        context: The message in hand.
        body: The request.
        wants_reply: Whether somebody wants the answer.
        wants_data: Whether the answer is wanted for the I/O log.
        keeps_trace: Whether trace entries are kept.
    """

    context: MessageContext
    body: Body
    wants_reply: bool
    wants_data: bool
    keeps_trace: bool

    def packed(self) -> tuple[object, ...]:
        """Return it as a plain tuple, which is pickled ten times as fast; see ``unpacked``."""
        context, body, *rest = self
        created = context.time_created
        naive = None if created is None else created.astimezone(timezone.utc).replace(tzinfo=None)
        return (tuple(context._replace(time_created=naive)), tuple(body), *rest)


class KeepAlive(NamedTuple):
    """Have connections kept alive."""


class Stop(NamedTuple):
    """Have the component cleaned up and the process ended."""


class Done(NamedTuple):
    """What was asked for is done.

    Attributes:
        reply: The answer, when somebody wants one.
        has_reply: Whether the component gave one.
        wants_retry: Whether it asked for another try.
        wants_suspension: Whether it asked that the message be set aside.
        data: The answer as the I/O log keeps it, when that is wanted.
        codes: What the operation says of its reply.
    """

    reply: Body
    has_reply: bool = True
    wants_retry: bool = False
    wants_suspension: bool = False
    data: Body | None = None
    codes: tuple[str, ...] = ()

    def packed(self) -> tuple[object, ...]:
        """Return it as a plain tuple; see ``unpacked``."""
        reply, *rest = self
        return (tuple(reply), *rest)


class Failed(NamedTuple):
    """What was asked for failed; other attributes as of ``Done``.

    Attributes:
        failure: The error.
    """

    failure: Failure
    wants_retry: bool = False
    wants_suspension: bool = False


class Call(NamedTuple):
    """The component wants something of its host.

    Attributes:
        name: Of the method, see ``host_calls``.
        arguments: For it; messages as bodies.
        number: Comes back with the answer, on the second channel.
        context: The message in hand, for calls on the second channel.
    """

    name: str
    arguments: tuple[object, ...]
    number: int = 0
    context: MessageContext | None = None


class Cancel(NamedTuple):
    """Nobody waits for the answer of a call any more."""

    number: int


class Close(NamedTuple):
    """No more is wanted of a stream of messages."""

    stream: int


class Record(NamedTuple):
    """Something was logged."""

    values: Mapping[str, object]


class Answer(NamedTuple):
    """The answer to a call.

    Attributes:
        value: What the method returned.
        failure: What it raised; None when it did not.
        number: Number of the call.
    """

    value: object
    failure: Failure | None = None
    number: int = 0


def unpacked(frame: Any) -> Any:
    """Return the frame that a plain tuple stands for, and any other as it is.

    Only the two that travel for each message are packed.
    """
    if not _is_packed(frame):
        return frame
    first, second, *rest = frame
    if isinstance(second, bool):
        return Done(Body(*first), second, *rest)
    context = MessageContext(*first)
    created = context.time_created
    if created is not None:
        context = context._replace(time_created=created.replace(tzinfo=timezone.utc))
    return Handle(context, Body(*second), *rest)


def _is_packed(frame: object) -> bool:
    return type(frame) is tuple
