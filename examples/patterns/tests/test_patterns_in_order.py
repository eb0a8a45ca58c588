"""Jobs work side by side; the bookings of an account do not overtake each other."""

import random
from collections import defaultdict

import pytest

from in_order import Booking, Statement, production
from iop_testing import run_production


@pytest.fixture
def run(clock):
    with run_production(production, clock=clock) as running:
        yield running


def booked(run) -> list[str]:
    return [entry.text for entry in run.log(item="Bank") if "locked" not in entry.text]


def test_each_account_sees_its_bookings_in_order(run, clock, wait_until) -> None:
    rng = random.Random(7)
    bookings = [Booking(rng.choice("ABCDE"), f"no. {number}", 1, int(rng.random() < 0.2)) for number in range(100)]
    run.call("StatementReader", Statement(bookings))
    wait_until(lambda: clock.advance(5) or len(booked(run)) == 100)
    seen = defaultdict(list)
    for text in booked(run):
        seen[text[0]].append(text)
    assert seen == {
        account: [f"{account}: {each.text} 1" for each in bookings if each.account == account] for account in "ABCDE"
    }


def test_locked_account_holds_up_nobody_else(run, clock, wait_until) -> None:
    bookings = [Booking("A", "rent", -900, refusals=1), Booking("A", "wages", 2000), Booking("B", "gas", -60)]
    run.call("StatementReader", Statement([*bookings, Booking("C", "gift", 20), Booking("B", "gift", 10)]))
    wait_until(lambda: len(booked(run)) == 3)
    assert sorted(booked(run)) == ["B: gas -60", "B: gift 10", "C: gift 20"]
    wait_until(lambda: [header for header in run.messages(target="Bank") if header.attempts == 1])
    clock.advance(5)
    run.wait_until_idle()
    assert booked(run)[3:] == ["A: rent -900", "A: wages 2000"]
