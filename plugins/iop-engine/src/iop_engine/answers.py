"""What a caller who waited makes of the answer."""

from __future__ import annotations

from iop_core.bodies import BodyCodec
from iop_core.clock import Clock, SystemClock
from iop_core.errors import RequestFailedError, RequestTimeoutError
from iop_core.store_units import Delivery
from iop_core.stores import ReplySlot


def wait_for(slot: ReplySlot, timeout_seconds: float, clock: Clock) -> Delivery | None:
    """Wait for an answer; None when time ran out.

    Args:
        slot: Where it arrives.
        timeout_seconds: How long to wait; negative: for ever.
        clock: What the time is measured with.

    Raises:
        StoreError: The request could not be stored, or the store was closed.
    """
    if timeout_seconds < 0:
        return slot.wait(None)
    if isinstance(clock, SystemClock):  # the slot can do that without an alarm
        return slot.wait(timeout_seconds)
    alarm = clock.alarm()
    slot.on_answer(alarm.set)
    alarm.wait_until(clock.monotonic() + timeout_seconds)
    return slot.wait(0)


def message_of(answer: Delivery | None, codec: BodyCodec, *, target: str, timeout_seconds: float) -> object:
    """Return the message of an answer; None for one without a message.

    Args:
        answer: What arrived; None when time ran out.
        codec: Reads its body.
        target: The item that was asked.
        timeout_seconds: How long the caller waited.

    Raises:
        RequestTimeoutError: No answer arrived.
        RequestFailedError: It tells of an error.
    """
    if answer is None:
        raise RequestTimeoutError(target, timeout_seconds)
    if answer.is_error:
        raise RequestFailedError(target, answer.error)
    return codec.decode(answer.body)
