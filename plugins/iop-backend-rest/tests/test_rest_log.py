"""The log of a server: in order, whole and once, whatever happens to connections."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from iop_backend_rest.records import log_entry_of, time_of
from iop_core.errors import BackendError, BackendUnavailableError
from iop_core.events import EventType
from iop_director import Director
from iop_director.event_log import follow_log

Make = Callable[..., Director]


def row(number: int, **other: Any) -> dict[str, Any]:
    return {
        "id": number, "config_name": "MyOp", "job": "42", "message_id": 7, "session_id": 5, "source_class": "A.B",
        "source_method": "OnX", "text": f"hello{number}", "time_logged": "2026-03-03 10:00:00.12", "type": "Info",
        **other,
    }  # fmt: skip


class GrowingLog:
    """Answers as a server does: the newest first, or those after one, at most ``page`` at once."""

    def __init__(self, page: int = 3) -> None:
        self.rows: list[dict[str, Any]] = []
        self.page = page

    def __call__(self, asked: Any) -> list[dict[str, Any]]:
        if "top" in asked.query:
            return list(reversed(self.rows))[: int(asked.query["top"])]
        return [each for each in self.rows if each["id"] > int(asked.query["since_id"])][: self.page]

    def grow(self, number: int) -> None:
        last = self.rows[-1]["id"] if self.rows else 0
        self.rows += [row(last + 2 + each) for each in range(number)]


def test_entry() -> None:
    found = log_entry_of(row(3))
    assert (found.entry_id, found.item, found.session_id, found.message_id) == (3, "MyOp", 5, 7)
    assert (found.type, found.method, found.text) == (EventType.INFO, "A.B.OnX", "hello3")
    assert found.time_logged.isoformat() == "2026-03-03T10:00:00.120000+00:00"


def test_entry_with_gaps() -> None:
    found = log_entry_of({"id": 3.0, "type": "New", "message_id": "", "session_id": None, "time_logged": "soon"})
    assert (found.entry_id, found.item, found.session_id, found.text) == (3, "", 0, "")
    with pytest.raises(BackendError, match="a number is needed"):
        log_entry_of({"id": "3"})


@given(st.datetimes(), st.integers(-1439, 1439))
def test_times_are_read_back(moment: datetime, minutes: int) -> None:
    assume(timedelta(days=1) < moment - datetime.min and timedelta(days=1) < datetime.max - moment)
    there = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert time_of(there.isoformat()) == there
    assert time_of(moment.isoformat(" ")) == moment.replace(tzinfo=timezone.utc)


def test_newest_oldest_first_and_after_one(server: Any, director: Make) -> None:
    log = server.answers["GET /log"] = GrowingLog()
    log.grow(10)
    numbers = [each["id"] for each in log.rows]
    assert [entry.entry_id for entry in director().log(limit=4)] == numbers[-4:]
    assert server.asked[-1].query == {"namespace": "USER", "top": "4"}
    assert [entry.entry_id for entry in director().log(since_id=numbers[1])] == numbers[2:]
    assert [entry.entry_id for entry in director().log(since_id=numbers[1], limit=2)] == numbers[-2:]
    assert [entry.entry_id for entry in director().log()] == numbers


def test_filters_are_applied_here(server: Any, director: Make) -> None:
    log = server.answers["GET /log"] = GrowingLog()
    log.rows = [row(1, type="Error"), row(2, config_name="Other", type="Error"), row(3), row(4, text="HELLO")]
    found = director()
    assert [entry.entry_id for entry in found.log(level="error", limit=10)] == [1, 2]
    assert [entry.entry_id for entry in found.log(item="Other", limit=10)] == [2]
    assert [entry.entry_id for entry in found.log(text="hello", limit=1)] == [4]


@given(st.lists(st.tuples(st.integers(0, 7), st.booleans()), max_size=12), st.integers(0, 12))
def test_following_misses_and_repeats_nothing(steps: list[tuple[int, bool]], first: int) -> None:
    log = GrowingLog()
    log.grow(5)
    start = [each["id"] for each in log.rows][-first:] if first else []
    upcoming: Iterator[tuple[int, bool]] = iter([*steps, (0, False)])
    fails = False

    def read(**query: Any) -> Any:
        if fails:
            raise BackendUnavailableError("gone")
        asked = type("Asked", (), {"query": {"top": query["limit"]} if "limit" in query else query})
        return sorted((log_entry_of(each) for each in log(asked)), key=lambda entry: entry.entry_id)

    def wait(_: float) -> None:
        nonlocal fails
        number, fails = next(upcoming)
        log.grow(number)

    log.page = 1000
    seen: list[int] = []
    # The generator ends when the steps do.
    with pytest.raises(RuntimeError, match="StopIteration"):
        seen.extend(entry.entry_id for entry in follow_log(read, first=first, wait=wait))
    assert seen == [*start, *[each["id"] for each in log.rows][5:]]


def test_following_goes_on_after_the_server_was_away(server: Any, director: Make, answer: Any) -> None:
    log = GrowingLog()
    log.grow(3)
    away = [False, True, True, False, False, False, False]
    server.answers["GET /log"] = lambda asked: answer({"error": "away"}, 503) if away.pop(0) else log(asked)
    entries = follow_log(director().log, wait=lambda _: log.grow(1) if len(log.rows) < 6 else None)
    assert [next(entries).entry_id for _ in range(6)] == [each["id"] for each in log.rows][:6]
