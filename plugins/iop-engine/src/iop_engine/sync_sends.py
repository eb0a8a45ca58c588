"""Sends whose caller waits for the answer."""

from __future__ import annotations

from collections.abc import Sequence

from iop_core.errors import RequestFailedError
from iop_core.headers import MessagePriority
from iop_core.stores import ReplySlot
from iop_engine import crash_points
from iop_engine.answers import message_of, wait_for
from iop_engine.in_proc_calls import call
from iop_engine.sender import Sender


def send_sync(sender: Sender, target: str, message: object, timeout_seconds: float, description: str) -> object:
    """Send a request and wait for the reply; see ``Host``."""
    if sender.runtime.addresses.get(target).is_in_proc:
        return _send_in_proc(sender, target, message, description)
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
    slots: dict[int, ReplySlot] = {}
    in_proc: dict[int, tuple[object, int]] = {}
    try:
        for place, (target, message) in enumerate(requests):
            if sender.runtime.addresses.get(target).is_in_proc:
                in_proc[place] = _answer_in_proc(sender, target, message, description)
            else:
                slots[place] = sender.ask(target, message, description, is_endless=timeout_seconds < 0)[0]
        answers = dict(zip(slots, _answers(sender, tuple(slots.values()), timeout_seconds), strict=True))
        return [answers.get(place) or in_proc[place] for place in range(len(requests))]
    finally:
        for slot in slots.values():
            slot.close()
            sender.runtime.waits.forget(slot.queue)


def _send_in_proc(sender: Sender, target: str, message: object, description: str) -> object:
    """Have a request handled now, in this job; a time limit cannot interrupt it."""
    scope = sender.own_scope()
    request = sender.request(target, message, description, scope)
    request.priority = MessagePriority.SYNC
    try:
        return call(request, sender.runtime)
    finally:
        if scope is not None and request.session_id:
            scope.follow(request.session_id)


def _answer_in_proc(sender: Sender, target: str, message: object, description: str) -> tuple[object, int]:
    try:
        return _send_in_proc(sender, target, message, description), 1
    except RequestFailedError:
        return None, -1


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
