"""What every store must do.

An author of a store subclasses the suite and gives one fixture, which opens the same
empty place again and again:

    class TestMyStore(StoreSuite):
        @pytest.fixture
        def open_store(self, tmp_path: Path) -> Callable[[], Store]:
            return lambda: MyStore.open(str(tmp_path), namespace="Test", durability="full", clock=SystemClock())
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from iop_core.errors import StoreError
from iop_core.events import MessageFilter
from iop_core.headers import MessagePriority, MessageStatus
from iop_core.store_units import Delivery, ProcessRecord, Unit
from iop_core.stores import Store
from iop_testing.store_trial import (
    PATIENCE_SECONDS,
    UNSTORABLE,
    StoreTrial,
    entry,
    event,
    header,
    keep,
    lease,
    request,
    settle,
    settled,
    within_patience,
)


class StoreSuite(StoreTrial):
    """Checks of units, order and leases; subclass it as ``Test...`` and give the ``open_store`` fixture."""

    # Messages and sessions

    def test_ids_rise(self, store: Store) -> None:
        """Ids are positive, rise in the order of submitting and are known at once."""
        messages = [request() for _ in range(6)]
        tickets = [store.submit(Unit(new=messages[start : start + 2])) for start in (0, 2, 4)]
        ids = [message.message_id for message in messages]
        assert all(ticket.wait(PATIENCE_SECONDS) for ticket in tickets)
        assert ids[0] > 0
        assert ids == sorted(set(ids))

    def test_ids_go_on_after_reopen(self, store: Store, open_again: Callable[[], Store]) -> None:
        """An id is never given twice."""
        before = keep(store, request(), request())
        store.close()
        assert min(keep(open_again(), request())) > max(before)

    def test_message_opens_a_session_or_joins_one(self, store: Store) -> None:
        """Without a session a message opens one named by its own id."""
        first = request()
        keep(store, first)
        second = request()
        second.session_id = first.session_id
        keep(store, second)
        assert (first.session_id, second.session_id) == (first.message_id, first.message_id)
        assert header(store, second.message_id).session_id == first.message_id

    def test_secrets_stay(self, store: Store, open_again: Callable[[], Store]) -> None:
        """A secret is long, random, the same after reopening, and another one for each name."""
        secrets = [store.secret(name) for name in ("pickle", "other-1", "pickle")]
        assert secrets[0] == secrets[2] != secrets[1]
        assert all(len(secret) == 32 and len(set(secret)) > 8 for secret in secrets)
        store.close()
        assert open_again().secret("pickle") == secrets[0]

    @pytest.mark.parametrize("name", ["", "../x", "a/b", "A", "a.b", "a" * 65, "a\0"])
    def test_secret_with_an_odd_name_is_refused(self, store: Store, name: str) -> None:
        """A name is never taken for a place elsewhere."""
        with pytest.raises(StoreError):
            store.secret(name)

    # Order, priorities and keys

    def test_messages_come_in_order(self, store: Store) -> None:
        """Within a priority the order is that of storing."""
        ids = keep(store, *(request() for _ in range(100))) + [keep(store, request())[0] for _ in range(20)]
        assert [lease(store).message_id for _ in ids] == ids

    @pytest.mark.parametrize("is_reopened", [False, True], ids=["at once", "after reopen"])
    def test_priorities_come_first(self, store: Store, open_again: Callable[[], Store], *, is_reopened: bool) -> None:
        """A lower number of priority goes first, in whatever order messages were stored."""
        given = [
            request(priority=priority)
            for priority in (MessagePriority.ASYNC, MessagePriority.SIM_SYNC, *MessagePriority, *MessagePriority)
        ]
        keep(store, *given[:3])
        keep(store, *given[3:])
        if is_reopened:
            store.close()
            store = open_again()
        expected = sorted((message.priority, message.message_id) for message in given)
        assert [(found.priority, found.message_id) for found in (lease(store) for _ in given)] == expected

    def test_delivery_tells_all(self, store: Store) -> None:
        """What is leased equals what was stored."""
        message = request(priority=MessagePriority.SYNC)
        message.return_queue, message.completion_key, message.process_id = "Source", "key", 9
        message.super_session = "ward-7"
        keep(store, message)
        got = lease(store)
        given_later = ("time_created", "attempt", "corresponding_id", "first_tried")
        names = [name for name in Delivery._fields if name not in given_later]
        assert {name: getattr(got, name) for name in names} == {name: getattr(message, name) for name in names}
        assert (got.attempt, got.key) == (1, 0)

    def test_key_is_never_leased_twice(self, store: Store) -> None:
        """While one answer of a process instance is leased, others of it wait and the rest goes on."""
        store.open_queue("Router")
        first, second, third = keep(store, event(1), event(1), event(1))
        (other,) = keep(store, event(2))
        leased = lease(store, "Router")
        assert (leased.message_id, leased.key) == (first, 1)
        assert lease(store, "Router").message_id == other
        store.submit(Unit(settled=[settled(leased)]))  # from this moment on, not once it is stored
        leased = lease(store, "Router")
        assert leased.message_id == second
        settle(store, leased)
        assert lease(store, "Router").message_id == third

    def test_urgent_answers_keep_their_key(self, store: Store) -> None:
        """Priority decides between waiting answers of one instance, and order within a priority stays."""
        store.open_queue("Router")
        ids = keep(store, *(event(1) for _ in range(4)))
        leased = lease(store, "Router")
        urgent = event(1)
        urgent.priority = MessagePriority.SYNC
        free = event(2)
        keep(store, urgent, free)
        assert lease(store, "Router").message_id == free.message_id
        for expected in (urgent.message_id, *ids[1:]):
            settle(store, leased)
            leased = lease(store, "Router")
            assert leased.message_id == expected

    def test_workers_share_a_queue(self, store: Store) -> None:
        """Many workers take each message once, and each key in order, one at a time."""
        store.open_queue("Router")
        events = [event(1 + number % 5) for number in range(300)]
        expected = keep(store, *events)
        busy: set[int | str] = set()
        seen: dict[int | str, list[int]] = {key: [] for key in range(1, 6)}
        left = threading.Semaphore(len(events))

        def work() -> None:
            while left.acquire(blocking=False):
                delivery = lease(store, "Router")
                assert delivery.key not in busy, "two workers have the same process instance in hand"
                busy.add(delivery.key)
                seen[delivery.key].append(delivery.message_id)
                busy.remove(delivery.key)
                store.submit(Unit(settled=[settled(delivery)]))

        with ThreadPoolExecutor(4) as pool:
            for worker in [pool.submit(work) for _ in range(4)]:
                worker.result()
        assert sorted(id_ for ids in seen.values() for id_ in ids) == expected
        assert all(ids == sorted(ids) for ids in seen.values())
        assert store.wait_until_idle(PATIENCE_SECONDS)

    def test_threads_submit_together(self, store: Store) -> None:
        """Units of one thread keep their order, ids are unique, nothing is missing."""

        def submit(number: int) -> list[int]:
            messages = [request(queue=f"Queue{number}") for _ in range(50)]
            tickets = [store.submit(Unit(new=[message])) for message in messages]
            assert all(ticket.wait(PATIENCE_SECONDS) for ticket in tickets)
            return [message.message_id for message in messages]

        with ThreadPoolExecutor(4) as pool:
            given = list(pool.map(submit, range(4)))
        for number, ids in enumerate(given):
            store.open_queue(f"Queue{number}")
            assert ids == sorted(ids)
            assert [lease(store, f"Queue{number}").message_id for _ in ids] == ids
        assert len({id_ for ids in given for id_ in ids}) == 200
        assert store.reader.count_messages(MessageFilter()) == 200

    def test_closed_queue_gives_nothing(self, store: Store) -> None:
        """Waiting workers get None, messages stay, and an opened queue goes on."""
        with ThreadPoolExecutor(2) as pool:
            waiting = [pool.submit(store.lease, "Sink") for _ in range(2)]
            store.close_queue("Sink")
            assert [worker.result(PATIENCE_SECONDS) for worker in waiting] == [None, None]
        (message_id,) = keep(store, request())
        assert within_patience(store.lease, "Sink") is None
        store.open_queue("Sink")
        assert lease(store).message_id == message_id

    # Settling and reopening

    def test_unsettled_is_leased_again_after_reopen(self, store: Store, open_again: Callable[[], Store]) -> None:
        """What was leased and not settled comes again, in its place; what was settled never."""
        ids = keep(store, *(request() for _ in range(6)))
        leased = [lease(store) for _ in range(4)]
        settle(store, leased[1])
        settle(store, leased[2])
        store.close()
        again = open_again()
        assert [lease(again).message_id for _ in range(4)] == [ids[0], ids[3], ids[4], ids[5]]
        assert [status.count for status in again.reader.queues()] == [4]

    def test_keys_are_free_after_reopen(self, store: Store, open_again: Callable[[], Store]) -> None:
        """Answers that waited for a busy instance come again in order."""
        store.open_queue("Router")
        ids = keep(store, *(event(1) for _ in range(3)))
        lease(store, "Router")
        store.close()
        again = open_again()
        again.open_queue("Router")
        for expected in ids:
            delivery = lease(again, "Router")
            assert delivery.message_id == expected
            settle(again, delivery)
        assert again.wait_until_idle(PATIENCE_SECONDS)

    def test_end_is_recorded(self, store: Store) -> None:
        """The final status, the error and the time are kept."""
        (message_id,) = keep(store, request())
        delivery = lease(store)
        assert store.submit(Unit(settled=[settled(delivery, MessageStatus.ERROR, "no such patient")])).wait()
        ended = header(store, message_id)
        assert (ended.status, ended.is_error, ended.error) == (MessageStatus.ERROR, True, "no such patient")
        assert ended.time_processed is not None
        assert ended.time_processed >= ended.time_created

    def test_unit_is_all_or_nothing(self, store: Store, open_again: Callable[[], Store]) -> None:
        """A unit that cannot be stored leaves no trace, does no harm to others, and is told of."""
        keep(store, request())
        delivery = lease(store)
        good, bad = request("Other"), request("Other", body=UNSTORABLE)
        unit = Unit(
            settled=[settled(delivery)],
            new=[good, bad],
            process=ProcessRecord(5, "Router", 5),
            log=[entry("lost")],
            notes={"note": "lost"},
        )
        neighbours = [request(), request()]
        first = store.submit(Unit(new=[neighbours[0]]))
        with pytest.raises(StoreError):
            store.submit(unit).wait(PATIENCE_SECONDS)
        second = store.submit(Unit(new=[neighbours[1]]))
        assert first.wait(PATIENCE_SECONDS)
        assert second.wait(PATIENCE_SECONDS)
        assert store.reader.count_messages(MessageFilter(target="Other")) == 0
        assert store.reader.find_process(5) is None
        assert store.reader.log() == []
        assert "note" not in store.reader.notes()
        store.close()
        again = open_again()
        expected = [delivery.message_id, *(message.message_id for message in neighbours)]
        assert [lease(again).message_id for _ in range(3)] == expected

    def test_readers_never_see_half_a_unit(self, store: Store) -> None:
        """Both messages of a unit appear at the same moment."""
        tickets = [store.submit(Unit(new=[request(), request()])) for _ in range(300)]
        counts = [0]
        while counts[-1] < 600 and len(counts) < 100_000:
            counts.append(store.reader.count_messages(MessageFilter()))
        assert all(ticket.wait(PATIENCE_SECONDS) for ticket in tickets)
        assert counts[-1] == 600
        assert all(count % 2 == 0 for count in counts)
