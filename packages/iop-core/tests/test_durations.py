"""Lengths of time as users write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_core.durations import LONGEST_SECONDS, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT10S", 10),
        ("PT0S", 0),
        ("PT0.5S", 0.5),
        ("PT0,5S", 0.5),
        ("PT90M", 5400),
        ("PT1H30M", 5400),
        ("P1DT12H", 129_600),
        ("P2W", 1_209_600),
        ("P1D", 86_400),
        (" PT1S ", 1),
        ("15", 15),
        ("1.5", 1.5),
        (3, 3),
        (0.25, 0.25),
    ],
)
def test_durations(text, seconds) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "wrong", ["", "P", "PT", "P1Y", "P1M", "PT1", "10S", "PT1.5H", "-PT1S", "soon", -1, "-1", "nan", "inf", 1e12]
)
def test_what_is_no_duration_is_refused(wrong) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        parse_duration(wrong)


@pytest.mark.parametrize("wrong", [None, True, [], b"PT1S"])
def test_other_types_are_refused(wrong) -> None:
    with pytest.raises(TypeError, match="a duration is a number"):
        parse_duration(wrong)


@given(st.floats(0, LONGEST_SECONDS))
def test_a_number_means_itself_also_as_text(seconds) -> None:
    assert parse_duration(seconds) == parse_duration(repr(seconds)) == seconds


@given(*[st.integers(0, 50)] * 5)
def test_parts_add_up(weeks, days, hours, minutes, seconds) -> None:
    text = f"P{weeks}W{days}DT{hours}H{minutes}M{seconds}S"
    assert parse_duration(text) == ((weeks * 7 + days) * 24 + hours) * 3600 + minutes * 60 + seconds
