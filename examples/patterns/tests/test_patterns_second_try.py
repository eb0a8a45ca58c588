"""Tries, a message that waits for an operator, and one that is sent again elsewhere."""

import pytest

from iop_core.headers import MessageStatus
from iop_testing import run_production
from second_try import Parcel, production


@pytest.fixture
def run(clock):
    with run_production(production, clock=clock) as running:
        yield running


def header_of(run, message_id):
    (header,) = run.messages(id=message_id)
    return header


def infos(run, item) -> list[str]:
    return [entry.text for entry in run.log(item=item) if entry.text.startswith("delivered")]


def test_second_and_third_try(run, clock, wait_until) -> None:
    absent, next_one = run.send_many("Courier", [Parcel("1 High St, Town", absences=2), Parcel("2 Low St, Town")])
    for number in (1, 2):
        wait_until(lambda: header_of(run, absent).attempts == number)  # noqa: B023 - called at once
        assert header_of(run, next_one).status is MessageStatus.QUEUED, "they stay in order"
        clock.advance(10)
    run.wait_until_idle()
    assert infos(run, "Courier") == [
        "delivered to 1 High St, Town at try 3",
        "delivered to 2 Low St, Town at try 1",
    ]


def test_nobody_is_ever_at_home(run, clock, wait_until) -> None:
    parcel = run.send("Courier", Parcel("1 High St, Town", absences=99))
    for number in range(1, 7):
        wait_until(lambda: header_of(run, parcel).attempts == number)  # noqa: B023 - called at once
        clock.advance(10)
    run.wait_until_idle()
    ended = header_of(run, parcel)
    assert (ended.status, ended.attempts) == (MessageStatus.ERROR, 6)
    assert "FailureTimeout" in ended.error


def test_operator_corrects_what_was_set_aside(run) -> None:
    odd, fine = run.send_many("Courier", [Parcel("somewhere"), Parcel("2 Low St, Town")])
    run.wait_until_idle()
    assert header_of(run, odd).status is MessageStatus.SUSPENDED
    assert header_of(run, fine).status is MessageStatus.COMPLETED, "it holds up nobody"
    result = run.running.resubmit([odd], body='{"address": "3 New St, Town"}', reason="asked the sender")
    assert result.ids == (odd,)
    run.wait_until_idle()
    assert header_of(run, odd).status is MessageStatus.COMPLETED
    assert infos(run, "Courier")[-1] == "delivered to 3 New St, Town at try 2"


def test_operator_sends_what_failed_to_another_item(run) -> None:
    address = f"{'Long ' * 20}St, Town"
    parcel = run.send("Courier", Parcel(address))
    run.wait_until_idle()
    failed = header_of(run, parcel)
    assert (failed.status, failed.attempts) == (MessageStatus.ERROR, 1)
    assert "room for 60 letters" in failed.error
    (again,) = run.running.resend([parcel], target="Locker").ids
    run.wait_until_idle()
    assert header_of(run, again).status is MessageStatus.COMPLETED
    assert header_of(run, parcel).status is MessageStatus.ERROR, "the history stays"
    assert infos(run, "Locker") == [f"delivered to {address} at try 1"]
