"""Sends whose caller awaits the answer in an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from iop_core.clock import Clock, SystemClock
from iop_core.errors import StoreError
from iop_core.store_units import NewMessage, Unit
from iop_engine.answers import message_of
from iop_engine.in_proc_calls import call
from iop_engine.runtime import Runtime
from iop_engine.sender import RETRY_SECONDS, Sender, waits_for_room


async def send_and_await(
    sender: Sender, target: str, message: object, timeout_seconds: float, description: str
) -> object:
    """Send a request and await the reply; see ``Host``."""
    scope = sender.own_scope()
    if sender.runtime.addresses.get(target).is_in_proc:
        # In a thread, because it would hold up the event loop.
        request = sender.request(target, message, description, scope)
        return await asyncio.to_thread(_call_for, threading.get_ident(), request, sender.runtime)
    while True:
        try:
            return await _await_answer(sender, target, message, timeout_seconds, description)
        except StoreError as exc:
            if not waits_for_room(scope, exc) or sender.runtime.is_stopping.is_set():
                raise
        await asyncio.sleep(RETRY_SECONDS)


def _call_for(job: int, request: NewMessage, runtime: Runtime) -> object:
    with runtime.waits.acting_for(job):
        return call(request, runtime)


async def _await_answer(
    sender: Sender, target: str, message: object, timeout_seconds: float, description: str
) -> object:
    loop = asyncio.get_running_loop()
    is_over = asyncio.Event()
    scope = sender.own_scope()
    slot, request = sender.prepare(target, message, description, scope)
    call_off = _limit(sender.runtime.clock, timeout_seconds, is_over)
    try:
        if timeout_seconds < 0:
            sender.expect(slot, request, scope)
        slot.on_answer(lambda: _wake(loop, is_over))
        # Not waited for: the answer comes after the request is stored, or tells that it was not.
        sender.runtime.store.submit(Unit(new=[request]))
        if scope is not None:
            scope.follow(request.session_id)
        await is_over.wait()
        return message_of(slot.wait(0), sender.runtime.codec, target=target, timeout_seconds=timeout_seconds)
    finally:
        slot.close()
        sender.runtime.waits.forget(slot.queue)
        call_off()


def _limit(clock: Clock, timeout_seconds: float, is_over: asyncio.Event) -> Callable[[], None]:
    """Have an event set when time has run out on a clock; return what calls that off."""
    loop = asyncio.get_running_loop()
    alarm = clock.alarm()
    if timeout_seconds < 0:
        return alarm.set
    if isinstance(clock, SystemClock):  # the loop can do that without a thread
        return loop.call_later(timeout_seconds, is_over.set).cancel
    moment = clock.monotonic() + timeout_seconds

    def wait() -> None:
        if not alarm.wait_until(moment):
            _wake(loop, is_over)

    threading.Thread(target=wait, name="iop-await-limit", daemon=True).start()
    return alarm.set


def _wake(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    try:
        loop.call_soon_threadsafe(event.set)
    except RuntimeError:
        pass  # the loop was closed meanwhile: nobody waits any more
