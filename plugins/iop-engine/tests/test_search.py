"""Finding messages: by header fields, by values of their bodies, without looking at all of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop import BusinessOperation, BusinessProcess, Director, Message, PersistentMessage, Production
from iop_core.errors import ConfigurationError, UnknownMessageClassError
from iop_core.events import MessageFilter
from iop_core.headers import Body, MessageHeader, MessageStatus, MessageType
from iop_core.store_units import NewMessage, Settled, Unit
from iop_core.stores import StoreReader
from iop_engine.sqlite import conditions, reader
from iop_engine.sqlite.conditions import Conditions
from iop_engine.sqlite.store import SqliteStore
from iop_testing import VirtualClock, run_production

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


@dataclass
class Patient:
    mrn: str = ""
    names: list[str] = field(default_factory=list)


@dataclass
class Admission(Message, searchable={"mrn": "patient.mrn", "name": "patient.names"}):
    patient: Patient = field(default_factory=Patient)


class Order(PersistentMessage, searchable=("Number",)):
    Number: str = ""

    class Meta:
        classname = "Test.SearchedOrder"


class Out(BusinessOperation):
    def on_message(self, request):
        return request


class Router(BusinessProcess):
    def on_request(self, request):
        self.send_request_sync("Out", request)
        return request


def production() -> Production:
    made = Production("Test.Search")
    made.process(Router)
    made.operation(Out)
    return made


def test_messages_are_found_by_values_of_their_bodies(tmp_path) -> None:
    with run_production(production(), data_dir=tmp_path) as run:
        ann = run.send("Router", Admission(Patient("1", ["Ann", "Lee"])))
        run.send("Router", Admission(Patient("2", ["Bob", "Lee"])))
        order = run.send("Out", Order(Number="1"))
        run.wait_until_idle()
        assert {message.session_id for message in run.messages(where={"mrn": "1"})} == {ann}
        assert len(run.messages(where={"mrn": 1})) == 3
        assert len(run.messages(where={"name": "Lee"})) == 6
        assert len(run.messages(where={"name": "Lee", "mrn": "2"}, type="Request", target="Out")) == 1
        assert {message.session_id for message in run.messages(where={"Number": "1"})} == {order}
        assert run.messages(where={"mrn": "%"}) == run.messages(where={"unknown": "1"}) == []
    director = Director(f"local://{tmp_path}")
    assert director.count_messages(where={"name": "Lee"}, source="Router") == 2


class Slow(BusinessProcess):
    """Has its answer at once, and gives it when a timer has come."""

    def on_request(self, request):
        self.set_timer(60, "late")
        return request

    def on_response(self, request, response, call_request, call_response, completion_key):
        pass

    def on_complete(self, request, response):
        pass


def test_answer_of_a_process_is_found_also_after_a_restart(tmp_path) -> None:
    clock = VirtualClock()
    made = Production("Test.Slow")
    made.process(Slow)

    class Asks(BusinessProcess):
        def on_request(self, request):
            self.send_request_async("Slow", request)

        def on_response(self, request, response, call_request, call_response, completion_key):
            pass

    made.process(Asks)
    with run_production(made, data_dir=tmp_path, clock=clock) as run:
        run.send("Asks", Admission(Patient("9")))
        run.wait_until_idle()
    with run_production(made, data_dir=tmp_path, clock=clock) as run:
        clock.advance(61)
        run.wait_until_idle()
        assert [message.type.name for message in run.messages(where={"mrn": "9"})] == ["REQUEST", "REQUEST", "RESPONSE"]


def test_old_bodies_become_searchable(tmp_path) -> None:
    with run_production(production(), data_dir=tmp_path) as run:
        run.send("Out", Admission(Patient("1", ["Ann"])))
        run.send("Out", Order(Number="7"))
        run.wait_until_idle()
    with sqlite3.connect(tmp_path / "user.db") as connection:
        connection.execute("DELETE FROM search")  # as if their classes had named no fields then
    director = Director(f"local://{tmp_path}")
    assert director.count_messages(where={"mrn": "1"}) == 0
    assert director.index_messages(f"{Admission.__module__}.Admission") == 1
    assert director.count_messages(where={"mrn": "1"}) == 1
    with run_production(production(), data_dir=tmp_path) as run:
        assert director.index_messages(f"{Order.__module__}.Order", actor="kim") == 1
        assert len(run.messages(where={"Number": "7"})) == 1
        assert any(entry.text.endswith("by kim") for entry in run.log())
    with sqlite3.connect(tmp_path / "user.db") as connection:
        connection.execute("UPDATE classes SET name = 'gone.Away' WHERE name LIKE '%Admission'")
        connection.execute("UPDATE bodies SET class_name = 'gone.Away' WHERE class_name LIKE '%Admission'")
    with pytest.raises(UnknownMessageClassError, match=r"gone\.Away"):
        director.index_messages("gone.Away")


SELECTIVE = {
    "message_id": 5,
    "session_id": 5,
    "status": MessageStatus.ERROR,
    "source": "In",
    "target": "Out",
    "body_class": "test.A",
    "is_error": True,
    "error_text": "x",
    "since": START,
    "until": START,
    "fields": {"a": "1"},
}


def plans_of(location, criteria: MessageFilter) -> list[list[str]]:
    """Return how SQLite finds the first page, for each condition that is tried, in a small store."""
    filled(location, VirtualClock(START)).close()
    order = "DESC" if criteria.newest_first else "ASC"
    with closing(sqlite3.connect(location / "user.db")) as connection:
        plans = []
        for condition in Conditions(criteria, connection).pages(newest_first=criteria.newest_first, beyond=None):
            sql = f"EXPLAIN QUERY PLAN SELECT h.id FROM headers h WHERE {condition.text} ORDER BY h.id {order} LIMIT 50"
            plans.append([row[3] for row in connection.execute(sql, condition.values)])
        return plans


@pytest.mark.parametrize("name", SELECTIVE)
@pytest.mark.parametrize("newest_first", [False, True])
def test_no_filter_looks_at_every_message(tmp_path, name: str, *, newest_first: bool) -> None:
    [plan] = plans_of(tmp_path, MessageFilter(**{name: SELECTIVE[name]}, newest_first=newest_first))
    assert not [step for step in plan if step.startswith("SCAN h") and "INDEX" not in step], plan


def test_waiting_messages_are_found_in_their_own_index(tmp_path) -> None:
    [plan] = plans_of(tmp_path, MessageFilter(status=MessageStatus.QUEUED))
    assert any("headers_open" in step for step in plan), plan


@pytest.mark.parametrize(
    ("criteria", "index"),
    [
        ({"target": "Out", "source": "No"}, "headers_by_source"),
        ({"target": "No", "source": "Out"}, "headers_by_target"),
        ({"target": "Out", "session_id": 5}, "headers_by_session"),
        ({"target": "Out", "fields": {"a": "9"}}, "headers_by_body"),
        ({"target": "Out", "fields": {"a": "1"}, "error_text": "number 11"}, "headers_in_error"),
    ],
)
def test_the_rarest_value_is_looked_up(tmp_path, criteria: dict[str, object], index: str) -> None:
    [plan] = plans_of(tmp_path, MessageFilter(**criteria))
    assert [step for step in plan if " h " in step] == [step for step in plan if index in step], plan


def test_a_value_that_fits_many_is_looked_for_near_the_end_first(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(conditions, "RARE", 3)
    near, everywhere = plans_of(tmp_path, MessageFilter(fields={"a": "1"}))
    assert near[0].startswith("SEARCH h USING INTEGER PRIMARY KEY (rowid<?"), near
    assert "headers_by_body" in everywhere[0], everywhere


def test_alternatives_are_looked_up_each_in_its_own_index(tmp_path) -> None:
    lost = MessageFilter(status=MessageStatus.ERROR, source="In")
    [plan] = plans_of(tmp_path, MessageFilter(target="Out", any_of=(MessageFilter(session_id=5), lost)))
    assert any("headers_by_session" in step for step in plan), plan
    assert not [step for step in plan if step.startswith("SCAN h") and "INDEX" not in step], plan


def test_many_deep_alternatives_are_no_trouble(stored) -> None:
    source, everything = stored
    criteria = MessageFilter(target="Out", any_of=tuple(MessageFilter(message_id=number) for number in range(97)))
    for _ in range(3):
        criteria = MessageFilter(fields={"a": "1"}, any_of=(criteria,))
    wanted = [header.message_id for header in everything if fits(header, {"target": "Out", "fields": {"a": "1"}})]
    assert [header.message_id for header in source.messages(criteria)] == wanted != []
    assert source.count_messages(criteria) == len(wanted)
    with pytest.raises(ConfigurationError, match="at most 100 filters"):
        MessageFilter(any_of=(criteria,))


def filled(location, clock: VirtualClock) -> SqliteStore:
    """Return a store with twelve messages, one every ten seconds."""
    store = SqliteStore.open(str(location), namespace="USER", durability="normal", clock=clock)
    for number in range(12):
        body = Body(f"test.{'AB'[number % 2]}", "json", b"{}", search=(("a", str(number % 3)),))
        source, target = ("In", "Out") if number % 4 else ("Out", "In")
        message = NewMessage(MessageType.REQUEST, target, target, body, source=source)
        store.submit(Unit(new=[message])).wait()
        status = (MessageStatus.COMPLETED, MessageStatus.ERROR, MessageStatus.QUEUED)[number % 3]
        if status is not MessageStatus.QUEUED:
            error = f"Error: number {number}" if status is MessageStatus.ERROR else ""
            end = Settled(message.message_id, target, status=status, error=error)
            store.submit(Unit(settled=[end])).wait()
        clock.advance(10)
    return store


_ONE = st.fixed_dictionaries(
    {},
    optional={
        "message_id": st.integers(0, 13),
        "type": st.sampled_from(MessageType),
        "status": st.sampled_from([MessageStatus.COMPLETED, MessageStatus.ERROR, MessageStatus.QUEUED]),
        "source": st.sampled_from(["In", "Out", "No"]),
        "target": st.sampled_from(["In", "Out"]),
        "body_class": st.sampled_from(["test.A", "B", "C"]),
        "is_error": st.booleans(),
        "error_text": st.sampled_from(["NUMBER 1", "zzz"]),
        "fields": st.sampled_from([{"a": "1"}, {"a": "9"}, {"b": "1"}, {"a": "1", "b": "1"}]),
        "session_id": st.integers(1, 13),
        "since": st.integers(0, 12).map(lambda number: START + timedelta(seconds=10 * number)),
        "until": st.integers(0, 12).map(lambda number: START + timedelta(seconds=10 * number)),
        "after_id": st.integers(0, 12),
    },
)


def _with_any_of(alternatives: st.SearchStrategy[dict[str, object]]) -> st.SearchStrategy[dict[str, object]]:
    several = st.lists(alternatives.map(lambda each: MessageFilter(**each)), max_size=3).map(tuple)
    return st.builds(lambda one, any_of: {**one, "any_of": any_of}, _ONE, several)


CRITERIA = st.builds(
    lambda found, page: {**found, **page},
    st.one_of(_ONE, _with_any_of(_ONE), _with_any_of(_with_any_of(_ONE))),
    st.fixed_dictionaries({}, optional={"limit": st.integers(0, 5), "newest_first": st.booleans()}),
)


@pytest.mark.parametrize(("rare", "near", "page"), [(conditions.RARE, conditions.NEAR, reader.PAGE), (3, 2, 2)])
@settings(max_examples=200, deadline=None)
@given(criteria=CRITERIA)
def test_filters_find_what_a_plain_look_finds(
    stored, criteria: dict[str, object], rare: int, near: int, page: int
) -> None:
    """The second time with bounds so small that twelve messages are many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conditions, "RARE", rare)
        patch.setattr(conditions, "NEAR", near)
        patch.setattr(reader, "PAGE", page)
        _compare(*stored, criteria)


def _compare(source: StoreReader, everything: list[MessageHeader], criteria: dict[str, object]) -> None:
    criteria = dict(criteria)
    found = [header.message_id for header in source.messages(MessageFilter(**criteria))]
    limit, newest_first = criteria.pop("limit", None), criteria.pop("newest_first", False)
    matching = [header for header in everything if fits(header, criteria)]
    expected = [header.message_id for header in (matching[::-1] if newest_first else matching)][:limit]
    assert found == expected
    assert source.count_messages(MessageFilter(**criteria)) == len(matching)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory):
    store = filled(tmp_path_factory.mktemp("search"), VirtualClock(START))
    yield store.reader, list(store.reader.messages(MessageFilter()))
    store.close()


def fits(header, criteria: dict[str, object]) -> bool:
    number = header.message_id - 1
    tests = {
        "status": lambda value: header.status == value,
        "source": lambda value: header.source == value,
        "target": lambda value: header.target == value,
        "body_class": lambda value: value in (header.body_class, header.body_class.rpartition(".")[2]),
        "is_error": lambda value: header.is_error == value,
        "error_text": lambda value: header.is_error and value.lower() in header.error.lower(),
        "fields": lambda value: value == {"a": str(number % 3)},
        "since": lambda value: header.time_created >= value,
        "until": lambda value: header.time_created < value,
        "after_id": lambda value: header.message_id > value,
        "session_id": lambda value: header.session_id == value,
        "message_id": lambda value: header.message_id == value,
        "type": lambda value: header.type is value,
        "any_of": lambda value: not value or any(fits(header, _given(each)) for each in value),
    }
    return all(tests[name](value) for name, value in criteria.items())


def _given(criteria: MessageFilter) -> dict[str, object]:
    given = {each.name: getattr(criteria, each.name) for each in fields(criteria)}
    return {name: value for name, value in given.items() if value not in (None, ()) and name != "newest_first"}


def test_times_are_right_also_after_the_clock_was_set_back(tmp_path) -> None:
    clock = VirtualClock(START)
    filled(tmp_path, clock).close()
    clock.advance(-7200)
    store = filled(tmp_path, clock)
    # All of the first run and part of the second; and the other way round.
    after = store.reader.count_messages(MessageFilter(since=START - timedelta(seconds=7040)))
    before = store.reader.count_messages(MessageFilter(until=START + timedelta(seconds=60)))
    store.close()
    assert (before, after) == (18, 20)


def test_pages_are_stable_while_messages_arrive(tmp_path) -> None:
    clock = VirtualClock(START)
    store = filled(tmp_path, clock)
    first = list(store.reader.messages(MessageFilter(source="In", limit=3)))
    store.submit(Unit(new=[NewMessage(MessageType.REQUEST, "Out", "Out", source="In")])).wait()
    rest = list(store.reader.messages(MessageFilter(source="In", after_id=first[-1].message_id)))
    store.close()
    assert [header.message_id for header in (*first, *rest)] == [2, 3, 4, 6, 7, 8, 10, 11, 12, 13]
