"""Sends whose caller waits for the answer."""

from __future__ import annotations

from collections.abc import Sequence

from iop_core.stores import ReplySlot
from iop_engine import crash_points
from iop_engine.answers import message_of, wait_for
from iop_engine.sender import Sender


def send_sync(sender: Sender, target: str, message: object, timeout_seconds: float, description: str) -> object:
    """Send a request and wait for the reply; see ``Host``."""
    slot, _ = sender.ask(target, message, description, is_endless=timeout_seconds < 0)
    try:
        answer = wait_for(slot, timeout_seconds, sender.runtime.clock)
    finally:
        sender.runtime.waits.forget(slot.queue)
    crash_points.reach("call.answered")
    return message_of(answer, sender.runtime.codec, target=target, timeout_seconds=timeout_seconds)


def send_multi_sync(
    sender: Sender, requests: Sequence[tuple[str, object]], timeout_seconds: float, description: str
) -> list[tuple[object, int]]:
    """Send several requests and wait for all replies; see ``Host``."""
    for target, _ in requests:
        sender.runtime.addresses.get(target)
    slots: list[ReplySlot] = []
    try:
        for target, message in requests:
            slots.append(sender.ask(target, message, description, is_endless=timeout_seconds < 0)[0])
        return _answers(sender, slots, timeout_seconds)
    finally:
        for slot in slots:
            slot.close()
            sender.runtime.waits.forget(slot.queue)


def _answers(sender: Sender, slots: Sequence[ReplySlot], timeout_seconds: float) -> list[tuple[object, int]]:
    clock = sender.runtime.clock
    deadline = clock.monotonic() + timeout_seconds
    answers: list[tuple[object, int]] = []
    for slot in slots:
        answer = wait_for(slot, -1 if timeout_seconds < 0 else max(0.0, deadline - clock.monotonic()), clock)
        if answer is None:
            answers.append((None, 0))
        elif answer.is_error:
            answers.append((None, -1))
        else:
            answers.append((sender.runtime.codec.decode(answer.body), 1))
    return answers
