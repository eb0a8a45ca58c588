"""Friendly values become a MessageFilter, wrong ones a clear error."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_core.errors import ConfigurationError
from iop_core.events import MessageFilter
from iop_core.headers import MessageStatus, MessageType
from iop_director.filters import message_filter, parse_time

NOW = datetime(2026, 5, 6, 12, 0, tzinfo=timezone.utc)


def test_no_filters_restrict_nothing() -> None:
    assert message_filter() == MessageFilter()
    assert message_filter(status=None, session=None, limit=None) == MessageFilter()


@pytest.mark.parametrize("status", [MessageStatus.ERROR, "Error", "error", " ERROR ", 8, "8"])
def test_status_by_name_or_number(status: object) -> None:
    assert message_filter(status=status).status is MessageStatus.ERROR


@pytest.mark.parametrize(("kind", "expected"), [("request", MessageType.REQUEST), (2, MessageType.RESPONSE)])
def test_type_by_name_or_number(kind: object, expected: MessageType) -> None:
    assert message_filter(type=kind).type is expected


def test_aliases_and_numbers_as_text() -> None:
    assert message_filter(session="7", id=3, class_name="Order", error=True) == MessageFilter(
        session_id=7, message_id=3, body_class="Order", is_error=True
    )
    assert message_filter(session_id=7, limit="10", newest_first=True) == MessageFilter(
        session_id=7, limit=10, newest_first=True
    )


def test_alternatives_are_filters_of_their_own() -> None:
    failed = MessageFilter(is_error=True)
    found = message_filter(target="Lab", any_of=[failed, {"session": "7", "any_of": [{"status": "Aborted"}]}])
    inner = MessageFilter(session_id=7, any_of=(MessageFilter(status=MessageStatus.ABORTED),))
    assert found == MessageFilter(target="Lab", any_of=(failed, inner))


@pytest.mark.parametrize(
    ("filters", "text"),
    [
        ({"statsu": "Error"}, "unknown message filter 'statsu' (did you mean 'status'?)"),
        ({"status": "Eror"}, "status: 'Eror' is not known (did you mean 'Error'?); allowed: Created (1), Queued (2)"),
        ({"status": 10}, "status: 10 is not known; allowed: "),
        ({"status": True}, "status: True is not known"),
        ({"type": "question"}, "allowed: Request (1), Response (2)"),
        ({"session": "x"}, "session: 'x' is not a whole number"),
        ({"limit": -1}, "limit: -1 is not a whole number"),
        ({"limit": True}, "limit: True is not a whole number"),
        ({"source": 3}, "source: 3 is not a name"),
        ({"is_error": "no"}, "is_error: 'no' is neither True nor False"),
        ({"session": 1, "session_id": 2}, "'session_id' is given twice"),
        ({"since": "yesterday"}, "since: 'yesterday' is no time; write 2026-01-31"),
        ({"until": 5}, "until: 5 is no time"),
        ({"any_of": "status=Error"}, "any_of: 'status=Error' is not a list of filters"),
        ({"any_of": []}, "any_of: [] is not a list of filters"),
        ({"any_of": [{}]}, "any_of: {} is no filter"),
        ({"any_of": [{"status": None}]}, "any_of: {'status': None} is no filter"),
        ({"any_of": [{"statsu": "Error"}]}, "unknown message filter 'statsu'"),
        ({"any_of": [{"status": "Error", "limit": 3}]}, "any_of: limit and newest_first are for the whole filter"),
        ({"any_of": [{"id": 1}] * 101}, "any_of: 101 filters, 1 deep; at most 100 filters, 4 deep"),
        ({"since": "99999999999d"}, "since: '99999999999d' is no time"),
    ],
)
def test_wrong_filters_are_refused_with_what_is_allowed(filters: dict[str, object], text: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(text)):
        message_filter(**filters)


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("90s", timedelta(seconds=90)),
        ("10m", timedelta(minutes=10)),
        ("1.5h", timedelta(minutes=90)),
        ("3 D", timedelta(days=3)),
        ("1w", timedelta(weeks=1)),
    ],
)
def test_ages_count_back_from_now(text: str, age: timedelta) -> None:
    assert parse_time("since", text, now=NOW) == NOW - age


@pytest.mark.parametrize(
    "text", ["2026-05-06T12:00:00Z", "2026-05-06T12:00:00z", "2026-05-06 12:00+00:00", "2026-05-06T14:00:00+02:00"]
)
def test_iso_text_with_a_zone(text: str) -> None:
    assert parse_time("since", text) == NOW
    assert message_filter(until=text).until == NOW


def test_time_without_a_zone_is_local_time() -> None:
    assert parse_time("since", "2026-05-06") == datetime(2026, 5, 6).astimezone()
    assert parse_time("since", datetime(2026, 5, 6, 7, 8)) == datetime(2026, 5, 6, 7, 8).astimezone()


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(timezone.utc)))
def test_every_time_survives_being_written(time: datetime) -> None:
    assert parse_time("since", time.isoformat()) == time
    assert parse_time("since", time) == time


@given(st.text().filter(lambda text: not any(char.isdigit() for char in text)))
def test_no_text_breaks_the_parser(text: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(repr(text))):
        parse_time("since", text, now=NOW)
