"""What components log while an engine runs them."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from iop import BusinessOperation, BusinessService, Message, Production, handler


@dataclass
class Ping(Message):
    text: str = ""


class Chatty(BusinessOperation):
    def on_message(self, request):
        self.log_info("to the log only")
        self.log_info(request.text, to_console=True)
        self.log_assert("one and one are two")


class Deaf(BusinessService):
    @handler(Ping)
    def never_called(self, request):
        raise AssertionError

    def on_message(self, request):
        return request


def run_chatty(production_run, text):
    production = Production("Test.Logging")
    production.operation(Chatty)
    run = production_run(production)
    run.call("Chatty", Ping(text))
    run.wait_until_idle()
    return run


def test_console_gets_what_was_meant_for_it(production_run, capsys, monkeypatch) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    run_chatty(production_run, "ready\x1b[2J\nINFO Other: forged")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("INFO Chatty: ready\\x1b[2J\\nINFO Other: forged")


def test_console_is_left_to_handlers_of_the_root_logger(production_run, capsys) -> None:
    run_chatty(production_run, "ready")
    assert capsys.readouterr().err == ""


def test_assert_has_a_type_of_its_own(production_run) -> None:
    run = run_chatty(production_run, "")
    entry = run.log(item="Chatty")[-1]
    assert (entry.type.name, entry.method, entry.text) == ("ASSERT", "on_message", "one and one are two")


def test_handler_on_a_service_is_warned_of(production_run) -> None:
    production = Production("Test.Logging")
    production.service(Deaf)
    run = production_run(production)
    assert run.call("Deaf", Ping("a")) == Ping("a")
    run.wait_until_idle()
    (entry,) = run.log(item="Deaf")
    assert entry.type.name == "WARNING"
    assert entry.text.startswith("@handler of Deaf.never_called has no effect")


def test_init_of_a_dataclass_is_warned_of_once_for_each_job(production_run) -> None:
    @dataclass
    class Record(BusinessOperation):
        limit: int = 5

        def on_message(self, request):
            return request

    production = Production("Test.Logging")
    production.operation(Record)
    run = production_run(production)
    run.call("Record", Ping())
    run.wait_until_idle()
    (entry,) = run.log(item="Record")
    assert "does not call __init__()" in entry.text
