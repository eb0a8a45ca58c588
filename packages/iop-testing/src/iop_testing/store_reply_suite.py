"""How callers wait for every store: for answers, for rest and for its end; used like ``StoreSuite``."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from iop_core.errors import StoreError, StoreLockedError
from iop_core.events import MessageFilter
from iop_core.headers import MessagePriority, MessageStatus
from iop_core.store_units import Delivery, Unit
from iop_core.stores import Store
from iop_testing.store_trial import (
    PATIENCE_SECONDS,
    UNSTORABLE,
    StoreTrial,
    answer,
    ask,
    header,
    keep,
    lease,
    request,
    settle,
    settled,
    within_patience,
)


@contextmanager
def often_switching_threads() -> Generator[None, None, None]:
    """Let Python change between threads at every opportunity, so that gaps between two steps show."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


class StoreReplySuite(StoreTrial):
    """Checks of waiting and closing; subclass it as ``Test...`` and give the ``open_store`` fixture."""

    # Answers to synchronous requests

    def test_answer_arrives(self, store: Store) -> None:
        """The caller gets the stored answer, and both headers name each other."""
        slot, asked = ask(store)
        given = answer(asked)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(slot.wait, PATIENCE_SECONDS)
            store.submit(Unit(settled=[settled(lease(store))], new=[given]))
            got = waiting.result()
        assert got is not None
        assert (got.message_id, got.body, got.corresponding_id) == (given.message_id, given.body, asked.message_id)
        assert header(store, given.message_id).status is MessageStatus.COMPLETED
        assert header(store, given.message_id).time_processed is not None
        assert header(store, given.message_id).corresponding_id == asked.message_id
        assert header(store, asked.message_id).corresponding_id == given.message_id
        assert store.wait_until_idle(PATIENCE_SECONDS)

    def test_answer_that_came_first_is_found(self, store: Store) -> None:
        """The caller may begin to wait after the answer was stored, with any patience."""
        for patience in (None, 0, PATIENCE_SECONDS):
            slot, asked = ask(store)
            keep(store, answer(asked))
            assert isinstance(within_patience(slot.wait, patience), Delivery)

    def test_late_answer_is_discarded(self, store: Store) -> None:
        """A caller whose time ran out gets None, and the answer is marked for the operator."""
        slot, asked = ask(store)
        assert within_patience(slot.wait, 0.01) is None
        (late,) = keep(store, answer(asked))
        assert header(store, late).status is MessageStatus.DISCARDED

    def test_answer_for_closed_slot_is_discarded(self, store: Store) -> None:
        """After ``close`` nobody waits any more."""
        slot, asked = ask(store)
        slot.close()
        (late,) = keep(store, answer(asked))
        assert header(store, late).status is MessageStatus.DISCARDED
        assert within_patience(slot.wait, PATIENCE_SECONDS) is None

    def test_only_the_first_answer_counts(self, store: Store) -> None:
        """A second answer to the same request is marked Discarded."""
        slot, asked = ask(store)
        given = [answer(asked), answer(asked)]
        keep(store, *given)
        got = within_patience(slot.wait, PATIENCE_SECONDS)
        assert isinstance(got, Delivery)
        assert got.message_id == given[0].message_id
        assert [header(store, message.message_id).status for message in given] == [
            MessageStatus.COMPLETED,
            MessageStatus.DISCARDED,
        ]

    def test_callers_get_their_own_answers(self, store: Store) -> None:
        """However many wait at the same time, nobody gets the answer to another."""
        asked = [ask(store) for _ in range(30)]
        assert len({slot.queue for slot, _ in asked}) == 30
        given = [answer(request_) for _, request_ in reversed(asked)]
        for message in given:
            store.submit(Unit(new=[message]))
        for slot, request_ in asked:
            got = within_patience(slot.wait, PATIENCE_SECONDS)
            assert isinstance(got, Delivery)
            assert got.corresponding_id == request_.message_id

    def test_answer_from_before_a_restart_reaches_nobody(self, store: Store, open_again: Callable[[], Store]) -> None:
        """A request left from an earlier run is answered late: no other caller gets the answer, an operator does."""
        left = [ask(store)[1] for _ in range(3)]
        store.close()
        again = open_again()
        callers = [ask(again) for _ in range(3)]
        late = keep(again, *(answer(request_) for request_ in left))
        assert {header(again, message_id).status for message_id in late} == {MessageStatus.SUSPENDED}
        keep(again, *(answer(request_) for _, request_ in callers))
        for slot, request_ in callers:
            got = within_patience(slot.wait, PATIENCE_SECONDS)
            assert isinstance(got, Delivery)
            assert got.corresponding_id == request_.message_id

    def test_time_out_holds_when_the_answer_cannot_be_stored(self, store: Store) -> None:
        """A caller never waits for an answer that was refused, at whatever moment its time runs out."""
        for number in range(40):
            slot, asked = ask(store)
            # Many between the two, so that time runs out while the answer is on its way.
            between = [request("Unattended") for _ in range(500)]
            ticket = store.submit(Unit(new=[answer(asked), *between, request(body=UNSTORABLE)]))
            assert within_patience(slot.wait, number * 1e-4) is None
            with pytest.raises(StoreError):
                ticket.wait(PATIENCE_SECONDS)

    def test_caller_that_may_not_block_is_called_back(self, store: Store) -> None:
        """``on_answer`` calls once ``wait`` has something to return, whatever came first."""
        for is_late in (False, True):
            slot, asked = ask(store)
            called = threading.Event()
            if is_late:
                keep(store, answer(asked))
                slot.on_answer(called.set)
            else:
                slot.on_answer(called.set)
                assert not called.is_set()
                keep(store, answer(asked))
            assert called.wait(PATIENCE_SECONDS)
            assert isinstance(slot.wait(0), Delivery)

    def test_refused_request_has_no_answer(self, store: Store) -> None:
        """Who waits for the answer alone learns that the request was not stored."""
        slot = store.open_reply()
        asked = request(body=UNSTORABLE, priority=MessagePriority.SYNC)
        asked.return_queue = slot.queue
        called = threading.Event()
        slot.on_answer(called.set)
        store.submit(Unit(new=[asked]))
        assert called.wait(PATIENCE_SECONDS)
        with pytest.raises(StoreError):
            slot.wait(0)

    def test_caller_and_history_agree(self, store: Store) -> None:
        """Whether an answer came in time is the same for the caller and for the operator."""
        outcomes: set[bool] = set()
        for number in range(300):
            slot, asked = ask(store)
            given = answer(asked)
            ticket = store.submit(Unit(new=[given]))
            got = within_patience(slot.wait, number * 5e-6)
            assert ticket.wait(PATIENCE_SECONDS)
            expected = MessageStatus.DISCARDED if got is None else MessageStatus.COMPLETED
            assert header(store, given.message_id).status is expected
            outcomes.add(got is None)
        assert outcomes

    def test_close_ends_waiting(self, store: Store) -> None:
        """Callers that wait when the store is closed are told, later ones too."""
        slots = [store.open_reply() for _ in range(2)]
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(within_patience, slots[0].wait, None)
            store.close()
            with pytest.raises(StoreError):
                waiting.result()
        with pytest.raises(StoreError):
            slots[1].wait(PATIENCE_SECONDS)

    # Rest

    def test_idle_means_nothing_left(self, store: Store) -> None:
        """Waiting, leased and unwritten messages of open queues count; other queues do not."""
        assert store.wait_until_idle(0)
        store.open_queue("Background", is_background=True)
        keep(store, request("Unattended"), request("Background"))
        assert store.wait_until_idle(0)
        assert lease(store, "Background")
        keep(store, request())
        assert not store.wait_until_idle(0)
        delivery = lease(store)
        assert not store.wait_until_idle(0.01)
        store.submit(Unit(settled=[settled(delivery)]))
        assert store.wait_until_idle(PATIENCE_SECONDS)

    def test_what_is_not_written_is_not_rest(self, store: Store) -> None:
        """From ``submit`` on a message counts, before it is stored too."""
        for _ in range(100):
            store.submit(Unit(new=[request()]))
            assert not store.wait_until_idle(0)
            store.submit(Unit(settled=[settled(lease(store))]))
            assert store.wait_until_idle(PATIENCE_SECONDS)

    def test_closing_a_queue_may_bring_rest(self, store: Store) -> None:
        """A closed queue is not waited for, also by those who wait already."""
        keep(store, request())
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(store.wait_until_idle, PATIENCE_SECONDS)
            store.close_queue("Sink")
            assert waiting.result()

    def test_left_messages_are_not_rest(self, store: Store, open_again: Callable[[], Store]) -> None:
        """What is left from an earlier run counts."""
        keep(store, request())
        store.close()
        again = open_again()
        assert not again.wait_until_idle(0)
        settle(again, lease(again))
        assert again.wait_until_idle(PATIENCE_SECONDS)

    def test_never_idle_between_two_hops(self, store: Store) -> None:
        """A message on its way from queue to queue is never overlooked."""
        for queue in ("Ping", "Pong", *(f"Quiet{number}" for number in range(3000))):
            store.open_queue(queue)
        is_ended = threading.Event()
        keep(store, request("Ping"))

        def hop() -> None:
            for number in range(400):
                here, there = ("Ping", "Pong") if number % 2 == 0 else ("Pong", "Ping")
                delivery = store.lease(here)
                assert delivery is not None
                store.submit(Unit(settled=[settled(delivery)], new=[request(there)]))
            last = lease(store, "Ping")
            is_ended.set()
            store.submit(Unit(settled=[settled(last)]))

        with ThreadPoolExecutor(1) as pool:
            hopping = pool.submit(hop)
            with often_switching_threads():
                while not hopping.done():
                    if store.wait_until_idle(0.001):
                        assert is_ended.is_set(), "idle, but a message is on its way"
            hopping.result()
        assert store.wait_until_idle(PATIENCE_SECONDS)

    # The end

    def test_caller_called_away_leaves_the_message_to_others(self, store: Store) -> None:
        """``nudge`` wakes who waits for work; who was woken for a message passes it on."""
        store.open_queue("Sink")
        asked, away = threading.Event(), threading.Event()

        def is_called_away() -> bool:
            asked.set()
            return away.is_set()

        with ThreadPoolExecutor(2) as pool:
            leaving = pool.submit(store.lease, "Sink", is_called_away=is_called_away)
            assert asked.wait(PATIENCE_SECONDS)
            staying = pool.submit(store.lease, "Sink")
            away.set()
            try:
                (sent,) = keep(store, request())
                delivery = staying.result(PATIENCE_SECONDS)
                store.nudge("Sink")
                assert leaving.result(PATIENCE_SECONDS) is None
            finally:
                store.close_queue("Sink")
        assert delivery is not None
        assert delivery.message_id == sent

    def test_close_writes_what_was_submitted(self, store: Store, open_again: Callable[[], Store]) -> None:
        """What a store took over is there after closing, without anybody waiting for it."""
        tickets = [store.submit(Unit(new=[request() for _ in range(300)])) for _ in range(20)]
        store.close()
        assert all(ticket.wait(0) for ticket in tickets)
        assert open_again().reader.count_messages(MessageFilter()) == 6000

    def test_close_is_repeatable(self, store: Store, open_again: Callable[[], Store]) -> None:
        """Closing again does nothing, also from several threads, and the place can be opened at once."""
        keep(store, request())
        with ThreadPoolExecutor(3) as pool:
            for closing in [pool.submit(store.close) for _ in range(3)]:
                closing.result(PATIENCE_SECONDS)
        again = open_again()
        store.close()
        assert lease(again)
        keep(again, request())

    def test_closed_store_refuses(self, store: Store) -> None:
        """A closed store takes no more."""
        store.close()
        with pytest.raises(StoreError):
            store.submit(Unit(new=[request()]))

    def test_one_owner(self, store: Store, open_again: Callable[[], Store]) -> None:
        """What is open cannot be opened again, and goes on."""
        with pytest.raises(StoreLockedError):
            open_again()
        keep(store, request())
