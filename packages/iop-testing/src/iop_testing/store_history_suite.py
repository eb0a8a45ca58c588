"""What the reader of every store must do; used like ``StoreSuite``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from iop_core.events import MessageFilter
from iop_core.headers import Body, BusinessType, Invocation, MessagePriority, MessageStatus, MessageType
from iop_core.store_units import NewMessage, ProcessRecord, Unit
from iop_core.stores import Store
from iop_testing.store_trial import (
    BODY,
    PATIENCE_SECONDS,
    StoreTrial,
    answer,
    ask,
    entry,
    header,
    keep,
    lease,
    request,
    settle,
    settled,
)

ODD_TEXTS = {
    "empty": "",
    "nul": "before\x00after",
    "astral": "\U0001d4b3 ☃ Ærø",
    "lines": "one\r\ntwo\u2028three",
    "quotes": "'; DROP TABLE headers; --\"\\",
    "large": "x" * 1_000_000,
}


# Which of the messages of the fixture ``varied``, by position, a filter finds.
FILTERS: list[tuple[MessageFilter, list[int]]] = [
    (MessageFilter(), [0, 1, 2, 3, 4, 5]),
    (MessageFilter(type=MessageType.RESPONSE), [5]),
    (MessageFilter(status=MessageStatus.QUEUED), [1, 3, 4]),
    (MessageFilter(status=MessageStatus.DISCARDED), [5]),
    (MessageFilter(source="Desk"), [1]),
    (MessageFilter(source=""), []),
    (MessageFilter(source="desk"), []),
    (MessageFilter(source="\udcff"), []),
    (MessageFilter(target="Printer"), [1]),
    (MessageFilter(is_error=True), [2]),
    (MessageFilter(is_error=False), [0, 1, 3, 4, 5]),
    (MessageFilter(body_class="orders.Order"), [0, 2, 3]),
    (MessageFilter(body_class="Order"), [0, 2, 3, 4]),
    (MessageFilter(body_class="order"), []),
    (MessageFilter(body_class="Line"), [5]),
    (MessageFilter(body_class="Order.Line"), []),
    (MessageFilter(body_class="%"), []),
    (MessageFilter(body_class="Orde_"), []),
    (MessageFilter(type=MessageType.REQUEST, source="Source", status=MessageStatus.COMPLETED), [0]),
    (MessageFilter(message_id=10**30), []),
    (MessageFilter(after_id=10**30), []),
    (MessageFilter(after_id=-1), [0, 1, 2, 3, 4, 5]),
    (MessageFilter(newest_first=True), [5, 4, 3, 2, 1, 0]),
    (MessageFilter(newest_first=True, is_error=False, limit=2), [5, 4]),
    (MessageFilter(limit=2), [0, 1]),
    (MessageFilter(any_of=(MessageFilter(is_error=True), MessageFilter(source="Desk"))), [1, 2]),
    (MessageFilter(source="Desk", any_of=(MessageFilter(is_error=True),)), []),
    (MessageFilter(any_of=(MessageFilter(), MessageFilter(target="Printer")), newest_first=True, limit=2), [5, 4]),
    (
        MessageFilter(
            type=MessageType.REQUEST,
            any_of=(
                MessageFilter(type=MessageType.RESPONSE),
                MessageFilter(body_class="Order", any_of=(MessageFilter(is_error=True), MessageFilter(source="Desk"))),
                MessageFilter(status=MessageStatus.COMPLETED),
            ),
        ),
        [0, 2],
    ),
    (MessageFilter(limit=0), []),
    (MessageFilter(since=datetime(2999, 1, 1, tzinfo=timezone.utc)), []),
    (MessageFilter(until=datetime(2999, 1, 1, tzinfo=timezone.utc)), [0, 1, 2, 3, 4, 5]),
]


class StoreHistorySuite(StoreTrial):
    """Checks of what is read back; subclass it as ``Test...`` and give the ``open_store`` fixture."""

    def test_every_field_is_kept(self, store: Store) -> None:
        """A header read back holds all that was given."""
        before = datetime.now(timezone.utc)
        message = NewMessage(
            type=MessageType.REQUEST,
            target="Sink",
            queue="Sink",
            body=BODY,
            priority=MessagePriority.SIM_SYNC,
            invocation=Invocation.IN_PROC,
            source="Source",
            source_type=BusinessType.SERVICE,
            target_type=BusinessType.OPERATION,
            return_queue="Source",
            process_id=7,
            is_error=True,
            error="broken",
            description="why",
            completion_key="key",
            resent="r",
            super_session="ward-7",
            order_key="bed-3",
        )
        keep(store, message)
        kept = header(store, message.message_id)
        names = [name for name in NewMessage.__slots__ if name not in ("body", "shared_body_id", "corresponding_id")]
        assert {name: getattr(kept, name) for name in names} == {name: getattr(message, name) for name in names}
        assert (kept.body_class, kept.size_bytes) == (BODY.class_name, len(BODY.payload))
        assert kept.status is MessageStatus.QUEUED
        assert (kept.time_processed, kept.attempts) == (None, 0)
        assert before <= kept.time_created <= datetime.now(timezone.utc)

    @pytest.mark.parametrize("size", [0, 1, 5000, 20_000_000])
    def test_body_is_kept(self, store: Store, open_again: Callable[[], Store], size: int) -> None:
        """Bodies of any size come back byte by byte: from history, by lease, and after reopening."""
        body = Body("orders.Order", "json", bytes(range(256)) * (size // 256) + b"\xff" * (size % 256))
        (message_id,) = keep(store, request(body=body))
        assert lease(store).body == body
        stored = store.reader.message(message_id)
        store.close()
        assert stored is not None
        assert stored.body == body
        assert lease(open_again()).body == body

    def test_message_without_body(self, store: Store) -> None:
        """No message at all is kept as such."""
        (message_id,) = keep(store, request(body=Body("", "", b"")))
        assert lease(store).body.is_empty
        assert header(store, message_id).body_class == ""

    @pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS.keys())
    def test_odd_texts_are_kept(self, store: Store, text: str) -> None:
        """Texts of users come back as they were."""
        message = request()
        message.error = message.description = message.completion_key = text
        state = json.dumps({"text": text}, ensure_ascii=False)
        process = ProcessRecord(1, "Router", 1, state=state, error=text)
        unit = Unit(new=[message], process=process, log=[entry(text)], notes={"note": text})
        assert store.submit(unit).wait(PATIENCE_SECONDS)
        kept = header(store, message.message_id)
        assert (kept.error, kept.description, kept.completion_key) == (text, text, text)
        assert store.reader.find_process(1) == process
        assert [logged.text for logged in store.reader.log()] == [text]
        assert store.reader.notes()["note"] == text

    def test_half_characters_do_no_harm(self, store: Store) -> None:
        """A lone surrogate, which UTF-8 cannot hold, may be spelled out but never refused."""
        text = "a\udcffb"
        message = request()
        message.error = message.description = message.completion_key = text
        process = ProcessRecord(1, "Router", 1, state=json.dumps({"text": text}, ensure_ascii=False), error=text)
        unit = Unit(new=[message], process=process, log=[entry(text, item=text)], notes={"note": text})
        assert store.submit(unit).wait(PATIENCE_SECONDS)
        settle_with_error = Unit(settled=[settled(lease(store), MessageStatus.ERROR, text)])
        assert store.submit(settle_with_error).wait(PATIENCE_SECONDS)
        kept = header(store, message.message_id)
        logged = store.reader.log()[0].text
        for found in (kept.error, kept.description, kept.completion_key, logged, store.reader.notes()["note"]):
            assert found.startswith("a")
            assert found.endswith("b")
        stored = store.reader.find_process(1)
        assert stored is not None
        assert json.loads(stored.state) == {"text": text}

    # Filters and pages

    @pytest.fixture
    def varied(self, store: Store) -> list[int]:
        """Store six messages that differ in everything one can filter by; return their ids."""
        plain, other, failing = request(), request("Printer"), request()
        other.source, other.body = "Desk", Body("orders.Reorder", "json", b"1")
        keep(store, plain, other, failing)
        for delivery in (lease(store), lease(store)):
            status = MessageStatus.ERROR if delivery.message_id == failing.message_id else MessageStatus.COMPLETED
            error = "broken" if status is MessageStatus.ERROR else ""
            assert store.submit(Unit(settled=[settled(delivery, status, error)])).wait(PATIENCE_SECONDS)
        slot, asked = ask(store)
        slot.close()
        inner = request()
        inner.session_id, inner.body = plain.session_id, Body("Order", "json", b"2")
        replied = answer(asked, Body("pay.Order.Line", "json", b"3"))
        keep(store, inner, replied)
        return [message.message_id for message in (plain, other, failing, asked, inner, replied)]

    def test_filters(self, store: Store, varied: list[int]) -> None:
        """Each field of a filter restricts, together they do so together; counting ignores the limit."""
        for criteria, expected in FILTERS:
            found = [message.message_id for message in store.reader.messages(criteria)]
            assert found == [varied[position] for position in expected], criteria
            unlimited = len(list(store.reader.messages(replace(criteria, limit=None))))
            assert store.reader.count_messages(criteria) == unlimited, criteria

    def test_filters_by_id_session_and_time(self, store: Store, varied: list[int]) -> None:
        """Ids, sessions and moments restrict: ``since`` from its moment on, ``until`` before it."""

        def find(criteria: MessageFilter) -> list[int]:
            return [found.message_id for found in store.reader.messages(criteria)]

        assert find(MessageFilter(message_id=varied[3])) == [varied[3]]
        assert find(MessageFilter(session_id=varied[0])) == [varied[0], varied[4]]
        assert find(MessageFilter(after_id=varied[3])) == varied[4:]
        assert find(MessageFilter(after_id=varied[3], newest_first=True)) == varied[:3:-1]
        times = {id_: header(store, id_).time_created for id_ in varied}
        moment = times[varied[3]]
        assert find(MessageFilter(since=moment)) == [id_ for id_ in varied if times[id_] >= moment]
        assert find(MessageFilter(until=moment)) == [id_ for id_ in varied if times[id_] < moment]
        after = moment + timedelta(microseconds=1)
        assert find(MessageFilter(since=after)) == [id_ for id_ in varied if times[id_] >= after]

    def test_long_histories_come_whole(self, store: Store) -> None:
        """No message is missing or doubled where pages meet."""
        ids = keep(store, *(request() for _ in range(2345)))
        for limit in (None, 1, 499, 500, 501, 999, 1000, 1001, 2344, 2345, 9999):
            for newest_first, expected in ((False, ids), (True, ids[::-1])):
                criteria = MessageFilter(limit=limit, newest_first=newest_first)
                assert [found.message_id for found in store.reader.messages(criteria)] == expected[:limit], criteria

    def test_history_is_read_while_it_grows(self, store: Store) -> None:
        """A reader in the middle of a long history neither blocks the writer nor loses its place."""
        ids = keep(store, *(request() for _ in range(1200)))
        reading = store.reader.messages(MessageFilter(newest_first=True))
        found = [next(reading).message_id]
        keep(store, *(request() for _ in range(10)))
        found += [message.message_id for message in reading]
        assert found == ids[::-1]

    # Queues, processes, log and notes

    def test_queues_hold_what_is_not_settled(self, store: Store) -> None:
        """A queue counts waiting and leased messages and knows the oldest; an empty one is not listed."""
        ids = keep(store, request(), request(), request("Printer"))
        first, second = lease(store), lease(store)
        settle(store, first)
        assert [(queue.name, queue.count, queue.oldest) for queue in store.reader.queues()] == [
            ("Printer", 1, header(store, ids[2]).time_created),
            ("Sink", 1, header(store, ids[1]).time_created),
        ]
        settle(store, second)
        assert [queue.name for queue in store.reader.queues()] == ["Printer"]

    def test_process_is_kept(self, store: Store, open_again: Callable[[], Store]) -> None:
        """The newest state of a process instance is found, also after reopening."""
        record = ProcessRecord(4, "Router", 4, 2, state='{"a": 1}')
        store.submit(Unit(process=record))
        changed = ProcessRecord(4, "Router", 4, 0, True, True, '{"a": 2}', BODY, "late")
        assert store.submit(Unit(process=changed)).wait(PATIENCE_SECONDS)
        assert store.reader.find_process(4) == changed
        assert store.reader.find_process(5) is None
        store.close()
        assert open_again().reader.find_process(4) == changed

    def test_log_is_kept(self, store: Store, open_again: Callable[[], Store]) -> None:
        """Entries come oldest first with rising ids; a limit keeps the newest."""
        given = [entry("one"), entry("two", item="Printer"), entry("three", session_id=7), entry("four")]
        store.submit(Unit(log=given[:2]))
        assert store.submit(Unit(log=given[2:])).wait(PATIENCE_SECONDS)
        reader = store.reader
        found = reader.log()
        assert [replace(logged, entry_id=0) for logged in found] == given
        ids = [logged.entry_id for logged in found]
        assert ids == sorted(set(ids))
        assert reader.log(since_id=ids[1]) == found[2:]
        assert reader.log(item="Printer") == [found[1]]
        assert reader.log(session_id=7) == [found[2]]
        assert reader.log(limit=2) == found[2:]
        assert reader.log(since_id=ids[0], item="Sink", limit=1) == [found[3]]
        assert reader.log(limit=0) == []
        store.close()
        again = open_again()
        again.submit(Unit(log=[entry("five")])).wait(PATIENCE_SECONDS)
        assert [logged.text for logged in again.reader.log()] == ["one", "two", "three", "four", "five"]

    def test_notes_are_kept(self, store: Store, open_again: Callable[[], Store]) -> None:
        """A note stays until it is written again."""
        store.submit(Unit(notes={"state": "Running", "pid": "1"}))
        assert store.submit(Unit(notes={"state": "Stopped"})).wait(PATIENCE_SECONDS)
        assert store.reader.notes() == {"state": "Stopped", "pid": "1"}
        store.close()
        assert open_again().reader.notes() == {"state": "Stopped", "pid": "1"}

    def test_unknown_message_is_none(self, store: Store) -> None:
        """A message that does not exist is None, however large its id."""
        assert [store.reader.message(message_id) for message_id in (0, -1, 1, 10**30)] == [None] * 4

    def test_store_in_use_says_so(self, store: Store) -> None:
        """While a store is open its reader says that somebody owns it."""
        assert store.reader.is_in_use()
