"""How a production stops: input first, then what callers wait for, and the rest stays stored."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

import pytest

from iop import BusinessOperation, BusinessProcess, Message, Production
from iop_core.errors import StoreError
from iop_core.headers import MessageStatus
from iop_engine.backend import LocalBackend
from iop_testing import run_production


@dataclass
class Note(Message):
    text: str = ""


EVENTS: list[str] = []


@pytest.fixture(autouse=True)
def _forget():
    EVENTS.clear()


def state_in(folder) -> str:
    return LocalBackend(str(folder), namespace="USER").history().status().state


class Quiescing(logging.Handler):
    """Waits until the engine says that it takes no more input."""

    def __init__(self):
        super().__init__()
        self.has_begun = threading.Event()

    def emit(self, record):
        if "no more input" in record.getMessage():
            self.has_begun.set()


@pytest.fixture
def quiescing():
    handler, logger = Quiescing(), logging.getLogger("iop.engine")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.setLevel(level)
    logger.removeHandler(handler)


def test_caller_gets_its_answer_though_the_production_stops(tmp_path, quiescing) -> None:
    entered, goes_on = threading.Event(), threading.Event()

    class Slow(BusinessOperation):
        def on_message(self, request):
            if request.text == "first":
                entered.set()
                goes_on.wait(10)
            EVENTS.append(request.text)
            return request

    class Middle(BusinessProcess):
        def on_request(self, request):
            return self.send_request_sync("Slow", request)

    made = Production("Test.Stop")
    made.operation("Slow", Slow)
    made.process("Middle", Middle)
    with run_production(made, data_dir=tmp_path) as run:
        run.send("Slow", Note("first"))
        entered.wait(10)
        run.send_many("Slow", [Note("later 1"), Note("later 2")])
        answers: list[object] = []
        caller = threading.Thread(target=lambda: answers.append(run.call("Middle", Note("asked"))))
        caller.start()
        while not any(message.source == "Middle" for message in run.messages(target="Slow")):
            threading.Event().wait(0.001)
        stop = threading.Thread(target=run.stop)
        stop.start()
        quiescing.has_begun.wait(10)
        goes_on.set()
        stop.join()
        caller.join()
        assert answers == [Note("asked")]
    assert EVENTS == ["first", "asked"]
    assert state_in(tmp_path) == "Stopped"
    with run_production(made, data_dir=tmp_path) as run:
        run.wait_until_idle()
    assert EVENTS == ["first", "asked", "later 1", "later 2"]


def test_stop_that_runs_out_of_time_is_suspended(tmp_path) -> None:
    entered, goes_on = threading.Event(), threading.Event()

    class Slow(BusinessOperation):
        def on_message(self, request):
            entered.set()
            goes_on.wait(10)
            return request

    made = Production("Test.Stop", shutdown_timeout=0.2)
    made.operation("Slow", Slow)

    def ask() -> None:
        with pytest.raises(StoreError, match="stopped before an answer"):
            run.call("Slow", Note("asked"))

    with run_production(made, data_dir=tmp_path) as run:
        caller = threading.Thread(target=ask)
        caller.start()
        entered.wait(10)
        run.stop()
        goes_on.set()
        caller.join()
    assert state_in(tmp_path) == "Suspended"
    with run_production(made, data_dir=tmp_path) as run:
        run.wait_until_idle()
        assert all(message.status > MessageStatus.DELIVERED for message in run.messages())
    assert state_in(tmp_path) == "Stopped"


def test_clean_stop_is_not_recovered(tmp_path) -> None:
    made = Production("Test.Stop")
    made.operation("Keep", BusinessOperation)
    for _ in range(2):
        with run_production(made, data_dir=tmp_path) as run:
            assert [entry.text for entry in run.log() if "recovered" in entry.text] == []


def test_message_resent_to_the_head_waits_for_the_next_start(tmp_path, quiescing) -> None:
    entered, goes_on = threading.Event(), threading.Event()

    class Slow(BusinessOperation):
        def on_message(self, request):
            if request.text == "first":
                entered.set()
                goes_on.wait(10)
            EVENTS.append(request.text)
            return request

    made = Production("Test.Stop")
    made.operation("Slow", Slow)
    with run_production(made, data_dir=tmp_path) as run:
        again = run.send("Slow", Note("again"))
        run.wait_until_idle()
        run.send("Slow", Note("first"))
        entered.wait(10)
        (resent,) = run.running.resend([again], at_head=True).ids
        answers: list[object] = []
        caller = threading.Thread(target=lambda: answers.append(run.call("Slow", Note("asked"))))
        caller.start()
        while len(run.messages(target="Slow", type="Request")) < 4:
            threading.Event().wait(0.001)
        stop = threading.Thread(target=run.stop)
        stop.start()
        quiescing.has_begun.wait(10)
        goes_on.set()
        stop.join()
        caller.join()
        assert answers == [Note("asked")]
    assert EVENTS == ["again", "first", "asked"]
    assert state_in(tmp_path) == "Stopped"
    with run_production(made, data_dir=tmp_path) as run:
        run.wait_until_idle()
        (header,) = run.messages(id=resent)
        assert header.status is MessageStatus.COMPLETED
    assert EVENTS == ["again", "first", "asked", "again"]
