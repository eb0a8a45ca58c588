"""Queues in memory: a window on the disk that loses nothing, doubles nothing and keeps the order."""

from __future__ import annotations

import random
import threading
from bisect import insort
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timezone
from itertools import count
from pathlib import Path
from queue import SimpleQueue

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from iop_core.clock import SystemClock
from iop_core.headers import Body, MessagePriority, MessageType
from iop_core.store_units import Delivery, Unit
from iop_engine.queues import MESSAGE_BYTES, REFILL_MESSAGES, Queue
from iop_engine.sqlite.store import SqliteStore
from iop_testing.store_trial import keep, lease, request, settled, within_patience

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
# A window that so many messages without a body fill.
WINDOW_MESSAGES = REFILL_MESSAGES
WINDOW_BYTES = WINDOW_MESSAGES * MESSAGE_BYTES
SIZES = {size: bytes(size) for size in (0, 100, WINDOW_BYTES // 3, WINDOW_BYTES)}


def message(
    message_id: int, size: int = 0, priority: MessagePriority = MessagePriority.ASYNC, key: int = 0
) -> Delivery:
    """Return a stored message; with a key an answer for that process instance."""
    kind = MessageType.RESPONSE if key else MessageType.REQUEST
    body = Body("orders.Order", "json", SIZES[size])
    return Delivery(
        message_id, message_id, kind, "Sink", "Source", "Sink", "", priority, 0, key, False, "", "", NOW, 1, body
    )


class Disk:
    """What is stored: committed at one moment, published to the queue at a later one.

    A cautious one always says that there may be more, so that whoever finds nothing looks again.
    """

    def __init__(self, *, is_cautious: bool = False) -> None:
        self._is_cautious = is_cautious
        self.committed: dict[int, Delivery] = {}
        self.unpublished: list[Delivery] = []
        self.reads = 0
        self._read = threading.Semaphore(0)

    def commit(self, delivery: Delivery) -> None:
        self.committed[delivery.message_id] = delivery
        self.unpublished.append(delivery)

    def refill(self, _queue: str, above: int, most: int, most_bytes: int) -> tuple[list[Delivery], bool]:
        self.reads += 1
        self._read.release()
        found: list[Delivery] = []
        size = 0
        for delivery in tuple(self.committed.values()):
            if delivery.priority is MessagePriority.ASYNC and delivery.message_id > above:
                found.append(delivery)
                size += len(delivery.body.payload)
                if size >= most_bytes or len(found) == most:
                    return found, True
        return found, self._is_cautious

    def wait_for_reads(self, number: int) -> None:
        """Wait until it was read so many times; the readers hold the queue until they wait or have a message."""
        assert all(self._read.acquire(timeout=10) for _ in range(number))


class Model:
    """A queue and what it must hand out."""

    def __init__(self) -> None:
        self.disk = Disk()
        self.queue = Queue("Sink", self.disk.refill, window_bytes=WINDOW_BYTES)
        self.ids = count(1)
        self.published: list[tuple[int, int, int]] = []  # priority, id, key; sorted
        self.busy: set[int] = set()
        self.leased: dict[int, Delivery] = {}
        self.handed_out: list[int] = []

    def commit(self, number: int, size: int, priority: MessagePriority, keys: list[int]) -> None:
        for position in range(number):
            self.disk.commit(message(next(self.ids), size, priority, keys[position % len(keys)]))

    def publish(self, number: int) -> None:
        for delivery in self.disk.unpublished[:number]:
            self.queue.publish([delivery])
            insort(self.published, (delivery.priority, delivery.message_id, delivery.key))
        del self.disk.unpublished[:number]

    def lease(self, number: int) -> None:
        for _ in range(number):
            # Committed ones that are not yet published come later anyway: their ids are higher.
            expected = next((entry for entry in self.published if entry[2] not in self.busy), None)
            if expected is None:
                return
            got = self.queue.lease()
            assert got is not None
            assert (got.priority, got.message_id, got.key) == expected
            self.published.remove(expected)
            self.leased[got.message_id] = got
            self.busy |= {got.key} - {0}
            self.handed_out.append(got.message_id)

    def settle(self, number: int) -> None:
        for message_id in list(self.leased)[:number]:
            delivery = self.leased.pop(message_id)
            del self.disk.committed[message_id]
            self.queue.unsettled -= 1
            if delivery.key:
                self.busy.remove(delivery.key)
                self.queue.release(delivery.key, delivery.message_id)


NUMBERS = st.sampled_from([1, 2, 3, 40, WINDOW_MESSAGES + 1])
COMMITS = st.tuples(
    st.just(Model.commit),
    NUMBERS,
    st.sampled_from(list(SIZES)),
    st.sampled_from([MessagePriority.ASYNC] * 3 + list(MessagePriority)),
    st.sampled_from([[0], [0], [1], [1, 2, 0]]),
)
OTHERS = [st.tuples(st.just(step), NUMBERS) for step in (Model.publish, Model.lease, Model.settle)]


@settings(deadline=None, max_examples=60)
@given(steps=st.lists(st.one_of(COMMITS, *OTHERS), max_size=30))
@example(steps=[(Model.commit, 3, 0, MessagePriority.ASYNC, [0]), (Model.publish, 1), (Model.lease, 1)])
def test_window_keeps_every_message_and_the_order(steps: list[tuple[Callable[..., None], object]]) -> None:
    model = Model()
    parked = 0
    for step, *arguments in steps:
        if step is Model.commit and arguments[3] != [0]:
            parked += int(str(arguments[0]))
            if parked >= WINDOW_MESSAGES or arguments[1] != 0:  # beyond that a worker has to wait: another test
                arguments[3] = [0]
        step(model, *arguments)
    while model.disk.committed:
        model.publish(len(model.disk.unpublished))
        model.lease(len(model.published))
        model.settle(len(model.leased))
    last = message(next(model.ids))
    model.disk.commit(last)
    model.publish(1)
    assert model.queue.lease() == last, "something was handed out twice"
    assert sorted(model.handed_out) == list(range(1, last.message_id))
    assert model.queue.unsettled == 1


def test_long_queue_stays_on_disk() -> None:
    model = Model()
    model.commit(5 * WINDOW_MESSAGES, 0, MessagePriority.ASYNC, [0])
    model.publish(5 * WINDOW_MESSAGES)
    model.lease(1)
    assert model.disk.reads == 1
    model.lease(5 * WINDOW_MESSAGES)
    assert model.handed_out == list(range(1, 5 * WINDOW_MESSAGES + 1))
    assert 5 <= model.disk.reads <= 7


def test_parked_answers_are_bounded() -> None:
    """Behind a busy process instance not the whole disk is read into memory."""
    model = Model()
    model.commit(10 * WINDOW_MESSAGES, 0, MessagePriority.ASYNC, [1])
    model.commit(1, 0, MessagePriority.ASYNC, [2])
    model.publish(10 * WINDOW_MESSAGES + 1)
    model.lease(1)
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(model.queue.lease)  # parks a window of them and waits
        urgent = message(99_999, priority=MessagePriority.SYNC)
        model.queue.publish([urgent])
        assert other.result(10) == urgent
    assert model.disk.reads <= 2
    for expected in range(2, 10 * WINDOW_MESSAGES + 1):
        model.queue.release(1, expected - 1)
        got = model.queue.lease()
        assert got is not None
        assert got.message_id == expected
    assert model.queue.lease() == message(10 * WINDOW_MESSAGES + 1, key=2)


def test_short_queue_is_not_read_again() -> None:
    """As long as the window holds all that waits, the disk is left alone."""
    model = Model()
    for _ in range(2 * WINDOW_MESSAGES):
        model.commit(1, WINDOW_BYTES // 3, MessagePriority.ASYNC, [0])
        model.publish(1)
        model.lease(1)
        model.settle(1)
    assert model.disk.reads == 1


class Workers:
    """Threads that lease one message each and say which they got."""

    def __init__(self, queue: Queue, number: int) -> None:
        self._queue = queue
        self._got: SimpleQueue[int] = SimpleQueue()
        self._threads = [threading.Thread(target=self._work) for _ in range(number)]

    def __enter__(self) -> Workers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.close()
        for thread in self._threads:
            thread.join()

    def got(self, number: int) -> list[int]:
        """Return the sorted ids of the next so many messages that were leased."""
        return sorted(self._got.get(timeout=10) for _ in range(number))

    def _work(self) -> None:
        delivery = self._queue.lease()
        if delivery is not None:
            self._got.put(delivery.message_id)


def test_waiting_workers_are_all_woken() -> None:
    """What a refill read for one worker reaches the others, too."""
    disk = Disk(is_cautious=True)
    queue = Queue("Sink", disk.refill)
    with Workers(queue, 4) as workers:
        disk.wait_for_reads(4)  # every worker looked in vain
        for message_id in range(1, 5):
            disk.commit(message(message_id))
        queue.publish([disk.unpublished[0]])
        disk.wait_for_reads(1)  # by one worker, of all four messages
        for delivery in disk.unpublished[1:]:
            queue.publish([delivery])
        assert workers.got(4) == [1, 2, 3, 4]


def test_end_of_a_withdrawn_message_does_not_free_the_key_of_another() -> None:
    disk = Disk()
    queue = Queue("Sink", disk.refill)
    for message_id, key in ((1, 7), (2, 7), (3, 7), (4, 8), (5, 9)):
        disk.commit(message(message_id, key=key))
        queue.publish([disk.unpublished[-1]])
    assert [queue.lease(), queue.lease()] == [disk.committed[1], disk.committed[4]]
    assert queue.withdraw(2, MessagePriority.ASYNC) == disk.committed[2]
    queue.release(7, 2)
    assert queue.lease() == disk.committed[5]
    queue.release(7, 1)
    assert queue.lease() == disk.committed[3]


def test_urgent_message_that_is_leased_is_not_withdrawn() -> None:
    disk = Disk()
    queue = Queue("Sink", disk.refill)
    disk.commit(message(1)._replace(priority=MessagePriority.SYNC))
    queue.publish([disk.unpublished[0]])
    leased = queue.lease()
    assert leased is not None
    assert queue.withdraw(1, leased.priority) is False
    queue.put_back(leased)
    assert queue.withdraw(1, leased.priority) == leased


def test_message_that_was_put_back_comes_before_those_that_waited_for_it() -> None:
    disk = Disk()
    queue = Queue("Sink", disk.refill)
    for message_id, key in ((1, 7), (2, 7), (3, 8)):
        disk.commit(message(message_id, key=key))
        queue.publish([disk.unpublished[-1]])
    assert [queue.lease(), queue.lease()] == [disk.committed[1], disk.committed[3]]
    queue.put_back(disk.committed[1])
    assert queue.lease() == disk.committed[1]
    queue.release(7, 1)
    assert queue.lease() == disk.committed[2]


def test_released_key_wakes_a_waiting_worker() -> None:
    """A parked answer is handed out when the one before it is settled, with nothing else going on."""
    disk = Disk(is_cautious=True)
    queue = Queue("Sink", disk.refill)
    for message_id in (1, 2):
        disk.commit(message(message_id, key=7))
        queue.publish([disk.unpublished[-1]])
    with Workers(queue, 2) as workers:
        assert workers.got(1) == [1]
        disk.wait_for_reads(2)  # the second worker parked the other one and looked in vain
        queue.release(7, 1)
        assert workers.got(1) == [2]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore.open(str(tmp_path), namespace="Test", durability="normal", clock=SystemClock())) as opened:
        opened.open_queue("Sink")
        yield opened


def test_store_refills_while_it_publishes(store: SqliteStore) -> None:
    """Producers and a worker at the same time, around the edge of the window."""
    produced: list[list[int]] = [[], []]
    total = 2 * 3 * WINDOW_MESSAGES

    def produce(number: int) -> None:
        chance = random.Random(number)
        while (left := total // 2 - len(produced[number])) > 0:
            messages = [request() for _ in range(min(left, chance.choice([1, 5, 200])))]
            store.submit(Unit(new=messages))
            produced[number] += [message.message_id for message in messages]

    producers = [threading.Thread(target=produce, args=(number,)) for number in range(2)]
    for thread in producers:
        thread.start()
    leased: list[int] = []

    def work() -> bool:
        chance = random.Random(9)
        while len(leased) < total:
            delivery = store.lease("Sink")
            assert delivery is not None
            leased.append(delivery.message_id)
            store.submit(Unit(settled=[settled(delivery)])).wait(0 if chance.random() < 0.9 else None)
        return True

    assert within_patience(work)
    for thread in producers:
        thread.join()
    assert leased == sorted(produced[0] + produced[1])
    assert store.wait_until_idle(10)


def test_store_refills_large_messages(store: SqliteStore) -> None:
    """More bytes than the window holds: all come, in order."""
    body = Body("orders.Order", "json", bytes(WINDOW_BYTES // 4))
    ids = [keep(store, request(body=body), request())[0] for _ in range(10)]
    leased = [lease(store) for _ in range(20)]
    assert [delivery.message_id for delivery in leased[::2]] == ids
    assert [delivery.message_id for delivery in leased[1::2]] == [message_id + 1 for message_id in ids]
    assert leased[18].body == body


def test_urgent_message_is_withdrawn_before_it_is_published() -> None:
    """It can be seen on the disk a moment before that."""
    disk = Disk()
    queue = Queue("Sink", disk.refill)
    for message_id in (1, 2):
        disk.commit(message(message_id, priority=MessagePriority.SYNC))
    assert queue.withdraw(1, MessagePriority.SYNC) is True
    assert queue.withdraw(1, MessagePriority.SYNC) is False
    queue.publish(disk.unpublished)
    assert queue.lease() == disk.committed[2]
    assert queue.withdraw(2, MessagePriority.SYNC) is False


def test_urgent_message_that_came_back_or_was_moved_here_is_not_withdrawn_while_it_is_leased() -> None:
    queue = Queue("Sink", Disk().refill)
    back, moved = (message(number, priority=MessagePriority.SYNC) for number in (5, 7))
    queue.expect(5)
    queue.publish_again(back)
    assert queue.lease() == back
    assert queue.withdraw(5, MessagePriority.SYNC) is False
    queue.read_again(1, [moved])
    assert queue.lease() == moved
    assert queue.withdraw(7, MessagePriority.SYNC) is False
