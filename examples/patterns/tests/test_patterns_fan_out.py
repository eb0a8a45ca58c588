"""Answers are joined by key; the timer ends the wait for those that do not come."""

import pytest

from fan_out import MailHasCome, Offer, PriceRequest, production
from iop_testing import run_production

TOO_HEAVY = "6 kg is more than 5 kg"


@pytest.fixture
def run(clock, pool):
    with run_production(production, clock=clock) as running:
        yield running
        clock.advance(3600)  # ends what a failed test left waiting


@pytest.fixture
def ask(run, pool, wait_until):
    """Ask for an offer, and wait until only the clerk has not answered."""

    def ask(weight_kg):
        asked = pool.submit(run.call, "Prices", PriceRequest(weight_kg))
        wait_until(lambda: run.messages(target="Ens.Alarm"))
        run.wait_until_idle()
        return asked

    return ask


def test_answers_that_come_in_time_are_joined(run, clock, ask) -> None:
    asked = ask(2)
    assert not asked.done(), "one carrier has not answered"
    run.call("Sea", MailHasCome(0.5))
    assert asked.result(30) == Offer({"Road": 2.0, "Air": 9.0, "Sea": 0.5}, {}, [])
    clock.advance(5)
    run.wait_until_idle()
    assert run.messages(status="Error") == []


def test_partial_result_when_time_is_up(run, clock, ask) -> None:
    asked = ask(6)
    clock.advance(4.9)
    run.wait_until_idle()
    assert not asked.done()
    clock.advance(0.2)
    offer = asked.result(30)
    assert (offer.prices, offer.missing) == ({"Road": 6.0}, ["Sea"])
    assert list(offer.refusals) == ["Air"]
    assert TOO_HEAVY in offer.refusals["Air"]


def test_late_answer_is_noticed_and_closes_the_instance(run, clock, ask) -> None:
    asked = ask(2)
    clock.advance(5)
    assert asked.result(30).missing == ["Sea"]
    run.call("Sea", MailHasCome(0.5))
    run.wait_until_idle()
    assert [entry.text for entry in run.log(item="Prices")] == ["the answer of Sea came too late"]
    assert {header.status.name for header in run.messages()} == {"COMPLETED"}


def test_answers_survive_a_restart(tmp_path, clock) -> None:
    with run_production(production, data_dir=tmp_path, clock=clock) as run:
        session = run.send("Prices", PriceRequest(2))
        run.wait_until_idle()
    clock.advance(60)
    with run_production(production, data_dir=tmp_path, clock=clock) as run:
        run.wait_until_idle()
        keys = [header.completion_key for header in run.messages(session=session, target="Prices", type="Response")]
    assert sorted(keys) == ["Air", "Road", "Sea", "deadline"]
