"""Schedules against a brute-force model, and the rules for daylight-saving time."""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_core.errors import SettingError
from iop_engine.schedule_times import TimePattern
from iop_engine.schedules import Schedule, wall_clock

BERLIN = ZoneInfo("Europe/Berlin")


def matches(text: str, second: datetime) -> bool:
    """Say whether a pattern names this second, by looking at its words one by one."""
    day_text, _, clock_text = text.partition("T")
    words = [*day_text.removeprefix("WEEK-").split("-"), *clock_text.split(":")]
    last_any = max((place for place, word in enumerate(words) if "*" in word), default=-1)
    words[: last_any + 1] = ["*"] * (last_any + 1)
    if day_text.startswith("WEEK-"):
        days = calendar.Calendar().itermonthdates(second.year, second.month)
        same = [day for day in days if day.month == second.month and day.weekday() == second.weekday()]
        parts = [same.index(second.date()) + 1, (second.weekday() + 1) % 7]
    else:
        parts = [second.year, second.month, second.day]
    parts += [second.hour, second.minute, second.second]
    return all(word == "*" or int(word) == part for word, part in zip(words, parts, strict=True))


def _number(lowest: int, highest: int) -> st.SearchStrategy[str]:
    return st.integers(lowest, highest).map(lambda number: f"{number:02}")


def _any(numbers: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(st.just("*"), numbers)


CLOCKS = st.tuples(_any(_number(0, 23)), _any(_number(0, 59)), st.just("00")).map(":".join)
DATES = st.tuples(st.sampled_from(["*", "2026"]), _any(_number(1, 3)), _any(_number(1, 28))).map("-".join)
WEEKS = st.tuples(_any(_number(1, 5)), _any(_number(0, 6))).map(lambda parts: "WEEK-" + "-".join(parts))
PATTERNS = st.tuples(st.one_of(DATES, WEEKS), CLOCKS).map("T".join)
MOMENTS = st.datetimes(datetime(2026, 1, 20), datetime(2026, 2, 20))
MINUTE = timedelta(minutes=1)


def model_last(text: str, moment: datetime, minutes: int) -> datetime | None:
    """Walk back minute by minute."""
    at = moment.replace(second=0, microsecond=0)
    return next((when for number in range(minutes) if matches(text, when := at - number * MINUTE)), None)


def model_first(text: str, moment: datetime, minutes: int) -> datetime | None:
    at = moment.replace(second=0, microsecond=0) + MINUTE
    return next((when for number in range(minutes) if matches(text, when := at + number * MINUTE)), None)


@given(PATTERNS, MOMENTS)
def test_times_are_those_of_the_model(text, moment) -> None:
    pattern, reach = TimePattern.parse(text), 3000
    last, first = pattern.last_until(moment), pattern.first_after(moment)
    assert model_last(text, moment, reach) == (last if last and moment - last < (reach - 1) * MINUTE else None) or (
        last is not None and moment - last >= (reach - 1) * MINUTE
    )
    assert model_first(text, moment, reach) == (first if first and first - moment < (reach - 1) * MINUTE else None) or (
        first is not None and first - moment >= (reach - 1) * MINUTE
    )
    assert last is None or (last <= moment and matches(text, last))
    assert first is None or (first > moment and matches(text, first))


@given(st.lists(st.tuples(st.booleans(), PATTERNS), min_size=1, max_size=4), MOMENTS)
def test_state_is_that_of_the_latest_event(events, moment) -> None:
    text = ",".join(f"{'START' if starts else 'STOP'}:{when}" for starts, when in events)
    schedule = Schedule.parse(text)
    at = moment.replace(second=0, microsecond=0)
    for number in range(2000):
        happened = [starts for starts, when in events if matches(when, at - number * MINUTE)]
        if happened:
            assert schedule.is_active(moment) is happened[-1]
            return
    # Nothing in the last day: the wave does not change until its next event.
    following = schedule.next_event(moment)
    if following is not None:
        assert schedule.is_active(following - timedelta(microseconds=1)) is schedule.is_active(moment)


@given(st.lists(st.tuples(st.booleans(), PATTERNS), min_size=1, max_size=4), MOMENTS)
def test_state_changes_only_at_events(events, moment) -> None:
    schedule = Schedule.parse(",".join(f"{'START' if starts else 'STOP'}:{when}" for starts, when in events))
    following = schedule.next_event(moment)
    if following is not None:
        middle = moment + (following - moment) / 2
        assert schedule.is_active(middle) is schedule.is_active(moment)
        starts = [starts for starts, when in events if matches(when, following)]
        assert schedule.is_active(following) is starts[-1]


@pytest.mark.parametrize(
    ("text", "moment", "active"),
    [
        ("START:*-*-*T08:00:00,STOP:*-*-*T17:00:00", "2026-03-04T07:59:59", False),
        ("START:*-*-*T08:00:00,STOP:*-*-*T17:00:00", "2026-03-04T08:00:00", True),
        ("START:*-*-*T08:00:00,STOP:*-*-*T17:00:00", "2026-03-04T17:00:00", False),
        ("START:WEEK-*-01T08:00:00,STOP:WEEK-*-05T17:00:00", "2026-03-05T23:00:00", True),
        ("START:WEEK-*-01T08:00:00,STOP:WEEK-*-05T17:00:00", "2026-03-07T12:00:00", False),
        ("START:WEEK-02-03T08:00:00,STOP:WEEK-02-03T09:00:00", "2026-03-11T08:30:00", True),
        ("START:WEEK-02-03T08:00:00,STOP:WEEK-02-03T09:00:00", "2026-03-04T08:30:00", False),
        ("START:*-02-29T00:00:00,STOP:*-03-01T00:00:00", "2027-02-20T12:00:00", False),
        ("STOP:2030-01-01T00:00:00", "2026-03-04T12:00:00", True),
        ("START:2030-01-01T00:00:00", "2026-03-04T12:00:00", False),
        ("START:*-*-*T*:30:00,STOP:*-*-*T*:45:00", "2026-03-04T12:31:00", True),
        ("START:*-*-*T08:00:00,STOP:*-*-*T08:00:00", "2026-03-04T12:00:00", False),
    ],
)
def test_examples(text, moment, active) -> None:
    assert Schedule.parse(text).is_active(datetime.fromisoformat(moment)) is active


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "START:",
        "START:*-*-*T08:00:00,",
        "RUN:*-*-*T08:00:00",
        "START:2026-02-30T00:00:00",
        "START:*-13-01T00:00:00",
        "START:*-*-*T25:00:00",
        "START:WEEK-06-01T00:00:00",
        "START:WEEK-01-07T00:00:00",
        "START:tomorrow",
        "@Nowhere",
        "cron: * * * * *",
    ],
)
def test_mistakes_are_named(wrong) -> None:
    with pytest.raises(SettingError):
        Schedule.parse(wrong)


def test_named_schedule() -> None:
    named = {"Office": "START:*-*-*T08:00:00,STOP:*-*-*T17:00:00"}
    assert Schedule.parse("@Office", named) == Schedule.parse(named["Office"])
    with pytest.raises(SettingError, match=r"'@Ofice'.*Office"):
        Schedule.parse("@Ofice", named)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def test_event_in_the_skipped_hour_comes_at_its_edge() -> None:
    schedule = Schedule.parse("START:*-*-*T02:30:00,STOP:*-*-*T12:00:00")
    assert not schedule.is_active(wall_clock(at("2026-03-29T00:59:59"), BERLIN))
    assert schedule.is_active(wall_clock(at("2026-03-29T01:00:00"), BERLIN))


def test_event_in_the_repeated_hour_comes_once() -> None:
    schedule = Schedule.parse("START:*-*-*T02:15:00,STOP:*-*-*T02:30:00")
    states = [
        schedule.is_active(wall_clock(at("2026-10-25T00:00:00") + number * 5 * MINUTE, BERLIN)) for number in range(24)
    ]
    assert states == [3 <= number < 6 for number in range(24)]
    closing = Schedule.parse("START:*-*-*T00:00:00,STOP:*-*-*T03:00:00")
    assert closing.is_active(wall_clock(at("2026-10-25T01:59:59"), BERLIN))
    assert not closing.is_active(wall_clock(at("2026-10-25T02:00:00"), BERLIN))


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(timezone.utc)))
def test_wall_clock_never_runs_backwards(moment) -> None:
    later = moment + timedelta(minutes=7)
    assert wall_clock(moment, BERLIN) <= wall_clock(later, BERLIN)
