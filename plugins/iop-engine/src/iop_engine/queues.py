"""Queues in memory: a bounded window on the messages of each queue that are on disk."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import TypeAlias

from iop_core.headers import MessagePriority, MessageType
from iop_core.store_units import Delivery

WINDOW_BYTES = 8 * 1024 * 1024
# What a waiting message takes besides its body, and how many are read from disk at once.
MESSAGE_BYTES = 600
REFILL_MESSAGES = 1000

_ASYNC = MessagePriority.ASYNC

Ranked: TypeAlias = tuple[int, int, Delivery]

# (queue, above id, most messages, most bytes) -> the messages in order, and whether there are more.
Refill = Callable[[str, int, int, int], tuple[list[Delivery], bool]]


class Queue:
    """Messages of one queue, handed out by priority and then in order of their ids.

    Messages of a higher priority than asynchronous ones are always in memory; of the
    others only a window is, and what is beyond it is read from disk once the window is
    used up. Answers for one process instance are handed out one at a time: those that
    come while one is being handled are *parked*, and count like a window too.

    Args:
        name: Name of the queue.
        refill: Reads asynchronous messages of a queue from disk.
        window_bytes: How much of a long queue is kept in memory; the rest is read when it is needed.
    """

    def __init__(self, name: str, refill: Refill, *, window_bytes: int = WINDOW_BYTES) -> None:
        self.name = name
        self._window_bytes = window_bytes
        self._refill = refill
        self._lock = threading.Lock()
        self._condition = threading.Condition(self._lock)
        # Heaps of (priority, id, delivery): what goes before the window, and what waits for a key.
        self._urgent: list[Ranked] = []
        self._parked: dict[int | str, list[Ranked]] = {}
        self._parked_bytes = 0
        self._ready: deque[Delivery] = deque()
        self._ready_bytes = 0
        self._last_id = 0
        self._published_to = 0
        self._more_on_disk = True
        self._is_open = True
        self._takes_async = True
        # While the queue quiesces: put back, or of high priority though nobody waits for it.
        self._held: list[Delivery] = []
        # How many are waiting in ``lease``.
        self._jobs_waiting = 0
        # Key to the message that holds it.
        self._busy: dict[int | str, int] = {}
        # Withdrawn before they were read from disk, and on their way back after an operator's deed.
        self._withdrawn: set[int] = set()
        self._returning: set[int] = set()
        # How many wait, are parked or are leased: what has no end yet.
        self.unsettled = 0

    def publish(self, deliveries: Sequence[Delivery]) -> None:
        """Add messages that have just been stored, in order; ids rise from call to call."""
        with self._lock:
            self.unsettled += len(deliveries)
            self._published_to = max(self._published_to, deliveries[-1].message_id)
            for delivery in deliveries:
                if self._withdrawn and delivery.message_id in self._withdrawn:
                    self._withdrawn.discard(delivery.message_id)
                elif delivery.priority < _ASYNC:
                    self._push(delivery)
                elif not self._stays_on_disk(delivery.message_id):
                    self._append(delivery)
            # Also for those on disk: a refill reads for one worker what others may be waiting for.
            if self._jobs_waiting:
                self._condition.notify(len(deliveries))

    def lease(self, is_called_away: Callable[[], object] | None = None) -> Delivery | None:
        """Wait for the next message; None once the queue is closed, or the caller is called away while he waits."""
        with self._lock:
            while self._is_open:
                delivery = self._take()
                if delivery is not None:
                    return delivery
                if is_called_away is None or not is_called_away():
                    self._wait()
                if is_called_away is not None and is_called_away():
                    self._condition.notify()  # what this one was woken for is left to another
                    return None
            return None

    def _wait(self) -> None:
        self._jobs_waiting += 1
        self._condition.wait()
        self._jobs_waiting -= 1

    def quiesce(self) -> None:
        """Hand out only messages that somebody waits for, until ``open``."""
        with self._lock:
            self._takes_async = False
            self._held += [ranked[2] for ranked in self._urgent if _may_wait(ranked[2])]
            self._urgent = [ranked for ranked in self._urgent if not _may_wait(ranked[2])]
            heapify(self._urgent)

    def is_resting(self, jobs: int) -> bool:
        """Return whether so many wait in ``lease``, and no synchronous message waits for them."""
        with self._lock:
            return self._jobs_waiting >= jobs and not self._has_sync()

    def withdraw(self, message_id: int, priority: MessagePriority) -> Delivery | bool:
        """Take a waiting message out.

        Args:
            message_id: The message.
            priority: Its priority; only asynchronous messages ever wait on disk alone.

        Returns:
            The message; True when it waits too, but is to be read from disk; False when it
            does not wait.
        """
        with self._lock:
            found = _taken_out(self._urgent, message_id)
            if found is not None:
                return found
            for key, parked in self._parked.items():
                found = _taken_out(parked, message_id)
                if found is not None:
                    self._parked_bytes -= _size_of(found)
                    if not parked:
                        del self._parked[key]
                    return found
            found = next((delivery for delivery in self._held if delivery.message_id == message_id), None)
            if found is not None:
                self._held.remove(found)
                return found
            found = next((delivery for delivery in self._ready if delivery.message_id == message_id), None)
            if found is not None:
                self._ready.remove(found)
                self._ready_bytes -= _size_of(found)
                return found
            # One that is on disk and not yet published is thrown away when it is.
            comes = message_id > self._published_to if priority < _ASYNC else message_id > self._last_id
            if not comes or message_id in self._withdrawn:
                return False
            self._withdrawn.add(message_id)
            return True

    def put_back(self, delivery: Delivery) -> None:
        """Let a leased message wait again, at its old place."""
        with self._lock:
            if self._busy.get(delivery.key) == delivery.message_id:
                del self._busy[delivery.key]
            if self._takes_async:
                heappush(self._urgent, _ranked(delivery))
            else:  # its job gave it up because of the stop, and must not get it again at once
                self._held.append(delivery)
            self._condition.notify()

    def expect(self, message_id: int) -> None:
        """Prepare for a message that had ended and will wait again, before that is on disk."""
        with self._lock:
            self._returning.add(message_id)
            self._withdrawn.discard(message_id)

    def publish_again(self, delivery: Delivery) -> None:
        """Add a message that ``expect`` announced, now that it is on disk."""
        with self._lock:
            self._published_to = max(self._published_to, delivery.message_id)
            self.unsettled += 1
            if delivery.message_id in self._returning:  # else a refill has already read it
                self._returning.discard(delivery.message_id)
                if delivery.priority < MessagePriority.ASYNC or delivery.message_id <= self._last_id:
                    self._push(delivery)
                elif not self._more_on_disk:
                    self._append(delivery)
            self._condition.notify_all()

    def read_again(self, count: int, urgent: Iterable[Delivery]) -> None:
        """Take over what is on disk, because messages were moved there; none may be leased.

        Args:
            count: How many messages the queue holds.
            urgent: Those of them with a higher priority than asynchronous ones, in order.
        """
        with self._lock:
            self._urgent = [_ranked(delivery) for delivery in urgent]
            self._published_to = max([self._published_to, *(ranked[1] for ranked in self._urgent)])
            self._ready.clear()
            self._parked.clear()
            self._held.clear()
            self._busy.clear()
            self._ready_bytes = self._parked_bytes = self._last_id = 0
            self._more_on_disk = True
            self.unsettled = count

    def nudge(self) -> None:
        """Have everybody who waits look whether he is called away."""
        with self._lock:
            self._condition.notify_all()

    def release(self, key: int | str, message_id: int) -> None:
        """Let the next message with this key be handed out, unless another one than this holds it."""
        with self._lock:
            if self._busy.get(key, message_id) != message_id:
                return  # this one was withdrawn while it waited for the other
            self._busy.pop(key, None)
            parked = self._parked.get(key)
            if parked is None:
                return
            ranked = heappop(parked)
            if not parked:
                del self._parked[key]
            self._parked_bytes -= _size_of(ranked[2])
            heappush(self._urgent, ranked)
            # One for this message, and those that found no room to park more.
            self._condition.notify_all()

    def open(self) -> None:
        """Hand out messages, also after ``close``."""
        with self._lock:
            self._is_open = self._takes_async = True
            for delivery in self._held:
                heappush(self._urgent, _ranked(delivery))
            self._held.clear()

    def close(self) -> None:
        """Make every ``lease`` return None, now and later."""
        with self._lock:
            self._is_open = False
            self._condition.notify_all()

    def _push(self, delivery: Delivery) -> None:
        if self._takes_async or not _may_wait(delivery):
            heappush(self._urgent, _ranked(delivery))
        else:
            self._held.append(delivery)

    def _take(self) -> Delivery | None:
        """Return the next message whose key is free; the others are parked on the way."""
        while self._takes_async or self._has_sync():
            # One that was put back may be younger than the first of the window.
            if self._urgent and not (self._ready and _ranked(self._ready[0]) < self._urgent[0]):
                delivery = heappop(self._urgent)[2]
            else:
                # Beyond so many parked ones it is better to wait than to read the whole disk into memory.
                if self._parked_bytes >= self._window_bytes:
                    return None
                if not self._ready and self._more_on_disk:
                    self._read_more()
                if not self._ready:
                    return None
                delivery = self._ready.popleft()
                self._ready_bytes -= len(delivery.body.payload) + MESSAGE_BYTES
            key = delivery.key
            if not key or self._claim_key(key, delivery):
                return delivery
        return None

    def _has_sync(self) -> bool:
        return bool(self._urgent) and self._urgent[0][0] <= MessagePriority.SYNC

    def _claim_key(self, key: int | str, delivery: Delivery) -> bool:
        """Take the key of a message; park the message when the key is busy."""
        if key not in self._busy:
            self._busy[key] = delivery.message_id
            return True
        heappush(self._parked.setdefault(key, []), _ranked(delivery))
        self._parked_bytes += _size_of(delivery)
        return False

    def _read_more(self) -> None:
        found, self._more_on_disk = self._refill(self.name, self._last_id, REFILL_MESSAGES, self._window_bytes)
        for delivery in found:
            if delivery.message_id in self._withdrawn:
                self._last_id = delivery.message_id
                continue
            self._returning.discard(delivery.message_id)
            self._append(delivery)
        if self._withdrawn:
            self._withdrawn = {number for number in self._withdrawn if number > min(self._last_id, self._published_to)}

    def _append(self, delivery: Delivery) -> None:
        self._ready.append(delivery)
        self._ready_bytes += len(delivery.body.payload) + MESSAGE_BYTES
        self._last_id = delivery.message_id

    def _stays_on_disk(self, message_id: int) -> bool:
        """Return whether a new asynchronous message is left to a refill, or one has already read it."""
        if message_id <= self._last_id:
            return True
        self._more_on_disk = self._more_on_disk or self._ready_bytes >= self._window_bytes
        return self._more_on_disk


def _size_of(delivery: Delivery) -> int:
    return len(delivery.body.payload) + MESSAGE_BYTES


def _ranked(delivery: Delivery) -> Ranked:
    return delivery.priority, delivery.message_id, delivery


def _may_wait(delivery: Delivery) -> bool:
    """Return whether nobody waits for a message, whatever its priority: it was resent to the head of the queue."""
    is_resent = delivery.priority is MessagePriority.HIGH_SYNC and delivery.type is MessageType.REQUEST
    return is_resent and not delivery.return_queue


def _taken_out(heap: list[Ranked], message_id: int) -> Delivery | None:
    """Remove a message from a heap and return it, or None."""
    found = next((ranked for ranked in heap if ranked[1] == message_id), None)
    if found is None:
        return None
    heap.remove(found)
    heapify(heap)
    return found[2]


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
            queue.publish([delivery])
            queue.unsettled -= 1  # counted above

    def get(self, name: str) -> Queue:
        """Return the queue of that name."""
        queue = self._queues.get(name)
        if queue is None:
            with self._lock:
                queue = self._queues.setdefault(name, Queue(name, self._refill))
        return queue

    def publish(self, arrivals: Mapping[str, Sequence[Delivery]]) -> None:
        """Add messages that have just been stored, by queue."""
        for name, deliveries in arrivals.items():
            self.get(name).publish(deliveries)

    def open(self, name: str, *, is_background: bool = False) -> None:
        """Hand out its messages, and count it among those somebody works on unless in the background."""
        self.get(name).open()
        if is_background:
            self._opened.discard(name)
        else:
            self._opened.add(name)

    def close(self, name: str) -> None:
        """Stop handing out its messages."""
        self._opened.discard(name)
        self.get(name).close()

    def is_resting(self, jobs: Mapping[str, int]) -> bool:
        """Return whether no synchronous message waits in these queues, and so many wait for one."""
        return all(self.get(name).is_resting(number) for name, number in jobs.items())

    def close_all(self) -> None:
        """Stop handing out anything."""
        with self._lock:
            names = tuple(self._queues)
        for name in names:
            self.close(name)

    def is_drained(self) -> bool:
        """Return whether no queue that somebody works on holds a message."""
        return all(self._queues[name].unsettled == 0 for name in tuple(self._opened))
