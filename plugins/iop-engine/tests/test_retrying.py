"""Tries of operations: intervals, time-outs, what ends them, on a clock that the tests move."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import pytest

from iop import BusinessOperation, Message, Production
from iop_core.errors import ComponentStartError, RequestFailedError
from iop_core.events import EventType
from iop_core.headers import MessageStatus
from iop_testing import VirtualClock, run_production

PATIENCE_SECONDS = 20


@dataclass
class Job(Message):
    name: str = ""


@dataclass
class Done(Message):
    name: str = ""


def until(condition) -> None:
    """Wait for another thread to come so far."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "not reached in time"
        time.sleep(0.001)


class Trial:
    """An operation whose tries fail as told, and a clock that it waits on."""

    def __init__(self, **settings: object) -> None:
        self.clock = VirtualClock()
        self.starts: list[float] = []
        self.attempts: list[int] = []
        self.errors: list[BaseException | None] = []
        self.seconds_per_try = 0.0
        trial = self

        class Sink(BusinessOperation):
            def on_message(self, request):
                return trial.handle(self, request)

        self.handle = self.fail_as_told
        self.production = Production("Test.Retrying")
        self.production.operation(Sink, settings={name: str(value) for name, value in settings.items()})

    def fail_as_told(self, operation, request):
        self.starts.append(self.clock.monotonic())
        self.attempts.append(operation.retry_count)
        assert operation.RetryCount == operation.context.attempt == operation.retry_count
        if self.seconds_per_try:
            self.clock.advance(self.seconds_per_try)
        error = self.errors.pop(0) if len(self.errors) > 1 else self.errors[0]
        if error is not None:
            raise error
        return Done(request.name)

    def run(self, **options):
        return run_production(self.production, clock=self.clock, **options)

    def wait_for_try(self, run, number: int) -> None:
        """Wait until so many tries have failed and the next is waited for."""
        until(lambda: [m for m in run.messages(target="Sink", type="Request") if m.attempts == number])
        until(lambda: len(self.starts) == number)

    def let_pass(self, run, seconds: float, number: int) -> None:
        """Move the clock when the operation waits after its n-th try."""
        self.wait_for_try(run, number)
        self.clock.advance(seconds)


def request(run):
    (header,) = run.messages(target="Sink", type="Request")
    return header


def test_tries_start_at_0_10_and_20_seconds_and_none_at_30() -> None:
    trial = Trial(ReplyCodeActions="E=RF", RetryInterval=10, FailureTimeout=30)
    trial.errors = [ValueError("no answer")]
    trial.seconds_per_try = 7
    with trial.run() as run:
        run.send("Sink", Job())
        for number in (1, 2):
            trial.let_pass(run, 3, number)
        run.wait_until_idle()
        ended = request(run)
    assert trial.starts == [0, 10, 20]
    assert trial.attempts == [1, 2, 3]
    assert (ended.status, ended.attempts, ended.is_error) == (MessageStatus.ERROR, 3, True)
    assert ended.error.startswith("FailureTimeoutError: FailureTimeout exceeded: 3 tries")
    assert "ValueError: no answer" in ended.error


def test_default_is_to_fail_at_once() -> None:
    trial = Trial()
    trial.errors = [ValueError("no")]
    with trial.run() as run, pytest.raises(RequestFailedError, match="ValueError: no"):
        run.call("Sink", Job())
    assert trial.attempts == [1]


@pytest.mark.parametrize("error", [ConnectionRefusedError("x"), TimeoutError("x"), OSError(113, "no route")])
def test_connection_errors_are_tried_again_whatever_the_actions(error) -> None:
    trial = Trial(RetryInterval=5)
    trial.errors = [error, None]
    with trial.run() as run:
        run.send("Sink", Job("a"))
        trial.let_pass(run, 5, 1)
        run.wait_until_idle()
        ended = request(run)
        warning = next(entry for entry in run.log(item="Sink") if entry.type is EventType.WARNING)
    assert (ended.status, ended.attempts, ended.error) == (MessageStatus.COMPLETED, 2, "")
    assert "try 1 ended with" in warning.text
    assert "next in 5 s" in warning.text
    assert "Traceback" in warning.text
    assert warning.message_id == ended.message_id


def test_error_that_was_raised_from_a_connection_error_is_one() -> None:
    class ClientError(Exception):
        pass

    error = ClientError("wrapped")
    error.__cause__ = ConnectionResetError("reset")
    trial = Trial()
    trial.errors = [error, None]
    with trial.run() as run:
        run.send("Sink", Job("a"))
        trial.let_pass(run, 5, 1)
        run.wait_until_idle()
        assert request(run).status is MessageStatus.COMPLETED


def test_file_error_is_no_connection_error() -> None:
    trial = Trial()
    trial.errors = [FileNotFoundError("x")]
    with trial.run() as run:
        run.send("Sink", Job())
        run.wait_until_idle()
        assert (request(run).status, request(run).attempts) == (MessageStatus.ERROR, 1)


def test_failure_timeout_of_minus_one_never_ends() -> None:
    trial = Trial(ReplyCodeActions="E=R", RetryInterval=100, FailureTimeout=-1)
    trial.errors = [*[ValueError("no")] * 30, None]
    with trial.run() as run:
        run.send("Sink", Job())
        for number in range(1, 31):
            trial.let_pass(run, 100, number)
        run.wait_until_idle()
        assert (request(run).status, request(run).attempts) == (MessageStatus.COMPLETED, 31)


def test_no_fail_while_disconnected_waits_for_the_connection_only() -> None:
    trial = Trial(RetryInterval=20, FailureTimeout=15, NoFailWhileDisconnected=1)
    trial.errors = [ConnectionError("down"), ConnectionError("down"), ValueError("refused")]
    with trial.run() as run:
        run.send("Sink", Job())
        trial.let_pass(run, 20, 1)
        trial.let_pass(run, 20, 2)
        run.wait_until_idle()
        assert request(run).status is MessageStatus.ERROR
        assert request(run).error == "ValueError: refused"


def test_intervals_grow_up_to_a_limit() -> None:
    trial = Trial(ReplyCodeActions="E=R", RetryInterval=1, RetryBackoff=2, RetryIntervalMax=5, FailureTimeout=-1)
    trial.errors = [*[ValueError("no")] * 5, None]
    with trial.run() as run:
        run.send("Sink", Job())
        for number, seconds in enumerate((1, 2, 4, 5, 5), 1):
            trial.let_pass(run, seconds, number)
        run.wait_until_idle()
    assert trial.starts == [0, 1, 3, 7, 12, 17]


@pytest.mark.parametrize(
    ("name", "value", "attempts"),
    [
        ("RetryOn", "LookupError", 2),
        ("RetryOn", "builtins.KeyError", 2),
        ("RetryOn", "ValueError", 1),
        ("FailOn", "KeyError", 1),
    ],
)
def test_classes_of_errors_decide(name, value, attempts) -> None:
    trial = Trial(**{name: value}, ReplyCodeActions="E=RF" if name == "FailOn" else "E=F")
    trial.errors = [KeyError("k"), None]
    with trial.run() as run:
        run.send("Sink", Job())
        if attempts == 2:
            trial.let_pass(run, 5, 1)
        run.wait_until_idle()
        assert request(run).attempts == attempts


def test_code_asks_for_a_retry() -> None:
    trial = Trial()

    def ask(operation, request_):
        trial.starts.append(trial.clock.monotonic())
        assert operation.Retry is False
        operation.Retry = operation.retry_count < 3
        operation.send_request_async("Sink", Job("more")) if operation.retry_count < 3 else None

    trial.handle = ask
    with trial.run() as run:
        run.send("Sink", Job())
        trial.let_pass(run, 5, 1)
        trial.let_pass(run, 5, 2)
        run.wait_until_idle()
        assert (request(run).status, request(run).attempts) == (MessageStatus.COMPLETED, 3)
    assert trial.starts == [0, 5, 10]


def test_sends_of_a_failed_try_are_dropped() -> None:
    sent = []

    class Store(BusinessOperation):
        def on_message(self, request_):
            sent.append(request_.name)

    trial = Trial(ReplyCodeActions="E=R")

    def send_and_fail(operation, request_):
        trial.starts.append(0)
        operation.send_request_async("Store", Job(str(operation.retry_count)))
        if operation.retry_count == 1:
            raise ValueError("after the send")

    trial.handle = send_and_fail
    trial.production.operation(Store)
    with trial.run() as run:
        run.send("Sink", Job())
        trial.let_pass(run, 5, 1)
        run.wait_until_idle()
    assert sent == ["2"]


def test_code_suspends_its_message() -> None:
    trial = Trial()

    def suspend(operation, request_):
        operation.SuspendMessage = request_.name == "bad"
        return Done()

    trial.handle = suspend
    with trial.run() as run:
        run.send_many("Sink", [Job("bad"), Job("good")])
        run.wait_until_idle()
        statuses = [header.status for header in run.messages(target="Sink", type="Request")]
        assert statuses == [MessageStatus.SUSPENDED, MessageStatus.COMPLETED]
        assert [header for header in run.messages() if header.source == "Sink"] == []


@pytest.mark.parametrize(
    ("actions", "status", "is_answered"),
    [
        ("E=C", MessageStatus.COMPLETED, True),
        ("E=W", MessageStatus.COMPLETED, True),
        ("E*nothing=C", MessageStatus.ERROR, False),
        ("E#404=C,E=F", MessageStatus.COMPLETED, True),
    ],
)
def test_actions_end_a_message(actions, status, is_answered) -> None:
    class WebError(Exception):
        code = 404

    trial = Trial(ReplyCodeActions=actions)
    trial.errors = [WebError("missing")]
    with trial.run() as run:
        if is_answered:
            assert run.call("Sink", Job()) is None
        else:
            with pytest.raises(RequestFailedError):
                run.call("Sink", Job())
        run.wait_until_idle()
        assert request(run).status is status
        warnings = [entry for entry in run.log(item="Sink") if entry.type is EventType.WARNING]
        assert len(warnings) == ("W" in actions)


def test_suspended_by_action_keeps_error_and_traceback() -> None:
    trial = Trial(ReplyCodeActions="E=S")
    trial.errors = [ValueError("bad data"), None]
    with trial.run() as run:
        run.send_many("Sink", [Job("1"), Job("2")])
        run.wait_until_idle()
        first, second = run.messages(target="Sink", type="Request")
        assert (first.status, first.error, first.is_error) == (MessageStatus.SUSPENDED, "ValueError: bad data", True)
        assert second.status is MessageStatus.COMPLETED
        assert any(
            "fail_as_told" in entry.text for entry in run.log(item="Sink") if entry.message_id == first.message_id
        )


def test_no_reply_is_a_failure_where_code_x_says_so() -> None:
    trial = Trial(ReplyCodeActions="X=F")
    trial.handle = lambda _operation, request_: Done() if request_.name else None
    with trial.run() as run:
        assert run.call("Sink", Job("a")) == Done()
        with pytest.raises(RequestFailedError, match="code X"):
            run.call("Sink", Job(""))


def test_retried_message_holds_back_its_queue_and_no_other() -> None:
    trial = Trial(ReplyCodeActions="E=R", FailureTimeout=-1)
    trial.errors = [ValueError("poison"), None]
    handled = []

    class Other(BusinessOperation):
        def on_message(self, request_):
            handled.append(request_.name)

    trial.production.operation(Other)
    with trial.run() as run:
        run.send_many("Sink", [Job("poison"), Job("next")])
        trial.wait_for_try(run, 1)
        run.send("Other", Job("free"))
        until(lambda: handled == ["free"])
        assert [header.status for header in run.messages(target="Sink")] == [MessageStatus.QUEUED] * 2
        trial.let_pass(run, 5, 1)
        run.wait_until_idle()
        assert {header.status for header in run.messages()} == {MessageStatus.COMPLETED}


def test_stop_puts_a_retried_message_back(tmp_path) -> None:
    trial = Trial(ReplyCodeActions="E=R", FailureTimeout=-1)
    trial.errors = [ValueError("no"), None]
    with trial.run(data_dir=tmp_path) as run:
        run.send_many("Sink", [Job("first"), Job("second")])
        trial.wait_for_try(run, 1)
        run.stop()
    seen = []
    trial.handle = lambda operation, request_: seen.append((request_.name, operation.retry_count))
    with trial.run(data_dir=tmp_path) as run:
        run.wait_until_idle()
    assert seen == [("first", 2), ("second", 1)]


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("ReplyCodeActions", "E=Q", "unknown action 'Q'"),
        ("ReplyCodeActions", "Z=F", "unknown code 'Z'"),
        ("RetryInterval", "-1", "seconds, 0 or more"),
        ("RetryInterval", "soon", "a number"),
        ("FailureTimeout", "-2", "-1 for no limit"),
        ("RetryBackoff", "0.5", "1 or more"),
    ],
)
def test_wrong_settings_are_refused_at_the_start(name, value, text) -> None:
    with pytest.raises(ComponentStartError, match=text) as error, Trial(**{name: value}).run():
        pass
    assert name in str(error.value)


def test_class_attributes_are_defaults() -> None:
    starts = []

    class Stubborn(BusinessOperation):
        ReplyCodeActions = "E=R"
        RetryInterval = 1.0
        retry_count = 7  # settings of its own, which the engine leaves alone
        retry = 3
        suspend_message = "never"

        def on_message(self, request_):
            starts.append(self.context.attempt)
            assert (self.retry_count, self.retry, self.suspend_message) == (7, 4, "never")
            if len(starts) < 2:
                raise ValueError("no")

    clock = VirtualClock()
    production = Production("Test.Stubborn")
    production.operation(Stubborn, settings={"retry": "4"})
    with run_production(production, clock=clock) as run:
        run.send("Stubborn", Job())
        until(lambda: run.messages(target="Stubborn")[0].attempts == 1)
        clock.advance(1)
        run.wait_until_idle()
        assert [entry for entry in run.log() if "not known" in entry.text] == []
    assert starts == [1, 2]


def test_sync_sender_waits_through_the_tries() -> None:
    trial = Trial(ReplyCodeActions="E=R")
    trial.errors = [ValueError("no"), None]
    with trial.run() as run:
        answers = []
        caller = threading.Thread(target=lambda: answers.append(run.call("Sink", Job("a"))))
        caller.start()
        trial.let_pass(run, 5, 1)
        caller.join(PATIENCE_SECONDS)
        assert answers == [Done("a")]


def test_disabling_action_puts_the_message_back_at_the_front(tmp_path) -> None:
    trial = Trial(ReplyCodeActions="E=D")
    trial.errors = [ValueError("broken"), None]
    with trial.run(data_dir=tmp_path) as run:
        run.send_many("Sink", [Job("1"), Job("2")])
        until(lambda: run.running.items()[0].state.value == "Disabled")
        statuses = [(header.status, header.attempts) for header in run.messages(target="Sink")]
        assert statuses == [(MessageStatus.QUEUED, 1), (MessageStatus.QUEUED, 0)]
        assert len(trial.starts) == 1
        until(lambda: not run.running.items()[0].jobs)
        run.running.enable("Sink")
        run.wait_until_idle()
        assert trial.attempts == [1, 2, 1]
        assert {header.status for header in run.messages(target="Sink")} == {MessageStatus.COMPLETED}


def test_disabling_action_with_an_end_ends_the_message() -> None:
    trial = Trial(ReplyCodeActions="E=DS")
    trial.errors = [ValueError("broken"), None]
    with trial.run() as run:
        run.send("Sink", Job("1"))
        until(lambda: run.running.items()[0].state.value == "Disabled")
        assert request(run).status is MessageStatus.SUSPENDED


@pytest.mark.parametrize("is_production", [False, True], ids=["item", "production"])
def test_restart_does_not_prolong_the_time_for_tries(tmp_path, is_production) -> None:
    trial = Trial(ReplyCodeActions="E=RF", RetryInterval=10, FailureTimeout=22)
    trial.errors = [ValueError("no answer")]
    with trial.run(data_dir=tmp_path) as run:
        run.send("Sink", Job())
        trial.let_pass(run, 4, 1)
        if not is_production:
            run.running.restart_component("Sink")
            trial.wait_for_try(run, 2)
            trial.let_pass(run, 10, 2)
            run.wait_until_idle()
            assert request(run).status is MessageStatus.ERROR
    if not is_production:
        assert trial.starts == [0, 4, 14]  # and none at 24
        return
    trial.clock.advance(16)
    with trial.run(data_dir=tmp_path) as run:
        run.wait_until_idle()
        ended = request(run)
    assert trial.starts == [0, 20]
    assert (ended.status, ended.attempts) == (MessageStatus.ERROR, 2)
    assert ended.error.startswith("FailureTimeoutError")


def test_time_for_tries_begins_anew_when_an_operator_resubmits() -> None:
    trial = Trial(ReplyCodeActions="E=RS", RetryInterval=10, FailureTimeout=15)
    trial.errors = [ValueError("no answer")]
    with trial.run() as run:
        run.send("Sink", Job())
        trial.let_pass(run, 10, 1)
        until(lambda: request(run).status is MessageStatus.SUSPENDED)
        assert request(run).time_processed is not None
        run.running.stop_component("Sink")
        run.resubmit(request(run).message_id)
        assert (request(run).time_processed, request(run).attempts) == (None, 2)
        trial.clock.advance(100)
        run.running.start_component("Sink")
        trial.let_pass(run, 10, 3)
        until(lambda: request(run).status is MessageStatus.SUSPENDED)
    assert trial.starts == [0, 10, 110, 120]


def test_time_for_tries_begins_anew_when_a_disabled_item_is_enabled() -> None:
    trial = Trial(ReplyCodeActions="E=RD", RetryInterval=10, FailureTimeout=15)
    trial.errors = [ValueError("no answer")]
    with trial.run() as run:
        run.send("Sink", Job())
        trial.let_pass(run, 10, 1)
        until(lambda: run.running.items()[0].jobs == 0)
        trial.clock.advance(100)
        run.running.enable("Sink")
        trial.let_pass(run, 10, 3)
        until(lambda: run.running.items()[0].jobs == 0)
    assert trial.starts == [0, 10, 110, 120]
