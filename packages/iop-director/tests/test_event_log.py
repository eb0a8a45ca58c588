"""Following the event log: every entry once, in order, whatever happens in between."""

from __future__ import annotations

from datetime import datetime, timezone
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_core.errors import BackendUnavailableError
from iop_core.events import EventType, LogEntry
from iop_director.event_log import follow_log, format_entry

TIME = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc)


def entry(number: int, text: str = "text", item: str = "Out") -> LogEntry:
    return LogEntry(number, EventType.INFO, item, 7, 8, "method", text, TIME)


class GrowingLog:
    """A log that grows while it is waited for, and sometimes cannot be read."""

    def __init__(self, steps: list[int], failing: set[int]) -> None:
        self._steps = steps
        self._failing = failing
        self._waits = 0
        self.pauses: list[float] = []
        self.entries = [entry(number) for number in range(1, 16)]

    def read(self, *, since_id: int = 0, item: str | None = None, limit: int | None = None) -> list[LogEntry]:
        if self._waits in self._failing:
            raise BackendUnavailableError("gone")
        found = [each for each in self.entries if each.entry_id > since_id]
        return found if limit is None else found[-limit:]

    def wait(self, seconds: float) -> None:
        self.pauses.append(seconds)
        for _ in range(self._steps[self._waits] if self._waits < len(self._steps) else 1):
            self.entries.append(entry(len(self.entries) + 1))
        self._waits += 1


@given(st.lists(st.integers(0, 5), max_size=20), st.sets(st.integers(1, 20)))
def test_no_gaps_and_no_duplicates(steps: list[int], failing: set[int]) -> None:
    log = GrowingLog(steps, failing)
    ids = [each.entry_id for each in islice(follow_log(log.read, wait=log.wait), 60)]
    assert ids == list(range(6, 66))


def test_pauses_grow_while_the_log_cannot_be_read() -> None:
    log = GrowingLog([0] * 8, set(range(1, 8)))
    list(islice(follow_log(log.read, wait=log.wait), 11))
    assert log.pauses[:7] == sorted(log.pauses[:7])
    assert max(log.pauses) == 10.0


def test_log_that_was_never_there_is_an_error() -> None:
    with pytest.raises(BackendUnavailableError):
        next(follow_log(GrowingLog([], {0}).read))


def test_entries_cannot_look_like_several() -> None:
    text = format_entry(entry(1, "first\nsecond\x1b[31m", item="a\nb"))
    head, second = text.splitlines()
    assert head.endswith("Info a\\nb [7/8]: first")
    assert second == "    second\\x1b[31m"
    assert "Info engine: " in format_entry(LogEntry(1, EventType.INFO, "", 0, 0, "", "", TIME))


def test_following_from_now_on_leaves_out_what_is_there() -> None:
    log = GrowingLog([3, 2], set())
    entries = follow_log(log.read, first=0, wait=log.wait)
    assert [each.entry_id for each in islice(entries, 5)] == [16, 17, 18, 19, 20]
