"""Where synchronous callers wait for their answers."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable

from iop_core.errors import StoreError
from iop_core.headers import MessageStatus
from iop_core.store_units import SYNC_CALL_PREFIX, Delivery


class Slot:
    """The place of one answer.

    An answer is *claimed* right before it is written and *delivered* once it is on disk. A
    caller whose time runs out between the two waits for the second; one whose time
    runs out before the first is gone, and the answer is stored as Discarded.
    """

    def __init__(self, slots: Slots, queue: str) -> None:
        self._slots = slots
        self._queue = queue
        self._lock = threading.Lock()
        # Taken until the caller who waits has to look again.
        self._latch = threading.Lock()
        self._latch.acquire()
        self._request_id = 0
        self._claimed_by = 0
        self._is_open = True
        self._answer: Delivery | StoreError | None = None
        self._on_answer: Callable[[], None] | None = None

    @property
    def queue(self) -> str:
        """Name to put into the request's ``return_queue``."""
        return self._queue

    def wait(self, timeout_seconds: float | None) -> Delivery | None:
        """Wait for the stored answer; None when time ran out.

        Raises:
            StoreError: The store was closed before an answer came.
        """
        limit = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while not self._ends_by(limit):
            # One that is claimed is on its way to the disk: it will be stored as taken, so it must be taken.
            left = -1.0 if limit is None or self._claimed_by else max(0.0, limit - time.monotonic())
            self._latch.acquire(timeout=min(left, threading.TIMEOUT_MAX))
        self._slots.forget(self._queue)
        if isinstance(self._answer, StoreError):
            raise self._answer
        return self._answer

    def on_answer(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called once ``wait`` would return the answer, or an error, at once."""
        with self._lock:
            self._on_answer = callback
            is_over = self._answer is not None
        if is_over:
            callback()

    def close(self) -> None:
        """Stop waiting."""
        with self._lock:
            self._is_open = False
            self._wake()
        self._slots.forget(self._queue)

    def expect(self, request_id: int) -> None:
        """Take only the answer to this request, which is on its way to the disk."""
        with self._lock:
            self._request_id = request_id
            if isinstance(self._answer, StoreError):  # it was refused, and is tried again
                self._answer = None
                self._latch.acquire(blocking=False)

    def claim(self, message_id: int, request_id: int) -> bool:
        """Reserve the slot for this answer; False when it is not the one that is waited for."""
        with self._lock:
            if self._is_open and request_id == self._request_id and self._claimed_by in (0, message_id):
                self._claimed_by = message_id
                return True
            return False

    def unclaim(self, message_id: int) -> None:
        """Undo ``claim``: the answer could not be written."""
        with self._lock:
            if self._claimed_by == message_id:
                self._claimed_by = 0
                self._wake()

    def deliver(self, answer: Delivery | StoreError) -> None:
        """Hand over a claimed answer, or an error, and wake the caller; only the first counts."""
        with self._lock:
            is_for_nobody = isinstance(answer, Delivery) and answer.message_id != self._claimed_by
            if is_for_nobody or self._answer is not None:
                return
            self._answer = answer
            self._wake()
            callback = self._on_answer
        if callback is not None:
            callback()

    def _ends_by(self, limit: float | None) -> bool:
        """Return whether waiting is over, and let no answer in any more when it is."""
        with self._lock:
            if self._answer is None and self._is_open:
                if self._claimed_by or limit is None or time.monotonic() < limit:
                    return False
            self._is_open = False
            return True

    def _wake(self) -> None:
        if self._latch.locked():
            self._latch.release()


class Slots:
    """All open slots by queue name.

    Names begin anew with every start of an engine. An answer to a request from before the
    start may thus name a slot of today: that is why a slot knows its request.

    Args:
        last_id_before: Highest message id of earlier runs.
    """

    def __init__(self, last_id_before: int = 0) -> None:
        self._last_id_before = last_id_before
        self._numbers = itertools.count(1)
        self._open: dict[str, Slot] = {}
        self._error: StoreError | None = None

    def open(self) -> Slot:
        """Make a slot with a queue name of its own."""
        slot = Slot(self, f"{SYNC_CALL_PREFIX}{next(self._numbers)}")
        self._open[slot.queue] = slot
        if self._error is not None:
            slot.deliver(self._error)
        return slot

    def expect(self, queue: str, request_id: int) -> None:
        """Connect a slot with its request, which has just got its id."""
        slot = self._open.get(queue)
        if slot is not None:
            slot.expect(request_id)

    def claim(self, queue: str, message_id: int, request_id: int) -> MessageStatus:
        """Reserve the slot of an answer and return how the answer is stored.

        Completed when its caller waits, Discarded when the caller gave up, Suspended when the
        caller ended with an earlier run, before it could read it.
        """
        slot = self._open.get(queue)
        if slot is not None and slot.claim(message_id, request_id):
            return MessageStatus.COMPLETED
        return MessageStatus.DISCARDED if request_id > self._last_id_before else MessageStatus.SUSPENDED

    def unclaim(self, queue: str, message_id: int) -> None:
        """Undo ``claim`` for an answer that could not be written."""
        slot = self._open.get(queue)
        if slot is not None:
            slot.unclaim(message_id)

    def deliver(self, answer: Delivery) -> None:
        """Hand over an answer that is on disk now."""
        slot = self._open.get(answer.queue)
        if slot is not None:
            slot.deliver(answer)

    def forget(self, queue: str) -> None:
        """Remove a slot."""
        self._open.pop(queue, None)

    def refuse(self, queues: Iterable[str], error: StoreError) -> None:
        """Wake the callers of requests that could not be stored."""
        for queue in queues:
            slot = self._open.get(queue)
            if slot is not None:
                slot.deliver(error)

    def abandon(self, error: StoreError) -> None:
        """Wake all callers with an error, now and later: no answer can come any more."""
        self._error = error
        for slot in tuple(self._open.values()):
            slot.deliver(error)
