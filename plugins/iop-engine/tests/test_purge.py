"""Purging: what goes, what stays, and the proof."""

from __future__ import annotations

import json
import sqlite3
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop import BusinessOperation, BusinessProcess, Message, PersistentMessage, Production
from iop_core.errors import ConfigurationError
from iop_core.events import EventType, LogEntry, MessageFilter
from iop_core.headers import Body, MessageStatus, MessageType
from iop_core.purging import PurgeOptions, PurgeResult
from iop_core.store_units import NewMessage, ProcessRecord, Settled, Unit
from iop_engine.sqlite.store import SqliteStore
from iop_testing import VirtualClock, run_production

DAY = 86_400.0
ENDED = {MessageStatus.COMPLETED, MessageStatus.ERROR, MessageStatus.ABORTED, MessageStatus.DISCARDED}
BODY = Body("test.Sent", "json", b'{"a": 1}', search=(("a", "1"),))


def open_store(location: str | Path, clock: VirtualClock) -> SqliteStore:
    return SqliteStore.open(str(location), namespace="USER", durability="normal", clock=clock)


def send(store: SqliteStore, *, status: MessageStatus | None = None, **fields: object) -> int:
    message = NewMessage(MessageType.REQUEST, "Out", "Out", BODY, source="In", **fields)  # type: ignore[arg-type]
    store.submit(Unit(new=[message])).wait()
    if status is not None:
        store.submit(Unit(settled=[Settled(message.message_id, "Out", status=status)])).wait()
    return message.message_id


def purge(store: SqliteStore, clock: VirtualClock, *, dry_run: bool = False, **options: object) -> PurgeResult:
    chosen = PurgeOptions(**options)  # type: ignore[arg-type]
    return store.purge(chosen, clock.now(), dry_run=dry_run)


def ids(store: SqliteStore) -> set[int]:
    return {header.message_id for header in store.reader.messages(MessageFilter())}


STATUSES = st.sampled_from([None, *sorted(ENDED), MessageStatus.SUSPENDED, MessageStatus.DEFERRED])
MESSAGES = st.tuples(st.sampled_from([0, 1, 2]), STATUSES)
SESSIONS = st.lists(
    st.tuples(st.lists(MESSAGES, min_size=1, max_size=3), st.sampled_from(["none", "open", "ended"])), max_size=6
)


@settings(max_examples=25, deadline=None)
@given(sessions=SESSIONS, days=st.sampled_from([0, 1, 2, 3]), keep_integrity=st.booleans())
def test_what_stays_is_what_a_plain_model_says(
    sessions: list[tuple[list[tuple[int, MessageStatus | None]], str]], days: int, keep_integrity: bool
) -> None:
    clock = VirtualClock(datetime(2026, 1, 5, 12, tzinfo=timezone.utc))
    limit = PurgeOptions(days_to_keep=days).limit(clock.now() + timedelta(days=2))
    expected: set[int] = set()
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(folder, clock)
        by_day: list[list[tuple[int, MessageStatus | None]]] = [[], [], []]
        for number, (messages, _) in enumerate(sessions):
            for day, status in messages:
                by_day[day].append((number, status))
        first: dict[int, int] = {}
        stored: dict[int, list[tuple[int, datetime, MessageStatus | None]]] = {}
        for day in by_day:
            for number, status in day:
                message_id = send(store, status=status, session_id=first.get(number, 0))
                if number not in first:
                    first[number] = message_id
                    process = sessions[number][1]
                    if process != "none":
                        record = ProcessRecord(message_id, "P", message_id, is_completed=process == "ended")
                        store.submit(Unit(process=record)).wait()
                stored.setdefault(number, []).append((message_id, clock.now(), status))
            clock.advance(DAY)
        clock.advance(-DAY)
        for number, kept in stored.items():
            is_open = sessions[number][1] == "open"
            is_over = all(status in ENDED and created < limit for _, created, status in kept) and not is_open
            for message_id, created, status in kept:
                has_ended = status in ENDED and created < limit and not (is_open and message_id == first[number])
                if not (is_over if keep_integrity else has_ended):
                    expected.add(message_id)
        result = purge(store, clock, days_to_keep=days, keep_integrity=keep_integrity)
        assert ids(store) == expected
        assert result.left == 0
        assert result.removed.get("headers", 0) == result.before["headers"] - result.after["headers"]
        assert result.after["headers"] == len(expected) == result.after["bodies"] == result.after["search"]
        store.close()


@dataclass
class Order(Message, searchable=("number",)):
    number: str = ""


@dataclass
class Kept(Message, purgeable=False):
    number: str = ""


class Row(PersistentMessage):
    Number: str = ""

    class Meta:
        classname = "Test.PurgedRow"


class Out(BusinessOperation):
    def on_message(self, request):
        if getattr(request, "number", "") == "bad":
            raise ValueError("bad")
        self.log_info("done")


class Router(BusinessProcess):
    def on_request(self, request):
        self.send_request_async("Out", request, completion_key="x")

    def on_response(self, request, response, call_request, call_response, completion_key):
        self.log_info("answered")


def production(*, enabled: bool = True) -> Production:
    made = Production("Test.Purge")
    made.process(Router)
    made.operation(Out, enabled=enabled)
    return made


def test_everything_of_a_session_goes_together(tmp_path) -> None:
    clock = VirtualClock()
    with run_production(production(), data_dir=tmp_path, clock=clock) as run:
        run.send("Router", Order("1"))
        run.send("Out", Row(Number="2"))
        run.send("Out", Order("bad"))
        run.wait_until_idle()
        clock.advance(8 * DAY)
        kept = run.send("Router", Order("3"))
        run.wait_until_idle()
        result = run.running.purge(actor="kim", reason="as every night")
        assert {message.session_id for message in run.messages()} == {kept}
        assert result.before["Test.PurgedRow"] == 1
        assert result.after["Test.PurgedRow"] == 0
        assert (result.after["headers"], result.after["search"], result.after["processes"]) == (3, 2, 1)
        assert result.after["bodies"] == result.before["bodies"] - result.removed["bodies"] == 2
        assert {entry.time_logged for entry in run.log() if entry.time_logged < clock.now()} == set()
        (told,) = [entry for entry in run.log() if "purge of" in entry.text]
        assert told.text.endswith("by kim: as every night")


@pytest.mark.parametrize("keep_integrity", [True, False])
def test_errors_are_kept_longer(tmp_path, keep_integrity: bool) -> None:
    clock = VirtualClock()
    store = open_store(tmp_path, clock)
    fine, broken = (send(store, status=status) for status in (MessageStatus.COMPLETED, MessageStatus.ERROR))
    store.submit(Unit(settled=[Settled(broken, "Out", status=MessageStatus.ERROR, error="disk full")])).wait()
    log = [LogEntry(0, kind, "Out", 0, 0, "", "text", clock.now()) for kind in (EventType.INFO, EventType.ERROR)]
    store.submit(Unit(log=log)).wait()
    clock.advance(3 * DAY)
    options = {"days_to_keep": 2, "keep_errors_days": 10, "keep_integrity": keep_integrity}
    result = purge(store, clock, **options)
    assert (ids(store), result.left, result.kept_errors) == ({broken}, 0, 1)
    assert [entry.type for entry in store.reader.log()] == [EventType.ERROR]
    clock.advance(10 * DAY)
    assert purge(store, clock, **options).kept_errors == 0
    assert (ids(store), store.reader.log(), fine != broken) == (set(), [], True)
    store.close()


def test_purge_can_be_called_off_between_pieces(tmp_path) -> None:
    clock = VirtualClock()
    store = open_store(tmp_path, clock)
    for _ in range(1200):
        store.submit(Unit(new=[NewMessage(MessageType.REQUEST, "Out", "Out", BODY, status=MessageStatus.COMPLETED)]))
    assert store.wait_until_idle(20)
    clock.advance(DAY)
    asked: list[bool] = []

    def is_called_off() -> bool:
        asked.append(True)
        return len(asked) > 1

    result = store.purge(PurgeOptions(days_to_keep=0), clock.now(), dry_run=False, is_called_off=is_called_off)
    assert 0 < result.removed["headers"] < 1200
    assert result.left == len(ids(store)) == 1200 - result.removed["headers"]
    store.close()


def test_errors_are_not_kept_shorter(tmp_path) -> None:
    clock = VirtualClock()
    options = PurgeOptions(days_to_keep=9, keep_errors_days=2)
    assert options.error_limit(clock.now()) == options.limit(clock.now())
    with pytest.raises(ConfigurationError, match="keep_errors_days=-1"):
        PurgeOptions(keep_errors_days=-1)


def test_proof_is_kept_in_the_audit(tmp_path) -> None:
    clock = VirtualClock()
    with run_production(production(), data_dir=tmp_path, clock=clock) as run:
        run.send("Out", Order("1"))
        run.wait_until_idle()
        clock.advance(1)
        run.running.purge(PurgeOptions(days_to_keep=0), actor="kim", reason="test")
    store = open_store(tmp_path, clock)
    (entry,) = [found for found in store.reader.audit() if found.action == "purge"]
    store.close()
    assert (entry.action, entry.actor, entry.reason) == ("purge", "kim", "test")
    counts = json.loads(entry.counts)
    assert (counts["before"]["headers"], counts["after"]["headers"], counts["left"]) == (1, 0, 0)
    assert json.loads(entry.selection)["days_to_keep"] == 0


def test_unfinished_sessions_stay_however_old(tmp_path) -> None:
    clock = VirtualClock()
    with run_production(production(enabled=False), data_dir=tmp_path, clock=clock) as run:
        session = run.send("Router", Order("1"))
        run.wait_until_idle()
        clock.advance(100 * DAY)
        result = run.running.purge()
        assert result.skipped_sessions == 1
        assert {message.session_id for message in run.messages()} == {session}
        assert run.running.purge(PurgeOptions(keep_integrity=False)).removed.get("headers", 0) == 0
    with run_production(production(), data_dir=tmp_path, clock=clock) as run:
        run.wait_until_idle()
        assert [message.status for message in run.messages() if message.session_id == session] == [9, 9, 9]


def test_shared_body_goes_with_its_last_header(tmp_path) -> None:
    clock = VirtualClock()
    store = open_store(tmp_path, clock)
    old = send(store, status=MessageStatus.COMPLETED)
    stored = store.reader.message(old)
    assert stored is not None
    clock.advance(8 * DAY)
    again = send(store, status=MessageStatus.COMPLETED, shared_body_id=stored.body.body_id)
    result = purge(store, clock)
    assert ids(store) == {again}
    found = store.reader.message(again)
    assert found is not None
    assert found.body.payload == BODY.payload
    assert result.after["bodies"] == 1
    clock.advance(8 * DAY)
    assert purge(store, clock).after["bodies"] == 0
    store.close()


def test_bodies_stay_when_asked_or_when_their_class_says_so(tmp_path) -> None:
    clock = VirtualClock()
    with run_production(production(), data_dir=tmp_path, clock=clock) as run:
        run.send("Out", Kept("1"))
        run.send("Out", Order("2"))
        run.wait_until_idle()
        clock.advance(1)
        first = run.running.purge(PurgeOptions(days_to_keep=0, bodies_too=False))
        assert (first.after["headers"], first.after["bodies"]) == (0, 2)
        second = run.running.purge(PurgeOptions(days_to_keep=0))
        assert second.after["bodies"] == 1


def test_dry_run_changes_nothing(tmp_path) -> None:
    clock = VirtualClock()
    with run_production(production(), data_dir=tmp_path, clock=clock) as run:
        run.send("Router", Order("1"))
        run.wait_until_idle()
        clock.advance(1)
        before, logged = run.messages(), run.log()
        planned = run.running.purge(PurgeOptions(days_to_keep=0), dry_run=True)
        assert (run.messages(), run.log()) == (before, logged)
        done = run.running.purge(PurgeOptions(days_to_keep=0))
        assert planned.is_dry_run
        assert {name: done.removed[name] for name in planned.removed} == planned.removed
        assert planned.removed["headers"] == 3


def test_only_what_some_items_sent_or_received(tmp_path) -> None:
    clock = VirtualClock()
    with run_production(production(), data_dir=tmp_path, clock=clock) as run:
        run.send("Router", Order("1"))
        run.send("Out", Order("2"))
        run.wait_until_idle()
        clock.advance(1)
        run.running.purge(PurgeOptions(days_to_keep=0, items=("Router",), types=("messages",)))
        assert [(message.source, message.target) for message in run.messages()] == [("", "Out")]
        assert run.log(item="Router")


def test_only_some_types(tmp_path) -> None:
    clock = VirtualClock()
    with run_production(production(), data_dir=tmp_path, clock=clock) as run:
        run.send("Router", Order("1"))
        run.wait_until_idle()
        clock.advance(1)
        result = run.running.purge(PurgeOptions(days_to_keep=0, types=("events", "processes")))
        assert set(result.removed) == {"log", "processes"}
        assert len(run.messages()) == 3


def test_ids_are_never_given_again(tmp_path) -> None:
    clock = VirtualClock()
    store = open_store(tmp_path, clock)
    last = [send(store, status=MessageStatus.COMPLETED) for _ in range(5)][-1]
    purge(store, clock, days_to_keep=0, before=clock.now() + timedelta(seconds=1))
    assert ids(store) == set()
    store.close()
    store = open_store(tmp_path, clock)
    assert send(store) == last + 1
    stored = store.reader.message(last + 1)
    assert stored is not None
    assert stored.body.body_id == last + 1
    store.close()


def test_intake_goes_on_and_space_comes_back(tmp_path) -> None:
    clock = VirtualClock()
    store = open_store(tmp_path, clock)
    for _ in range(30):
        batch = [NewMessage(MessageType.REQUEST, "Out", "Out", Body("a.B", "json", b"x" * 2000)) for _ in range(500)]
        store.submit(Unit(new=batch)).wait()
        store.submit(Unit(settled=[Settled(message.message_id, "Out") for message in batch])).wait()
    clock.advance(8 * DAY)
    waits: list[float] = []
    is_over = threading.Event()

    def take_in() -> None:
        while not is_over.is_set():
            begin = time.monotonic()
            send(store)
            waits.append(time.monotonic() - begin)

    thread = threading.Thread(target=take_in)
    thread.start()
    result = purge(store, clock)
    is_over.set()
    thread.join()
    count = store.reader.count_messages(MessageFilter())
    store.close()
    assert result.removed["headers"] == result.removed["bodies"] == 15_000
    assert result.left == 0
    assert max(waits) < 1
    assert count == len(waits)
    assert result.freed_bytes > 20_000_000
    assert (tmp_path / "user.db").stat().st_size < 15_000_000
    with sqlite3.connect(tmp_path / "user.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_today_counts_as_a_day() -> None:
    now = datetime(2026, 3, 10, 15, tzinfo=timezone.utc)
    midnight = now.astimezone().replace(hour=0, minute=0)
    assert PurgeOptions(days_to_keep=1).limit(now) == midnight
    assert PurgeOptions(days_to_keep=7).limit(now).astimezone().date() == midnight.date() - timedelta(days=6)
    assert PurgeOptions(before=now).limit(now + timedelta(days=9)) == now


@pytest.mark.parametrize("wrong", [{"days_to_keep": -1}, {"types": ("messagse",)}, {"before": datetime(2026, 1, 1)}])
def test_options_that_cannot_be_used(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        PurgeOptions(**wrong)  # type: ignore[arg-type]
