"""Messages that fail: what ReplyCodeActions say, tries and their limits, and what the code may ask for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from iop_core import BusinessOperation, OutboundAdapter
from iop_core.errors import RequestFailedError
from iop_core.events import EventType
from iop_core.headers import MessageHeader, MessageStatus
from iop_core.item_control import ItemState
from iop_production import Production
from iop_testing.conformance.trial import PATIENCE_SECONDS, BackendSuite, BackendTrial, Note, in_background
from iop_testing.production_run import ProductionRun

NOTE = Note("a")

Handle = Callable[[BusinessOperation, Note], object]


class NumberedError(Exception):
    """An error with a number, as clients of web services raise them."""

    code = 404


class Sink:
    """An operation that does what the test says, and the times of its tries.

    Args:
        trial: Where it runs.
        handle: Handles a message for the operation.
        settings: Settings of the item.
    """

    def __init__(self, trial: BackendTrial, handle: Handle, **settings: object) -> None:
        self.starts: list[float] = []
        starts, clock, seen = self.starts, trial.clock, trial.seen

        class Operation(BusinessOperation):
            def on_message(self, request: Note) -> object:
                starts.append(clock.monotonic())
                seen.append(request.text)
                return handle(self, request)

        self.production = Production("Conformance.Failures")
        self.production.operation("Sink", Operation)
        self.production.item("Sink").host_settings.update(settings)

    def let_pass(self, trial: BackendTrial, run: ProductionRun, number: int, *steps: float) -> None:
        """Move the clock, once the try of that number has failed and was stored."""
        trial.until(lambda: len(self.starts) == number)
        trial.until(lambda: [header for header in run.messages(target="Sink") if header.attempts == number])
        for seconds in steps:
            trial.clock.advance(seconds)


def failing(*errors: Exception | None) -> Handle:
    """Return a handler that raises these errors one after the other, the last one for ever; None: it answers."""
    left = list(errors)

    def handle(_operation: BusinessOperation, request: Note) -> object:
        error = left.pop(0) if len(left) > 1 else left[0]
        if error is not None:
            raise error
        return request

    return handle


def silent_for_empty(_operation: BusinessOperation, request: Note) -> object:
    """Answer what has a text, and give no reply to what has none."""
    return request if request.text else None


def request_of(run: ProductionRun) -> MessageHeader:
    """Return the only request."""
    (header,) = run.messages(target="Sink", type="Request")
    return header


def ended(trial: BackendTrial, sink: Sink, *messages: Note) -> list[MessageHeader]:
    """Send messages to the operation and return their headers when all is done."""
    with trial.run(sink.production) as run:
        run.send_many("Sink", list(messages or (NOTE,)))
        run.wait_until_idle()
        return run.messages(target="Sink", type="Request")


def retried(trial: BackendTrial, sink: Sink, *waits: float | tuple[float, ...]) -> MessageHeader:
    """Send a message, let so much time pass after each try, and return its header when all is done."""
    with trial.run(sink.production) as run:
        run.send("Sink", NOTE)
        for number, wait in enumerate(waits, 1):
            sink.let_pass(trial, run, number, *(wait if isinstance(wait, tuple) else (wait,)))
        run.wait_until_idle()
        return request_of(run)


class FailureSuite(BackendSuite):
    """Checks of failures of operations; subclass it as ``Test...`` and give the ``open_backend`` fixture."""

    # ReplyCodeActions: codes

    def test_default_actions(self, trial: BackendTrial) -> None:
        """By default any error fails the message at once, and the next one is handled."""
        first, second = ended(trial, Sink(trial, failing(ValueError("no"), None)), NOTE, NOTE)
        assert (first.status, first.is_error, first.attempts) == (MessageStatus.ERROR, True, 1)
        assert "no" in first.error
        assert second.status is MessageStatus.COMPLETED

    @pytest.mark.parametrize(
        ("code", "error", "matches"),
        [
            ("E", ValueError("any"), True),
            ("E#404", NumberedError("missing"), True),
            ("E#405", NumberedError("missing"), False),
            ("E*missing", ValueError("it is missing here"), True),
            ("E*missing", ValueError("it is there"), False),
            ("(E#405,E*miss)", NumberedError("missing"), True),
            ("X", ValueError("any"), False),
        ],
    )
    def test_codes_of_errors(self, trial: BackendTrial, code: str, error: Exception, *, matches: bool) -> None:
        """E is any error, E#num one with that number, E*text one with that text; parentheses are for several."""
        (header,) = ended(trial, Sink(trial, failing(error), ReplyCodeActions=f"{code}=C"))
        assert header.status is (MessageStatus.COMPLETED if matches else MessageStatus.ERROR)

    def test_code_for_no_reply(self, trial: BackendTrial) -> None:
        """X is a handler that gave no reply."""
        headers = ended(trial, Sink(trial, silent_for_empty, ReplyCodeActions="X=F"), NOTE, Note(""))
        assert [header.status for header in headers] == [MessageStatus.COMPLETED, MessageStatus.ERROR]

    def test_codes_of_replies(self, trial: BackendTrial) -> None:
        """A class of operations says which of its own codes a reply has, as HL7 operations do of acknowledgements."""

        class Lab(BusinessOperation):
            REPLY_CODES = (":?E", ":*")

            def on_message(self, request: Note) -> Note:
                return request

            def reply_codes(self, reply: Note) -> list[str]:
                return [":?E"] if reply.text == "AE" else [":*"]

        production = Production("Conformance.Failures")
        production.operation("Sink", Lab, settings={"ReplyCodeActions": ":?E=S,:*=C"})
        with trial.run(production) as run:
            run.send_many("Sink", [Note("AE"), Note("AA")])
            run.wait_until_idle()
            statuses = [header.status for header in run.messages(target="Sink")]
            assert run.call("Sink", Note("CA")) == Note("CA")
        assert statuses == [MessageStatus.SUSPENDED, MessageStatus.COMPLETED]

    # ReplyCodeActions: actions

    def test_action_complete(self, trial: BackendTrial) -> None:
        """C has the message count as completed; its caller gets an answer."""
        sink = Sink(trial, failing(ValueError("no")), ReplyCodeActions="E=C")
        with trial.run(sink.production) as run:
            assert run.call("Sink", NOTE) is None
            assert (request_of(run).status, request_of(run).is_error) == (MessageStatus.COMPLETED, False)

    def test_action_warn(self, trial: BackendTrial) -> None:
        """W logs a warning and completes the message."""
        sink = Sink(trial, failing(ValueError("odd")), ReplyCodeActions="E=W")
        with trial.run(sink.production) as run:
            assert run.call("Sink", NOTE) is None
            assert request_of(run).status is MessageStatus.COMPLETED
            (warning,) = [entry for entry in run.log(item="Sink") if entry.type is EventType.WARNING]
        assert "odd" in warning.text

    @pytest.mark.parametrize(
        ("actions", "status"),
        [
            ("E=R", MessageStatus.ERROR),
            ("E=RF", MessageStatus.ERROR),
            ("E=RC", MessageStatus.COMPLETED),
            ("E=RS", MessageStatus.SUSPENDED),
        ],
    )
    def test_action_retry(self, trial: BackendTrial, actions: str, status: MessageStatus) -> None:
        """R tries by RetryInterval until FailureTimeout; then the other letter counts, F when there is none."""
        sink = Sink(trial, failing(ValueError("no")), ReplyCodeActions=actions, RetryInterval=10, FailureTimeout=25)
        header = retried(trial, sink, 10, 10)
        assert (sink.starts, header.status, header.attempts) == ([0, 10, 20], status, 3)

    def test_action_suspend(self, trial: BackendTrial) -> None:
        """S suspends the message, logs the error, and goes on with the next."""
        sink = Sink(trial, failing(ValueError("bad data"), None), ReplyCodeActions="E=S")
        with trial.run(sink.production) as run:
            run.send_many("Sink", [NOTE, NOTE])
            run.wait_until_idle()
            first, second = run.messages(target="Sink")
            assert (first.status, second.status) == (MessageStatus.SUSPENDED, MessageStatus.COMPLETED)
            assert [entry for entry in run.log(item="Sink") if "bad data" in entry.text]

    def test_action_disable(self, trial: BackendTrial) -> None:
        """D disables the item, logs the error, and puts the message back at the front."""
        sink = Sink(trial, failing(ValueError("broken"), None), ReplyCodeActions="E=D")
        with trial.run(sink.production) as run:
            run.send_many("Sink", [Note("1"), Note("2")])
            trial.until(lambda: run.running.items()[0].state is ItemState.DISABLED)
            trial.until(lambda: not run.running.items()[0].jobs)
            assert {header.status for header in run.messages(target="Sink")} == {MessageStatus.QUEUED}
            assert [entry for entry in run.log(item="Sink") if "broken" in entry.text]
            run.running.enable("Sink")
            run.wait_until_idle()
        assert trial.seen == ["1", "1", "2"]

    @pytest.mark.parametrize("wants_retry", [False, True])
    def test_action_fail(self, trial: BackendTrial, *, wants_retry: bool) -> None:
        """F fails the message, or tries it again when the code set Retry."""

        def handle(operation: BusinessOperation, request: Note) -> object:
            if operation.retry_count > 1:
                return request
            operation.Retry = wants_retry
            raise ValueError("no")

        sink = Sink(trial, handle, ReplyCodeActions="E=F", RetryInterval=5)
        header = retried(trial, sink, *([5] if wants_retry else []))
        assert header.status is (MessageStatus.COMPLETED if wants_retry else MessageStatus.ERROR)

    # ReplyCodeActions: evaluation

    def test_warnings_first_then_from_left_to_right(self, trial: BackendTrial) -> None:
        """Every entry that is only W warns; then the first other entry that matches decides."""
        sink = Sink(trial, failing(ValueError("odd")), ReplyCodeActions="E*even=F,E*odd=S,E=C,E*o=W,E*d=W")
        with trial.run(sink.production) as run:
            run.send("Sink", NOTE)
            run.wait_until_idle()
            assert request_of(run).status is MessageStatus.SUSPENDED
            warnings = [entry.text for entry in run.log(item="Sink") if entry.type is EventType.WARNING]
        assert [text.partition("ReplyCodeActions ")[2] for text in warnings] == ["E*o=W)", "E*d=W)"]

    def test_connection_errors_are_tried_again_regardless(self, trial: BackendTrial) -> None:
        """An error of a connection is tried again, also where any error fails."""
        sink = Sink(trial, failing(ConnectionRefusedError("down"), None), ReplyCodeActions="E=F")
        header = retried(trial, sink, 5)
        assert (header.status, header.attempts) == (MessageStatus.COMPLETED, 2)

    # Properties

    def test_retry_interval(self, trial: BackendTrial) -> None:
        """Assumed: 5 s from the start of a try to the start of the next; FailureTimeout: no try after 15 s."""
        sink = Sink(trial, failing(ValueError("no")), ReplyCodeActions="E=RF")
        header = retried(trial, sink, (4.9, 0.1), 5)
        assert (sink.starts, header.status) == ([0, 5, 10], MessageStatus.ERROR)
        assert "FailureTimeout exceeded" in header.error

    def test_failure_timeout_of_minus_one(self, trial: BackendTrial) -> None:
        """A FailureTimeout of -1 never gives up."""
        errors = [ValueError("no")] * 20
        sink = Sink(trial, failing(*errors, None), ReplyCodeActions="E=R", FailureTimeout=-1, RetryInterval=1000)
        header = retried(trial, sink, *[1000] * 20)
        assert (header.status, header.attempts) == (MessageStatus.COMPLETED, 21)

    def test_retry_property(self, trial: BackendTrial) -> None:
        """Code that sets Retry without an error has its message tried again; it is False at each start."""

        def handle(operation: BusinessOperation, request: Note) -> object:
            assert operation.Retry is False
            operation.Retry = operation.retry_count < 3
            return request

        sink = Sink(trial, handle, RetryInterval=2)
        header = retried(trial, sink, 2, 2)
        assert (sink.starts, header.status) == ([0, 2, 4], MessageStatus.COMPLETED)

    def test_retry_count(self, trial: BackendTrial) -> None:
        """RetryCount is the number of the try, 1 for the first, and begins anew with each message."""
        counts: list[int] = []

        def handle(operation: BusinessOperation, request: Note) -> object:
            counts.append(operation.RetryCount)
            if request.text == "bad" and operation.RetryCount < 2:
                raise ValueError("no")
            return request

        sink = Sink(trial, handle, ReplyCodeActions="E=R")
        with trial.run(sink.production) as run:
            run.send_many("Sink", [Note("bad"), NOTE])
            sink.let_pass(trial, run, 1, 5)
            run.wait_until_idle()
        assert counts == [1, 2, 1]

    def test_suspend_message(self, trial: BackendTrial) -> None:
        """Code that sets SuspendMessage has its message Suspended; no answer is sent, and the next is handled."""

        def handle(operation: BusinessOperation, request: Note) -> object:
            operation.SuspendMessage = request.text == "bad"
            return request

        sink = Sink(trial, handle)
        with trial.run(sink.production) as run:
            run.send_many("Sink", [Note("bad"), NOTE])
            run.wait_until_idle()
            statuses = [header.status for header in run.messages(type="Request")]
            assert run.messages(source="Sink") == []
        assert statuses == [MessageStatus.SUSPENDED, MessageStatus.COMPLETED]

    def test_defer_response(self, trial: BackendTrial) -> None:
        """Code that defers keeps its caller waiting, and both messages Deferred, until somebody answers."""
        tokens: list[str] = []

        def handle(operation: BusinessOperation, request: Note) -> object:
            if request.text == "answer":
                operation.send_deferred_response(tokens[0], Note("late"))
            else:
                tokens.append(operation.defer_response())
            return request

        sink = Sink(trial, handle)
        with trial.run(sink.production) as run:
            call = in_background(lambda: run.call("Sink", NOTE))
            trial.until(lambda: len(run.messages(status="Deferred")) == 2)
            run.send("Sink", Note("answer"))
            assert call.result(PATIENCE_SECONDS) == Note("late")
            run.wait_until_idle()
            assert {header.status for header in run.messages()} == {MessageStatus.COMPLETED}

    def test_no_fail_while_disconnected(self, trial: BackendTrial) -> None:
        """While there is no connection a message is not given up; other errors end it as ever."""
        errors = [ConnectionError("down")] * 10
        sink = Sink(trial, failing(*errors, ValueError("refused")), NoFailWhileDisconnected=1)
        header = retried(trial, sink, *[5] * 10)
        assert (header.status, header.attempts) == (MessageStatus.ERROR, 11)
        assert "refused" in header.error

    def test_what_a_handler_knows(self, trial: BackendTrial) -> None:
        """A handler knows its session, item, message and try, and its adapter."""
        found: list[object] = []

        class Printer(OutboundAdapter):
            Paper: str = "A4"

        class Printing(BusinessOperation):
            def on_message(self, request: Note) -> None:
                context = self.context
                found.extend((context.session_id, context.message_id, context.source, context.attempt))
                assert isinstance(self.adapter, Printer)
                assert self.iris_handle is not None
                found.extend((self.iris_handle.item_name, self.adapter.Paper))

        production = Production("Conformance.Failures")
        production.operation("Out", Printing, adapter_class=Printer, adapter_settings={"Paper": "A5"})
        with trial.run(production) as run:
            session = run.send("Out", NOTE)
            run.wait_until_idle()
        assert found == [session, session, "", 1, "Out", "A5"]

    # Examples of the documentation

    def test_timing_example(self, trial: BackendTrial) -> None:
        """Tries that end after 7 s, with an interval of 10 s and a limit of 30 s, start at 0, 10 and 20 s."""

        def handle(_operation: BusinessOperation, _request: Note) -> object:
            trial.clock.advance(7)
            raise ValueError("no answer")

        sink = Sink(trial, handle, ReplyCodeActions="E=RF", RetryInterval=10, FailureTimeout=30)
        header = retried(trial, sink, 3, 3)
        assert (sink.starts, header.status) == ([0, 10, 20], MessageStatus.ERROR)

    @pytest.mark.parametrize(("grace", "count"), [(14, 0), (9, 1)])
    def test_alert_example(self, trial: BackendTrial, grace: int, count: int) -> None:
        """Tries every 5 s until 15 s, each over a second long: a grace of 14 s ends after the last, so no alert."""

        def handle(_operation: BusinessOperation, request: Note) -> object:
            if request.text == "fine":
                return request
            trial.clock.advance(1.5)
            raise ValueError("no answer")

        sink = Sink(trial, handle, ReplyCodeActions="E=RF", AlertOnError=1, AlertRetryGracePeriod=grace)
        with trial.run(sink.production) as run:
            run.send("Sink", NOTE)
            for number in (1, 2):
                sink.let_pass(trial, run, number, 3.5)
            run.wait_until_idle()
            alerts = [entry for entry in run.log() if entry.type is EventType.ALERT]
        assert len(sink.starts) == 3
        assert len(alerts) == count

    def test_caller_waits_through_the_tries(self, trial: BackendTrial) -> None:
        """Who waits for an answer gets that of the try that succeeds, and the error when none does."""
        sink = Sink(trial, failing(ValueError("no"), None, ValueError("never")), ReplyCodeActions="E=R")
        with trial.run(sink.production) as run:
            call = in_background(lambda: run.call("Sink", NOTE))
            sink.let_pass(trial, run, 1, 5)
            assert call.result(PATIENCE_SECONDS) == NOTE
        sink = Sink(trial, failing(ValueError("never")), ReplyCodeActions="E=F")
        with trial.run(sink.production) as run, pytest.raises(RequestFailedError, match="never"):
            run.call("Sink", NOTE)
