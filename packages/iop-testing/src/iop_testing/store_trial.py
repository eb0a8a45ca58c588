"""A store under test: how it is opened, fed and worked on by the suites for stores."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import ExitStack
from datetime import datetime, timezone

import pytest

from iop_core.events import EventType, LogEntry
from iop_core.headers import Body, MessageHeader, MessagePriority, MessageStatus, MessageType
from iop_core.store_units import Delivery, NewMessage, Settled, Unit
from iop_core.stores import ReplySlot, Store

# So long a store may take for what ought to be immediate, before a test fails instead of hanging.
PATIENCE_SECONDS = 20.0

BODY = Body("orders.Order", "json", b'{"number": "A1"}')
# Fits the interface in shape only: no store can keep it.
UNSTORABLE = Body("orders.Order", "json", "not bytes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def request(queue: str = "Sink", body: Body = BODY, priority: MessagePriority = MessagePriority.ASYNC) -> NewMessage:
    """Return a request for the queue of an item."""
    return NewMessage(MessageType.REQUEST, queue, queue, body, priority=priority, source="Source")


def event(process_id: int, queue: str = "Router") -> NewMessage:
    """Return an answer for a process instance, which must not be leased together with another one."""
    return NewMessage(MessageType.RESPONSE, queue, queue, BODY, source="Sink", process_id=process_id)


def answer(to: NewMessage, body: Body = BODY) -> NewMessage:
    """Return the answer to a synchronous request."""
    return NewMessage(
        MessageType.RESPONSE,
        to.source,
        to.return_queue,
        body,
        session_id=to.session_id,
        priority=to.priority,
        source=to.target,
        corresponding_id=to.message_id,
    )


def entry(text: str, item: str = "Sink", session_id: int = 0) -> LogEntry:
    """Return an entry of the event log."""
    return LogEntry(0, EventType.INFO, item, session_id, 0, "on_message", text, datetime.now(timezone.utc))


def settled(delivery: Delivery, status: MessageStatus = MessageStatus.COMPLETED, error: str = "") -> Settled:
    """Return the end of the handling of a leased message."""
    return Settled(delivery.message_id, delivery.queue, delivery.key, status, error)


def keep(store: Store, *new: NewMessage) -> list[int]:
    """Store messages in one unit and return their ids once they are stored."""
    assert store.submit(Unit(new=list(new))).wait(PATIENCE_SECONDS), "the unit was not stored in time"
    return [message.message_id for message in new]


def within_patience(function: Callable[..., object], *arguments: object) -> object:
    """Call a function that may block and return its result or raise its error; fail when it takes too long."""
    outcome: Future[object] = Future()

    def run() -> None:
        try:
            outcome.set_result(function(*arguments))
        except BaseException as exc:  # noqa: BLE001 - boundary: raised again by the caller
            outcome.set_exception(exc)

    # A daemon, unlike the threads of a pool: one that hangs must not keep the process from ending.
    threading.Thread(target=run, daemon=True).start()
    try:
        return outcome.result(PATIENCE_SECONDS)
    except FutureTimeoutError:
        pytest.fail(f"{function} did not return within {PATIENCE_SECONDS:g} s")


def lease(store: Store, queue: str = "Sink") -> Delivery:
    """Lease a message that must be there."""
    delivery = within_patience(store.lease, queue)
    assert isinstance(delivery, Delivery), f"queue {queue!r} gave {delivery!r}"
    return delivery


def settle(store: Store, delivery: Delivery) -> None:
    """End the handling of a leased message and wait until that is stored."""
    assert store.submit(Unit(settled=[settled(delivery)])).wait(PATIENCE_SECONDS)


def header(store: Store, message_id: int) -> MessageHeader:
    """Return the stored header of a message that must be there."""
    stored = store.reader.message(message_id)
    assert stored is not None, f"message {message_id} is not stored"
    return stored.header


def ask(store: Store) -> tuple[ReplySlot, NewMessage]:
    """Store a synchronous request and return it with the place of its answer."""
    slot = store.open_reply()
    asked = request(priority=MessagePriority.SYNC)
    asked.return_queue = slot.queue
    keep(store, asked)
    return slot, asked


class StoreTrial:
    """Fixtures of the suites for stores."""

    @pytest.fixture
    def open_store(self) -> Callable[[], Store]:
        """Return a function that opens the same place, empty at first, each time it is called."""
        raise NotImplementedError("override the 'open_store' fixture: return a function that opens your store")

    @pytest.fixture
    def open_again(self, open_store: Callable[[], Store]) -> Iterator[Callable[[], Store]]:
        """Open the place; what is open is closed at the end of the test, and queue ``Sink`` is open."""
        with ExitStack() as stack:

            def open_and_watch() -> Store:
                store = open_store()
                stack.callback(store.close)
                store.open_queue("Sink")
                return store

            yield open_and_watch

    @pytest.fixture
    def store(self, open_again: Callable[[], Store]) -> Store:
        """Open the store for the first time."""
        return open_again()
