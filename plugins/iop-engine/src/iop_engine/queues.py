"""Queues in memory: a bounded window on the messages of each queue that are on disk."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable

from iop_core.headers import MessagePriority
from iop_core.stores import Delivery

# How much of a long queue is kept in memory; the rest is read when it is needed.
WINDOW_MESSAGES = 1000
WINDOW_BYTES = 8 * 1024 * 1024

# (queue, above id, most messages, most bytes) -> the messages in order, and whether there are more.
Refill = Callable[[str, int, int, int], tuple[list[Delivery], bool]]


class Queue:
    """Messages of one queue, handed out by priority and then in order of their ids.

    Synchronous requests are always in memory; of the others only a window is, and what
    is beyond it is read from disk once the window is used up. Answers for one process
    instance are handed out one at a time.

    Args:
        name: Name of the queue.
        refill: Reads asynchronous messages of a queue from disk.
    """

    def __init__(self, name: str, refill: Refill) -> None:
        self.name = name
        self._refill = refill
        self._condition = threading.Condition()
        self._urgent: deque[Delivery] = deque()
        self._ready: deque[Delivery] = deque()
        self._ready_bytes = 0
        self._last_id = 0
        self._more_on_disk = True
        self._is_open = True
        self._busy: set[int] = set()
        self._parked: dict[int, deque[Delivery]] = {}
        # Ids of those that wait, are parked or are leased: what has no end yet.
        self.unsettled = 0

    def publish(self, delivery: Delivery) -> None:
        """Add a message that has just been stored; ids rise from call to call."""
        with self._condition:
            self.unsettled += 1
            if delivery.priority < MessagePriority.ASYNC:
                self._urgent.append(delivery)
            elif delivery.message_id <= self._last_id:
                return  # a refill has already read it
            elif self._more_on_disk or self._is_window_full():
                self._more_on_disk = True
            else:
                self._append(delivery)
            self._condition.notify()

    def lease(self) -> Delivery | None:
        """Wait for the next message; None once the queue is closed."""
        with self._condition:
            while self._is_open:
                delivery = self._take()
                if delivery is not None:
                    return delivery
                self._condition.wait()
            return None

    def release(self, key: int) -> None:
        """Let the next message of this process instance be handed out."""
        with self._condition:
            parked = self._parked.get(key)
            if parked:
                self._urgent.appendleft(parked.popleft())
                self._condition.notify()
            else:
                self._parked.pop(key, None)
            self._busy.discard(key)

    def close(self) -> None:
        """Make every ``lease`` return None, now and later."""
        with self._condition:
            self._is_open = False
            self._condition.notify_all()

    def _take(self) -> Delivery | None:
        """Return the next message whose key is free; the others are parked on the way."""
        while True:
            if self._urgent:
                delivery = self._urgent.popleft()
            else:
                if not self._ready and self._more_on_disk:
                    self._read_more()
                if not self._ready:
                    return None
                delivery = self._ready.popleft()
                self._ready_bytes -= len(delivery.body.payload)
            key = delivery.key
            if not key:
                return delivery
            if key not in self._busy:
                self._busy.add(key)
                return delivery
            self._parked.setdefault(key, deque()).append(delivery)

    def _read_more(self) -> None:
        found, self._more_on_disk = self._refill(self.name, self._last_id, WINDOW_MESSAGES, WINDOW_BYTES)
        for delivery in found:
            self._append(delivery)

    def _append(self, delivery: Delivery) -> None:
        self._ready.append(delivery)
        self._ready_bytes += len(delivery.body.payload)
        self._last_id = delivery.message_id

    def _is_window_full(self) -> bool:
        return len(self._ready) >= WINDOW_MESSAGES or self._ready_bytes >= WINDOW_BYTES


class QueueSet:
    """The queues of a store, made when first named.

    Args:
        refill: As for ``Queue``.
        counts: Queue name to number of unsettled messages found when the store was opened.
        urgent: Messages with a higher priority that were left from earlier, in order.
    """

    def __init__(self, refill: Refill, counts: dict[str, int], urgent: Iterable[Delivery]) -> None:
        self._refill = refill
        self._lock = threading.Lock()
        self._queues: dict[str, Queue] = {}
        self._opened: set[str] = set()
        for name, count in counts.items():
            self.get(name).unsettled = count
        for delivery in urgent:
            queue = self.get(delivery.queue)
            queue.publish(delivery)
            queue.unsettled -= 1  # counted above

    def get(self, name: str) -> Queue:
        """Return the queue of that name."""
        queue = self._queues.get(name)
        if queue is None:
            with self._lock:
                queue = self._queues.setdefault(name, Queue(name, self._refill))
        return queue

    def open(self, name: str) -> None:
        """Count the queue among those somebody works on."""
        self._opened.add(name)
        self.get(name)

    def close(self, name: str) -> None:
        """Stop handing out its messages."""
        self._opened.discard(name)
        self.get(name).close()

    def is_drained(self) -> bool:
        """Return whether no queue that somebody works on holds a message."""
        return all(self._queues[name].unsettled == 0 for name in tuple(self._opened))
