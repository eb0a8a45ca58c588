"""Where synchronous callers wait for their answers."""

from __future__ import annotations

import itertools
import threading

from iop_core.errors import StoreError
from iop_core.stores import SYNC_CALL_PREFIX, Delivery


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
        self._latch = threading.Lock()
        self._latch.acquire()
        self._claimed_by = 0
        self._is_open = True
        self._answer: Delivery | StoreError | None = None

    @property
    def queue(self) -> str:
        """Name to put into the request's ``return_queue``."""
        return self._queue

    def wait(self, timeout_seconds: float | None) -> Delivery | None:
        """Wait for the stored answer; None when time ran out.

        Raises:
            StoreError: The store was closed before an answer came.
        """
        limit = -1.0 if timeout_seconds is None or timeout_seconds < 0 else timeout_seconds
        if not self._latch.acquire(timeout=min(limit, threading.TIMEOUT_MAX)):
            with self._lock:
                if not self._claimed_by and self._answer is None:
                    self._is_open = False
            if self._is_open:
                self._latch.acquire()
        self._slots.forget(self._queue)
        if isinstance(self._answer, StoreError):
            raise self._answer
        return self._answer

    def close(self) -> None:
        """Stop waiting."""
        with self._lock:
            self._is_open = False
        self._slots.forget(self._queue)

    def claim(self, message_id: int) -> bool:
        """Reserve the slot for this answer; False when nobody waits for it any more."""
        with self._lock:
            if self._is_open and self._claimed_by in (0, message_id):
                self._claimed_by = message_id
                return True
            return False

    def unclaim(self) -> None:
        """Undo ``claim``: the answer could not be written."""
        with self._lock:
            self._claimed_by = 0

    def deliver(self, answer: Delivery | StoreError) -> None:
        """Hand over a claimed answer, or an error, and wake the caller; only the first counts."""
        with self._lock:
            is_for_nobody = isinstance(answer, Delivery) and answer.message_id != self._claimed_by
            if is_for_nobody or self._answer is not None:
                return
            self._answer = answer
        self._latch.release()


class Slots:
    """All open slots by queue name."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._open: dict[str, Slot] = {}

    def open(self) -> Slot:
        """Make a slot with a queue name of its own."""
        slot = Slot(self, f"{SYNC_CALL_PREFIX}{next(self._numbers)}")
        self._open[slot.queue] = slot
        return slot

    def find(self, queue: str) -> Slot | None:
        """Return the slot of that queue name, or None when nobody waits there."""
        return self._open.get(queue)

    def forget(self, queue: str) -> None:
        """Remove a slot."""
        self._open.pop(queue, None)

    def abandon(self, error: StoreError) -> None:
        """Wake all callers with an error: no answer can come any more."""
        for slot in tuple(self._open.values()):
            slot.deliver(error)
