"""Sending: waiting for answers, having them brought, timers, early and deferred replies."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from iop_core import BusinessOperation, BusinessProcess, BusinessService
from iop_core.errors import RequestFailedError, RequestTimeoutError, SendError
from iop_core.headers import BusinessType, MessageStatus, MessageType
from iop_production import Production
from iop_testing.conformance.trial import PATIENCE_SECONDS, BackendSuite, BackendTrial, Note, in_background

NOTE = Note("a")

Deed = Callable[["Asker", Note], object]


class Asker(BusinessService):
    """Does what a test gives it to do."""

    deed: Deed

    def on_message(self, request: Note) -> object:
        """Do it."""
        return type(self).deed(self, request)


def asker(deed: Deed) -> type[Asker]:
    """Return the class of a service that does something with each request."""
    return type("In", (Asker,), {"deed": staticmethod(deed)})


def with_sink(trial: BackendTrial, *, held: str = "") -> Production:
    """Return a production with an operation that answers, fails with ``bad``, and holds one text at the gate."""

    class Sink(BusinessOperation):
        def on_message(self, request: Note) -> Note:
            trial.seen.append(request.text)
            if request.text == held:
                trial.pass_gate()
            if request.text == "bad":
                raise ValueError("no such ward")
            return request

    production = Production("Conformance.Sending")
    production.operation(Sink)
    return production


class Routing(BusinessProcess):
    """Base of processes that note each answer with its key in the list of the test."""

    seen: list[str]

    def on_response(
        self, request: Note, response: object, call_request: object, call_response: object, completion_key: str
    ) -> object:
        """Note the answer."""
        text = call_response.text if isinstance(call_response, Note) else call_response
        type(self).seen.append(f"{completion_key}: {text}")
        return call_response


class SendingSuite(BackendSuite):
    """Checks of sends; subclass it as ``Test...`` and give the ``open_backend`` fixture."""

    def test_sync(self, trial: BackendTrial) -> None:
        """The sender waits, for ever unless told otherwise, and gets the answer or the error."""
        production = with_sink(trial, held="a")
        production.service(asker(lambda self, request: self.send_request_sync("Sink", request)))
        with trial.run(production) as run:
            trial.gate.clear()
            call = in_background(lambda: run.call("In", NOTE, timeout=-1))
            trial.until(lambda: trial.seen)
            trial.clock.advance(10**6)
            assert not call.done()
            trial.gate.set()
            assert call.result(PATIENCE_SECONDS) == NOTE
            with pytest.raises(RequestFailedError, match="no such ward"):
                run.call("In", Note("bad"))

    def test_late_answer(self, trial: BackendTrial) -> None:
        """A sender gives up after its time limit; the answer that comes later is stored as Discarded."""
        production = with_sink(trial, held="a")
        production.service(asker(lambda self, request: self.send_request_sync("Sink", request, timeout=30)))
        with trial.run(production) as run:
            trial.gate.clear()
            call = in_background(lambda: run.call("In", NOTE, timeout=-1))
            trial.until(lambda: trial.seen)
            trial.pass_time_until(call.done, step_seconds=10)
            with pytest.raises(RequestFailedError, match=RequestTimeoutError.__name__):
                call.result()
            assert trial.clock.monotonic() >= 30
            trial.gate.set()
            run.wait_until_idle()
            (late,) = run.messages(source="Sink")
            assert (late.type, late.status, late.body_class != "") == (
                MessageType.RESPONSE,
                MessageStatus.DISCARDED,
                True,
            )

    def test_async_wants_no_answer(self, trial: BackendTrial) -> None:
        """A service or operation that does not wait gets no answer; what a process replies has no header."""

        class Replying(BusinessProcess):
            def on_request(self, request: Note) -> Note:
                self.reply(request)
                return request

        def tell(self: Asker, request: Note) -> None:
            self.send_request_async("Sink", request)
            self.send_request_async("Replying", request)

        production = with_sink(trial)
        production.process(Replying)
        production.service(asker(tell))
        with trial.run(production) as run:
            run.send("In", NOTE)
            run.wait_until_idle()
            assert run.messages(type="Response") == []
            assert {header.return_queue for header in run.messages()} == {""}

    @pytest.mark.parametrize("is_process", [False, True], ids=["sync sender", "process"])
    def test_deferred_response(self, trial: BackendTrial, *, is_process: bool) -> None:
        """Any host may give a deferred answer: the sender notices nothing and goes on waiting until then."""

        class Lab(BusinessOperation):
            def on_message(self, request: Note) -> None:
                trial.seen.append(self.defer_response())

        class Route(Routing):
            seen = trial.seen

            def on_request(self, request: Note) -> None:
                self.send_request_async("Lab", request, completion_key="lab")

        def give(self: Asker, request: Note) -> None:
            self.send_deferred_response(request.text, Note("result"))

        production = with_sink(trial)
        production.operation(Lab)
        production.process(Route)
        production.service(asker(give))
        with trial.run(production) as run:
            call = in_background(lambda: run.call("Route" if is_process else "Lab", NOTE))
            trial.until(lambda: len(run.messages(status="Deferred")) == 2)
            assert not call.done()
            token = trial.seen[0]
            run.call("In", Note(token))
            assert call.result(PATIENCE_SECONDS) == Note("result")
            with pytest.raises(RequestFailedError, match=SendError.__name__):
                run.call("In", Note(token))
        assert trial.seen[1:] == (["lab: result"] if is_process else [])

    def test_several_sync_sends(self, trial: BackendTrial) -> None:
        """Of several requests that are waited for together each says whether it was answered, failed or timed out."""

        def ask(self: Asker, request: Note) -> Note:
            pairs = [("Sink", Note("x")), ("Sink", Note("bad")), ("Sink", Note("held"))]
            return Note(",".join(str(answer[3]) for answer in self.send_multi_request_sync(pairs, timeout=30)))

        production = with_sink(trial, held="held")
        production.service(asker(ask))
        with trial.run(production) as run:
            trial.gate.clear()
            call = in_background(lambda: run.call("In", NOTE, timeout=-1))
            trial.until(lambda: "held" in trial.seen)
            trial.pass_time_until(call.done, step_seconds=10)
            assert call.result() == Note("1,-1,0")
            trial.gate.set()
            run.wait_until_idle()
            assert len(run.messages(source="Sink", status="Discarded")) == 1

    def test_list_of_targets(self, trial: BackendTrial) -> None:
        """A target of several names separated by commas gets one request each."""
        production = with_sink(trial)
        production.operation("Other", production.item("Sink").component_class)
        production.service(asker(lambda self, request: self.send_request_async("Sink, Other", request)))
        with trial.run(production) as run:
            run.send("In", NOTE)
            run.wait_until_idle()
            sent = run.messages(source="In")
        assert [header.target for header in sent] == ["Sink", "Other"]
        assert {header.target_type for header in sent} == {BusinessType.OPERATION}
        assert trial.seen == ["a", "a"]
