"""Streams are read to the end, closed early, or break off."""

import pytest

from iop_testing import run_production
from pages import Answer, Balance, Bookings, FindBooking, production


@pytest.fixture
def run():
    with run_production(production, durability="normal") as running:
        yield running


def pages_stored(run) -> int:
    return len([header for header in run.messages(source="Ledger") if header.body_class.endswith(".Page")])


def closed_at(run) -> list[str]:
    run.wait_until_idle()
    return [entry.text for entry in run.log(item="Ledger") if "closed" in entry.text]


def test_all_pages_are_added_up(run) -> None:
    answer = run.call("Auditor", Balance(Bookings("A", count=2050)))
    assert answer == Answer(sum(number % 1000 for number in range(1, 2051)), pages=21)
    assert pages_stored(run) == 21
    assert closed_at(run) == ["account A closed at booking 2001"]


def test_empty_result(run) -> None:
    assert run.call("Auditor", Balance(Bookings("A", count=0))) == Answer(0, 0)


def test_reader_that_has_found_it_closes_the_stream(run) -> None:
    assert run.call("Auditor", FindBooking(Bookings("A"), cents=250)) == Answer(250, pages=3)
    assert pages_stored(run) == 3, "the other 97 were never made"
    assert closed_at(run) == ["account A closed at booking 201"]


def test_nothing_found(run) -> None:
    assert run.call("Auditor", FindBooking(Bookings("A", count=200), cents=250)) == Answer(0, pages=2)


def test_result_that_breaks_off_is_not_taken_for_complete(run) -> None:
    answer = run.call("Auditor", Balance(Bookings("A", torn_at=250)))
    assert answer == Answer(sum(range(1, 201)), pages=2, is_complete=False)
    (warning,) = [entry.text for entry in run.log(item="Auditor")]
    assert "after 2 pages" in warning
    assert "booking 250 cannot be read" in warning
    assert closed_at(run) == ["account A closed at booking 201"]
