"""Sends whose caller awaits the answer in an event loop."""

from __future__ import annotations

import asyncio

from iop_core.errors import StoreError
from iop_core.stores import Unit
from iop_engine.answers import message_of
from iop_engine.sender import RETRY_SECONDS, Sender, waits_for_room


async def send_and_await(
    sender: Sender, target: str, message: object, timeout_seconds: float, description: str
) -> object:
    """Send a request and await the reply; see ``Host``."""
    scope = sender.own_scope()
    while True:
        try:
            return await _await_answer(sender, target, message, timeout_seconds, description)
        except StoreError as exc:
            if not waits_for_room(scope, exc) or sender.runtime.is_stopping.is_set():
                raise
        await asyncio.sleep(RETRY_SECONDS)


async def _await_answer(
    sender: Sender, target: str, message: object, timeout_seconds: float, description: str
) -> object:
    loop = asyncio.get_running_loop()
    is_over = asyncio.Event()
    scope = sender.own_scope()
    slot, request = sender.prepare(target, message, description, scope)
    timer = loop.call_later(timeout_seconds, is_over.set) if timeout_seconds >= 0 else None
    try:
        slot.on_answer(lambda: _wake(loop, is_over))
        # Not waited for: the answer comes after the request is stored, or tells that it was not.
        sender.runtime.store.submit(Unit(new=[request]))
        if scope is not None:
            scope.follow(request.session_id)
        await is_over.wait()
        return message_of(slot.wait(0), sender.runtime.codec, target=target, timeout_seconds=timeout_seconds)
    finally:
        slot.close()
        if timer is not None:
            timer.cancel()


def _wake(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    try:
        loop.call_soon_threadsafe(event.set)
    except RuntimeError:
        pass  # the loop was closed meanwhile: nobody waits any more
