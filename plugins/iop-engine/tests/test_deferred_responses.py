"""Answers that operations put off, and who gives them when."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import pytest

from iop import BusinessOperation, BusinessProcess, Message, Production
from iop_core.errors import RequestFailedError, SendError
from iop_core.headers import MessageStatus
from iop_testing import run_production

PATIENCE_SECONDS = 20


@dataclass
class Sample(Message):
    name: str = ""
    token: str = ""


@dataclass
class Finding(Message):
    text: str = ""


def until(condition) -> None:
    """Wait for another thread to come so far."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "not reached in time"
        time.sleep(0.001)


class Lab(BusinessOperation):
    def on_message(self, request):
        token = self.defer_response()
        assert token == self.defer_response()
        self.send_request_async("Analyser", Sample(request.name, token))
        return Finding("not this one")


class Analyser(BusinessOperation):
    def on_message(self, request):
        self.send_deferred_response(request.token, Finding(f"{request.name} is fine"))


def hospital(*, has_analyser: bool = True) -> Production:
    production = Production("Test.Lab")
    production.operation(Lab)
    production.operation(Analyser, enabled=has_analyser)
    return production


def statuses(run, **filters: object) -> list[MessageStatus]:
    return [header.status for header in run.messages(**filters)]


def test_caller_gets_the_answer_of_another_component() -> None:
    with run_production(hospital()) as run:
        assert run.call("Lab", Sample("blood")) == Finding("blood is fine")
        run.wait_until_idle()
        assert set(statuses(run)) == {MessageStatus.COMPLETED}
        (answer,) = run.messages(type="Response", source="Lab")
        assert run.body(answer.message_id) == Finding("blood is fine")
        assert answer.is_error is False


def test_both_are_deferred_until_then_also_after_a_restart(tmp_path) -> None:
    class Ward(BusinessProcess):
        def on_request(self, request):
            self.send_request_async("Lab", request)

        def on_response(self, request, response, call_request, call_response, completion_key):
            self.send_request_async("Archive", call_response, response_required=False)

    archived = []

    class Archive(BusinessOperation):
        def on_message(self, request):
            archived.append(request)

    def production(*, has_analyser: bool) -> Production:
        made = hospital(has_analyser=has_analyser)
        made.process(Ward)
        made.operation(Archive)
        return made

    with run_production(production(has_analyser=False), data_dir=tmp_path) as run:
        run.send("Ward", Sample("blood"))
        until(lambda: run.messages(target="Analyser"))
        assert statuses(run, target="Lab") == [MessageStatus.DEFERRED]
        (answer,) = run.messages(source="Lab", type="Response")
        assert (answer.status, answer.body_class) == (MessageStatus.DEFERRED, "")
    with run_production(production(has_analyser=True), data_dir=tmp_path) as run:
        run.wait_until_idle()
        assert archived == [Finding("blood is fine")]
        assert set(statuses(run)) == {MessageStatus.COMPLETED}
        assert statuses(run, id=answer.message_id) == [MessageStatus.COMPLETED]


def test_answer_given_before_the_handler_ends() -> None:
    class Quick(BusinessOperation):
        def on_message(self, request):
            self.send_deferred_response(self.defer_response(), Finding("at once"))

    production = Production("Test.Quick")
    production.operation(Quick)
    with run_production(production) as run:
        assert run.call("Quick", Sample()) == Finding("at once")


def test_answer_is_given_once() -> None:
    refused = []

    class Twice(BusinessOperation):
        def on_message(self, request):
            self.send_deferred_response(request.token, Finding("first"))
            for token in (request.token, "4711", "x"):
                with pytest.raises(SendError) as error:
                    self.send_deferred_response(token, Finding("second"))
                refused.append(str(error.value))

    production = Production("Test.Twice")
    production.operation(Lab)
    production.operation("Analyser", Twice)
    with run_production(production) as run:
        assert run.call("Lab", Sample()) == Finding("first")
        run.wait_until_idle()
    assert len(refused) == 3
    assert all("no deferred answer is outstanding" in text for text in refused)


def test_many_threads_answer_while_handlers_end() -> None:
    class Racer(BusinessOperation):
        def on_message(self, request):
            token = self.defer_response()
            threading.Thread(target=self.send_deferred_response, args=(token, Finding(request.name))).start()

    production = Production("Test.Racer")
    production.operation(Racer, pool_size=4)
    with run_production(production, durability="normal") as run:
        answers = [run.call("Racer", Sample(str(number))) for number in range(100)]
        assert answers == [Finding(str(number)) for number in range(100)]


def test_failed_handler_answers_with_its_error() -> None:
    tokens = []

    class Broken(BusinessOperation):
        def on_message(self, request):
            tokens.append(self.defer_response())
            raise ValueError("broken")

    production = Production("Test.Broken")
    production.operation(Broken)
    production.operation(Analyser)
    with run_production(production) as run:
        with pytest.raises(RequestFailedError, match="broken"):
            run.call("Broken", Sample())
        with pytest.raises(RequestFailedError, match="outstanding"):
            run.call("Analyser", Sample("", tokens[0]))


def test_abort_of_a_deferred_request_tells_its_caller() -> None:
    production = hospital(has_analyser=False)
    with run_production(production) as run:
        errors = []

        def ask() -> None:
            with pytest.raises(RequestFailedError, match="aborted by kim") as error:
                run.call("Lab", Sample())
            errors.append(error)

        caller = threading.Thread(target=ask)
        caller.start()
        until(lambda: statuses(run, target="Lab") == [MessageStatus.DEFERRED])
        (request,) = run.messages(target="Lab")
        run.running.abort([request.message_id], actor="kim")
        caller.join(PATIENCE_SECONDS)
        assert len(errors) == 1
        assert statuses(run, target="Lab") == [MessageStatus.ABORTED]
        run.running.enable("Analyser")
        run.wait_until_idle()
        assert statuses(run, target="Analyser") == [MessageStatus.ERROR], "its answer comes too late"


def test_outside_of_a_handler_nothing_can_be_deferred() -> None:
    class Eager(BusinessOperation):
        def on_init(self):
            with pytest.raises(SendError, match="outside of the handling"):
                self.defer_response()

        def on_message(self, request):
            return None

    production = Production("Test.Eager")
    production.operation(Eager)
    with run_production(production) as run:
        run.call("Eager", Sample())
