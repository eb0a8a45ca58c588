"""How every store changes what it keeps: tries, suspended messages, withdrawals, audit; used like ``StoreSuite``."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timezone

import pytest

from iop_core.audit import AuditEntry
from iop_core.events import MessageFilter
from iop_core.headers import Body, MessageStatus
from iop_core.store_units import Delivery, HeaderChange, Settled, Unit
from iop_core.stores import Store
from iop_testing.store_trial import (
    BODY,
    PATIENCE_SECONDS,
    StoreTrial,
    answer,
    ask,
    event,
    header,
    keep,
    lease,
    request,
    settle,
    settled,
    within_patience,
)


def change(store: Store, *changes: HeaderChange) -> None:
    """Change headers and wait until that is stored."""
    assert store.submit(Unit(changes=list(changes))).wait(PATIENCE_SECONDS)


def suspend(store: Store, message_id: int) -> None:
    """Set a waiting message aside."""
    delivery = store.withdraw("Sink", message_id)
    assert delivery is not None, f"message {message_id} does not wait"
    end = Settled(message_id, "Sink", 0, MessageStatus.SUSPENDED, "aside", 0)
    assert store.submit(Unit(settled=[end])).wait(PATIENCE_SECONDS)


def resubmit(store: Store, *message_ids: int) -> None:
    """Have suspended messages wait again."""
    change(store, *(HeaderChange(each, MessageStatus.QUEUED, error="", queue="Sink") for each in message_ids))


class StoreChangeSuite(StoreTrial):
    """Checks of changes; subclass it as ``Test...`` and give the ``open_store`` fixture."""

    def test_change_leaves_the_rest(self, store: Store, open_again: Callable[[], Store]) -> None:
        """Only what a change names is another one afterwards, and the next lease knows the tries."""
        (message_id,) = keep(store, request())
        before = header(store, message_id)
        tried = datetime(2026, 1, 2, tzinfo=timezone.utc)
        change(store, HeaderChange(message_id, attempts=2, error="down", time_processed=tried))
        now = header(store, message_id)
        assert (now.attempts, now.error, now.is_error, now.time_processed) == (2, "down", True, tried)
        assert (now.status, now.queue, now.body_id) == (before.status, before.queue, before.body_id)
        store.close()
        assert lease(open_again()).attempt == 3

    def test_changes_count_in_the_order_of_submitting(self, store: Store) -> None:
        """Also when several units are stored at once: of a message, of its changes and of its end."""
        for _ in range(30):
            message = request()
            store.submit(Unit(new=[message]))
            for attempts in (1, 2):
                store.submit(Unit(changes=[HeaderChange(message.message_id, attempts=attempts, error="down")]))
            end = Settled(message.message_id, "Sink", attempts=3)
            assert store.submit(Unit(settled=[end])).wait(PATIENCE_SECONDS)
            kept = header(store, message.message_id)
            assert (kept.status, kept.attempts, kept.error) == (MessageStatus.COMPLETED, 3, "")

    def test_new_body_stands_beside_the_old_one(self, store: Store) -> None:
        """Headers that share the old body keep it."""
        (first,) = keep(store, request())
        copy = request()
        copy.shared_body_id = header(store, first).body_id
        (second,) = keep(store, copy)
        assert header(store, second).body_id == header(store, first).body_id
        change(store, HeaderChange(first, body=Body("orders.Order", "json", b'{"number": "B2"}')))
        bodies = [store.reader.message(each) for each in (first, second)]
        assert [stored.body.payload for stored in bodies if stored] == [b'{"number": "B2"}', BODY.payload]

    def test_shared_body_that_was_removed_is_kept_anew(self, store: Store) -> None:
        """A body can be removed between the moment somebody decides to share it and the moment he does."""
        (first,) = keep(store, request())
        settle(store, lease(store))
        copy = request()
        copy.shared_body_id = header(store, first).body_id
        assert store.submit(Unit(removed=[first])).wait(PATIENCE_SECONDS)
        (second,) = keep(store, copy)
        stored = store.reader.message(second)
        assert stored is not None
        assert stored.body == BODY

    def test_removed_message_is_gone(self, store: Store, open_again: Callable[[], Store]) -> None:
        """What has ended goes with its body, what has not stays, and no id is given again."""
        ended, waiting = keep(store, request(), request())
        settle(store, lease(store))
        (newest,) = keep(store, request())
        store.submit(Unit(settled=[Settled(newest, "Sink", status=MessageStatus.ABORTED)]))
        assert store.submit(Unit(removed=[ended, waiting, newest])).wait(PATIENCE_SECONDS)
        assert [kept.message_id for kept in store.reader.messages(MessageFilter())] == [waiting]
        store.close()
        assert keep(open_again(), request()) > [newest]

    def test_withdrawn_message_is_not_leased(self, store: Store) -> None:
        """One that waits can be taken out, once; one that is leased or has ended cannot."""
        first, second, third = keep(store, request(), request(), request())
        taken = store.withdraw("Sink", second)
        assert taken is not None
        assert (taken.message_id, taken.body) == (second, BODY)
        assert store.withdraw("Sink", second) is None
        leased = lease(store)
        assert store.withdraw("Sink", first) is None
        assert lease(store).message_id == third
        settle(store, leased)
        assert store.withdraw("Sink", first) is None

    def test_withdrawn_event_leaves_its_instance_alone(self, store: Store) -> None:
        """An event that waits for another one of its instance can be taken out without freeing the instance."""
        store.open_queue("Router")
        first, second, third = keep(store, event(1), event(1), event(1))
        leased = lease(store, "Router")
        keep(store, event(2))
        assert lease(store, "Router").process_id == 2
        taken = store.withdraw("Router", second)
        assert taken is not None
        store.submit(Unit(settled=[Settled(second, "Router", 0, MessageStatus.ABORTED, "by hand", 0)]))
        assert leased.message_id == first
        settle(store, leased)
        assert lease(store, "Router").message_id == third

    def test_put_back_message_is_the_next_one(self, store: Store) -> None:
        """A leased message that is given back waits at its old place."""
        ids = keep(store, *(request() for _ in range(5)))
        first, second = lease(store), lease(store)
        store.put_back(second)
        store.put_back(first)
        assert [lease(store).message_id for _ in ids] == ids
        assert not store.wait_until_idle(0)

    def test_put_back_frees_the_instance(self, store: Store) -> None:
        """An event that is given back can be leased again, before later ones of its instance."""
        store.open_queue("Router")
        first, second = keep(store, event(1), event(1))
        store.put_back(lease(store, "Router"))
        again = lease(store, "Router")
        assert again.message_id == first
        settle(store, again)
        assert lease(store, "Router").message_id == second

    @pytest.mark.parametrize("is_reopened", [False, True], ids=["at once", "after reopen"])
    def test_resubmitted_messages_come_in_the_order_of_their_ids(
        self, store: Store, open_again: Callable[[], Store], *, is_reopened: bool
    ) -> None:
        """Whatever was withdrawn, put back and resubmitted when, of a queue longer than any window."""
        chance = random.Random(7)  # noqa: S311 - a test
        ids = keep(store, *(request() for _ in range(2500)))
        leased = [lease(store) for _ in range(3)]
        aside = chance.sample(ids[3:], 600)
        for each in aside:
            suspend(store, each)
        back = aside[:400]
        resubmit(store, *back[:200])
        taken = [lease(store) for _ in range(50)]
        resubmit(store, *back[200:])
        for delivery in (*leased, *taken):
            store.put_back(delivery)
        if is_reopened:
            store.close()
            store = open_again()
        expected = sorted(set(ids) - set(aside[400:]))
        assert [lease(store).message_id for _ in expected] == expected

    def test_answer_that_was_put_off_reaches_its_caller(self, store: Store) -> None:
        """An answer stored as Deferred waits for nobody; queued later, it is delivered."""
        slot, asked = ask(store)
        later = answer(asked, Body("", "", b""))
        later.status = MessageStatus.DEFERRED
        store.submit(Unit(settled=[settled(lease(store), MessageStatus.DEFERRED)], new=[later]))
        store.submit(
            Unit(
                changes=[
                    HeaderChange(later.message_id, MessageStatus.QUEUED, queue=slot.queue, body=BODY),
                    HeaderChange(asked.message_id, MessageStatus.COMPLETED),
                ]
            )
        )
        got = within_patience(slot.wait, PATIENCE_SECONDS)
        assert isinstance(got, Delivery)
        assert got.body == BODY
        assert header(store, later.message_id).status is MessageStatus.COMPLETED
        assert store.wait_until_idle(PATIENCE_SECONDS)

    def test_audit_is_kept_in_order(self, store: Store, open_again: Callable[[], Store]) -> None:
        """What operators did is there after reopening, with ids that rise."""
        when = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=timezone.utc)
        entries = [AuditEntry(0, f"deed {number}", "kim", "wäre gut", "[1]", "{}", when) for number in range(5)]
        store.submit(Unit(audit=entries[:2]))
        store.submit(Unit(audit=entries[2:]))
        store.close()
        reader = open_again().reader
        kept = reader.audit()
        assert [(each.action, each.actor, each.reason, each.time_done) for each in kept] == [
            (each.action, each.actor, each.reason, each.time_done) for each in entries
        ]
        assert reader.audit(since_id=kept[1].entry_id) == kept[2:]
        assert reader.audit(limit=2) == kept[-2:]

    def test_audit_is_a_chain(self, store: Store, open_again: Callable[[], Store]) -> None:
        """Each entry has the hash of its content and of the hash before it, also after reopening."""
        when = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=timezone.utc)
        store.submit(Unit(audit=[AuditEntry(0, "abort", "kim", "", "[1]", "{}", when)]))
        store.close()
        again = open_again()
        again.submit(Unit(audit=[AuditEntry(0, "resend", "lee", "", "[2]", "{}", when)])).wait()
        first, second = again.reader.audit()
        assert (first.entry_id, second.entry_id) == (1, 2)
        assert (first.hash, second.hash) == (first.hash_after(""), second.hash_after(first.hash))
        check = again.reader.check_audit({1: first.hash})
        assert (check.is_sound, check.entries, check.last_id, check.last_hash) == (True, 2, 2, second.hash)
        assert again.reader.check_audit({1: second.hash}).broken_id == 1
