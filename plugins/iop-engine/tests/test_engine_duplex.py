"""Duplex components: documents of a private session to one process instance."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from iop import (
    BusinessOperation,
    BusinessProcess,
    DuplexOperation,
    DuplexProcess,
    DuplexService,
    Message,
    Production,
    handler,
)
from iop_core.errors import RequestFailedError
from iop_core.headers import MessageStatus
from iop_testing import run_production


@dataclass
class Line(Message):
    text: str = ""


@dataclass
class Stop(Message):
    pass


EVENTS: list[object] = []


@pytest.fixture(autouse=True)
def _forget():
    EVENTS.clear()


class Dialog(DuplexProcess):
    """Numbers the lines of its session."""

    PERSISTENT_PROPERTY_LIST = ("count",)
    count = 0

    def on_private_session_started(self, source_config_name, self_generated):
        EVENTS.append(("process started", source_config_name, self_generated))

    def on_document(self, source_config_name, request):
        if request is None:
            return None
        if request.text == "fail":
            raise ValueError("no such line")
        if request.text == "ask":
            self.send_request_async("Upper", request)
            return None
        self.count += 1
        return Line(f"{self.count} {request.text} from {source_config_name}")

    def on_response(self, request, response, call_request, call_response, completion_key):
        EVENTS.append(call_response)

    def on_private_session_stopped(self, source_config_name, self_generated, message):
        EVENTS.append(("process stopped", source_config_name, self_generated, message))

    def on_complete(self, request, response):
        EVENTS.append(f"complete {self.count}")


class Noting:
    def on_private_session_started(self, source_config_name, self_generated):
        EVENTS.append(("started", source_config_name, self_generated))

    def on_private_session_stopped(self, source_config_name, self_generated, message):
        EVENTS.append(("stopped", source_config_name, self_generated, message))


class Terminal(Noting, DuplexService):
    def on_message(self, request):
        if isinstance(request, Stop):
            return self.stop_private_session(Line("bye"))
        return self.send_document_to_process(request)


class Wire(Noting, DuplexOperation):
    @handler(Line)
    def line(self, request):
        return self.send_document_to_process(request)

    @handler(Stop)
    def stop(self, request):
        self.stop_private_session(Line("bye"))


class Upper(BusinessOperation):
    def on_message(self, request):
        return Line(request.text.upper())


def dialog(end=Terminal, pool_size=1) -> Production:
    production = Production("Test.Duplex", shutdown_timeout=10)
    production.operation(Upper)
    process = production.process(Dialog, pool_size=pool_size)
    make = production.service if end is Terminal else production.operation
    item = make("End", end)
    production.connect(item.DuplexTargetConfigName, process)
    return production


@pytest.mark.parametrize("pool_size", [0, 1, 3])
@pytest.mark.parametrize("end", [Terminal, Wire])
def test_documents_go_to_one_instance(production_run, end, pool_size) -> None:
    run = production_run(dialog(end, pool_size))
    answers = [run.call("End", Line(text)).text for text in ("a", "b", "c")]
    assert answers == ["1 a from End", "2 b from End", "3 c from End"]
    assert EVENTS == [("process started", "End", False), ("started", "Dialog", True)]
    run.call("End", Stop())
    run.wait_until_idle()
    assert EVENTS[2:] in (
        [("stopped", "Dialog", True, Line("bye")), ("process stopped", "End", False, Line("bye")), "complete 3"],
        [("process stopped", "End", False, Line("bye")), ("stopped", "Dialog", True, Line("bye")), "complete 3"],
        [("process stopped", "End", False, Line("bye")), "complete 3", ("stopped", "Dialog", True, Line("bye"))],
    )
    assert {message.status for message in run.messages()} == {MessageStatus.COMPLETED}


def test_next_document_after_a_stop_opens_a_new_session(production_run) -> None:
    run = production_run(dialog())
    run.call("End", Line("a"))
    run.call("End", Stop())
    run.call("End", Stop())
    assert run.call("End", Line("b")).text == "1 b from End"
    assert EVENTS.count(("process started", "End", False)) == 2
    assert EVENTS.count(("stopped", "Dialog", True, Line("bye"))) == 1


def test_empty_document_and_answer(production_run) -> None:
    assert production_run(dialog()).call("End", None) is None


def test_process_may_ask_others_between_documents(production_run) -> None:
    run = production_run(dialog())
    run.call("End", Line("ask"))
    run.wait_until_idle()
    assert EVENTS[-1] == Line("ASK")
    assert run.call("End", Line("more")).text == "1 more from End"


def test_error_in_a_document_ends_the_session_and_a_new_one_begins(production_run) -> None:
    run = production_run(dialog())
    run.call("End", Line("a"))
    with pytest.raises(RequestFailedError, match="ValueError: no such line"):
        run.call("End", Line("fail"))
    assert EVENTS[-1] == ("stopped", "Dialog", False, None)
    assert run.call("End", Line("b")).text == "1 b from End"


def test_document_for_an_instance_that_has_ended_is_refused(production_run) -> None:
    """The instance fails by something else than a document."""

    class Failing(Dialog):
        def on_response(self, request, response, call_request, call_response, completion_key):
            raise KeyError("broken")

    production = Production("Test.Duplex")
    production.operation(Upper)
    process = production.process("Dialog", Failing)
    production.connect(production.service("End", Terminal).DuplexTargetConfigName, process)
    run = production_run(production)
    run.call("End", Line("ask"))
    run.wait_until_idle()
    for _ in range(2):
        with pytest.raises(RequestFailedError, match="private session has ended"):
            run.call("End", Line("a"))
        run.call("End", Line("ask"))
        run.wait_until_idle()
    assert len(run.messages(status="Discarded")) == 2


def test_stop_of_the_production_ends_the_session(tmp_path) -> None:
    for end in (Terminal, Wire):
        EVENTS.clear()
        with run_production(dialog(end), data_dir=tmp_path) as run:
            run.call("End", Line("a"))
        assert ("stopped", "Dialog", True, None) in EVENTS
        with run_production(dialog(end), data_dir=tmp_path) as run:
            run.wait_until_idle()
        assert ("process stopped", "End", False, None) in EVENTS
        assert EVENTS.count("complete 1") == 1


def test_each_job_has_a_session_of_its_own(production_run) -> None:
    run = production_run(dialog())
    run.call("End", Line("a"))
    sessions = {message.session_id for message in run.messages(target="Dialog")}
    assert len(sessions) == 1
    documents = run.messages(source="End", target="Dialog", type="Response")
    assert [message.description for message in documents] == ["End -> Dialog: document"]


def test_target_must_be_a_duplex_process(production_run) -> None:
    class Plain(BusinessProcess):
        def on_request(self, request):
            return Line()

    production = Production("Test.Duplex")
    process = production.process(Plain)
    production.connect(production.service("End", Terminal).DuplexTargetConfigName, process)
    with pytest.raises(RequestFailedError, match="'Plain' is not a duplex process: it answered with Line"):
        production_run(production).call("End", Line())


def test_target_must_be_set(production_run) -> None:
    production = Production("Test.Duplex")
    production.service("End", Terminal)
    with pytest.raises(RequestFailedError, match=r"NotConnectedError.*not connected: 'DuplexTargetConfigName'"):
        production_run(production).call("End", Line())
