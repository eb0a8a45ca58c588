"""Time limits of sends are measured with the engine's clock."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from iop import BusinessOperation, BusinessService, Message, Production
from iop_core.errors import IopError, RequestTimeoutError
from iop_core.headers import MessageStatus
from iop_testing import VirtualClock, run_production


@dataclass
class Note(Message):
    text: str = ""


class Sync(BusinessService):
    def on_message(self, request):
        return self.send_request_sync("Slow", request, timeout=60)


class Multi(BusinessService):
    def on_message(self, request):
        answers = self.send_multi_request_sync([("Slow", request), ("Quick", request)], timeout=60)
        return Note(",".join(str(answer[3]) for answer in answers))


class Awaits(BusinessService):
    async def on_message(self, request):
        return await self.send_request_async_ng("Slow", request, timeout=60)


@pytest.fixture
def hour():
    """A production whose operation answers only when the test lets it, and its clock."""
    entered, goes_on = threading.Event(), threading.Event()

    class Slow(BusinessOperation):
        def on_message(self, request):
            entered.set()
            goes_on.wait(10)
            return request

    class Quick(BusinessOperation):
        def on_message(self, request):
            return request

    made = Production("Test.Limits")
    made.operation("Slow", Slow)
    made.operation("Quick", Quick)
    for service in (Sync, Multi, Awaits):
        made.service(service)
    clock = VirtualClock()
    with run_production(made, clock=clock) as run:
        yield run, clock, entered, goes_on
        goes_on.set()


def outcome_of(run, clock, entered, target, *, timeout=-1):
    """Ask, let 59 and then 2 seconds pass, and return what the caller got."""
    result: list[object] = []

    def ask() -> None:
        try:
            result.append(run.call(target, Note("x"), timeout=timeout))
        except IopError as exc:
            result.append(exc)

    caller = threading.Thread(target=ask)
    caller.start()
    entered.wait(10)
    clock.advance(59)
    caller.join(0.05)
    assert result == []
    while caller.is_alive():  # the limit of a wait that has just begun is 60 s from then
        clock.advance(2)
        caller.join(0.01)
    return result[0]


@pytest.mark.parametrize("target", ["Sync", "Awaits"])
def test_sync_send_gives_up_on_the_clock(hour, target) -> None:
    run, clock, entered, goes_on = hour
    assert "no reply from 'Slow' within 60 s" in str(outcome_of(run, clock, entered, target))
    goes_on.set()
    run.wait_until_idle()
    (answer,) = run.messages(source="Slow")
    assert answer.status is MessageStatus.DISCARDED


def test_multi_sync_gives_up_on_the_clock(hour) -> None:
    run, clock, entered, _ = hour
    assert outcome_of(run, clock, entered, "Multi") == Note("0,1")


def test_call_from_outside_gives_up_on_the_clock(hour) -> None:
    run, clock, entered, _ = hour
    assert isinstance(outcome_of(run, clock, entered, "Slow", timeout=60), RequestTimeoutError)


@pytest.mark.parametrize("target", ["Sync", "Awaits", "Quick"])
def test_answer_in_time_ends_the_wait(hour, target) -> None:
    run, _, _, goes_on = hour
    goes_on.set()
    assert run.call(target, Note("x"), timeout=60) == Note("x")
