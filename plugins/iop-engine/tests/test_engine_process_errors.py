"""Process instances: hooks per instance, and answers that tell of errors."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from iop import BusinessOperation, BusinessProcess, Message, Production
from iop_core.errors import RequestFailedError
from iop_core.headers import MessageStatus


@dataclass
class Note(Message):
    text: str = ""


EVENTS: list[str] = []


@pytest.fixture(autouse=True)
def _forget():
    EVENTS.clear()


class Half(BusinessOperation):
    def on_message(self, request):
        if request.text.startswith("bad"):
            raise ValueError(f"no account {request.text}")
        return Note(request.text.upper())


class Plain(BusinessProcess):
    def on_init(self):
        EVENTS.append("init")

    def on_request(self, request):
        for text in request.text.split():
            self.send_request_async("Half", Note(text), completion_key=text)

    def on_response(self, request, response, call_request, call_response, completion_key):
        EVENTS.append(f"{completion_key} {call_response.text}")
        return call_response

    def on_tear_down(self):
        EVENTS.append("down")


class Patient(Plain):
    def on_error(self, request, response, call_request, error, completion_key):
        EVENTS.append(f"{completion_key} {call_request.text} {error.target} {error.reason}")
        return Note("without")


class Async(Plain):
    async def on_error(self, request, response, call_request, error, completion_key):
        return Note("awaited")


class Angry(Plain):
    def on_error(self, request, response, call_request, error, completion_key):
        raise KeyError("gave up")


def production(process: type) -> Production:
    made = Production("Test.Process")
    made.operation("Half", Half)
    made.process("Process", process)
    return made


def test_hooks_run_for_every_request(production_run) -> None:
    run = production_run(production(Plain))
    run.call("Process", Note("a"))
    run.call("Process", Note("b"))
    assert EVENTS == ["init", "a A", "down", "init", "b B", "down"]


def test_error_answer_ends_a_process_that_does_not_take_it(production_run) -> None:
    run = production_run(production(Plain))
    with pytest.raises(RequestFailedError, match="no account bad"):
        run.call("Process", Note("bad"))
    assert EVENTS == ["init", "down"]


def test_error_answer_goes_to_on_error_and_the_process_goes_on(production_run) -> None:
    run = production_run(production(Patient))
    assert run.call("Process", Note("bad")) == Note("without")
    assert EVENTS == ["init", "bad bad Half ValueError: no account bad", "down"]
    run.wait_until_idle()
    (primary,) = run.messages(target="Process", type="request")
    assert primary.status is MessageStatus.COMPLETED


def test_other_answers_still_come(production_run) -> None:
    run = production_run(production(Patient))
    assert run.call("Process", Note("bad good")) == Note("GOOD")
    assert EVENTS[-2:] == ["good GOOD", "down"]


def test_on_error_may_be_async(production_run) -> None:
    run = production_run(production(Async))
    assert run.call("Process", Note("bad")) == Note("awaited")


def test_what_on_error_raises_ends_the_process(production_run) -> None:
    run = production_run(production(Angry))
    with pytest.raises(RequestFailedError, match="gave up"):
        run.call("Process", Note("bad"))
    assert EVENTS == ["init", "down"]


def test_tear_down_runs_once_though_it_fails(production_run) -> None:
    class Sloppy(Plain):
        def on_tear_down(self):
            EVENTS.append("down")
            raise OSError("cannot close")

    run = production_run(production(Sloppy))
    with pytest.raises(RequestFailedError, match="cannot close"):
        run.call("Process", Note("a"))
    assert EVENTS == ["init", "a A", "down"]
