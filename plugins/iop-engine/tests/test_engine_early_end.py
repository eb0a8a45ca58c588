"""An instance of a process that ends though answers are outstanding."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from iop import BusinessOperation, BusinessProcess, Message, Production
from iop_core.errors import RequestFailedError
from iop_core.headers import MessageStatus
from iop_testing import VirtualClock, run_production


@dataclass
class Note(Message):
    text: str = ""


EVENTS: list[str] = []


@pytest.fixture(autouse=True)
def _forget():
    EVENTS.clear()


class Ask(BusinessProcess):
    def on_request(self, request):
        self.send_request_async("Lab", request, completion_key="result")
        self.set_timer(30, "too late")

    def on_response(self, request, response, call_request, call_response, completion_key):
        EVENTS.append(completion_key)
        self.complete_now()
        return call_response or Note("none")

    def on_complete(self, request, response):
        EVENTS.append(f"complete {response.text}")

    def on_tear_down(self):
        EVENTS.append("down")


class Lab(BusinessOperation):
    def on_message(self, request):
        return request


def production() -> Production:
    made = Production("Test.EarlyEnd", update_timeout=5)
    made.operation(Lab)
    made.process(Ask)
    return made


def late_answer(run) -> None:
    run.running.start_component("Lab")
    run.wait_until_idle()
    (answer,) = run.messages(source="Lab")
    assert answer.status is MessageStatus.DISCARDED


@pytest.mark.parametrize("is_restarted", [False, True])
def test_timer_ends_an_instance_whose_answer_takes_too_long(tmp_path, is_restarted) -> None:
    clock = VirtualClock()
    with run_production(production(), data_dir=tmp_path, clock=clock) as run:
        run.running.stop_component("Lab")
        answers: list[object] = []
        caller = threading.Thread(target=lambda: answers.append(run.call("Ask", Note("a"), timeout=100)))
        caller.start()
        while not run.messages(target="Lab"):
            pass
        run.wait_until_idle()
        clock.advance(30)
        caller.join()
        assert answers == [Note("none")]
        assert EVENTS == ["too late", "complete none", "down"]
        (instance,) = run.running.processes()
        assert (instance.is_completed, instance.has_replied, instance.error) == (True, True, "")
        if not is_restarted:
            late_answer(run)
    if is_restarted:
        with run_production(production(), data_dir=tmp_path, clock=clock) as run:
            late_answer(run)
    assert EVENTS == ["too late", "complete none", "down"]


def test_answer_ends_an_instance_whose_timer_goes_on() -> None:
    clock = VirtualClock()
    with run_production(production(), clock=clock) as run:
        assert run.call("Ask", Note("a")) == Note("a")
        assert EVENTS == ["result", "complete a", "down"]
        clock.advance(30)
        run.wait_until_idle()
        assert EVENTS == ["result", "complete a", "down"]
        assert run.messages(status="Error") == []
        assert run.queues() == []


def test_outside_of_an_event_nothing_ends(production_run) -> None:
    class Wrong(BusinessProcess):
        def on_request(self, request):
            thread = threading.Thread(target=self.end)
            thread.start()
            thread.join()
            raise self.error

        def end(self):
            try:
                self.complete_now()
            except Exception as exc:  # noqa: BLE001 - told by the other thread
                self.error = exc

    made = Production("Test.EarlyEnd")
    made.process(Wrong)
    run = production_run(made)
    with pytest.raises(RequestFailedError, match="complete_now outside of an event"):
        run.call("Wrong", Note())
