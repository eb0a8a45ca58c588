"""Answers that are brought to processes: keys, timers, errors, and early replies."""

from __future__ import annotations

import pytest

from iop_core.errors import RequestFailedError
from iop_testing.conformance.sending import NOTE, Routing, with_sink
from iop_testing.conformance.trial import PATIENCE_SECONDS, BackendSuite, BackendTrial, Note, in_background


class AnswerSuite(BackendSuite):
    """Checks of answers to processes; subclass it as ``Test...`` and give the ``open_backend`` fixture."""

    def test_answer_comes_with_its_key(self, trial: BackendTrial) -> None:
        """Each answer to an asynchronous request of a process comes to on_response with its key."""

        class Route(Routing):
            seen = trial.seen

            def on_request(self, request: Note) -> None:
                self.send_request_async("Sink", Note("x"), "a description", completion_key="first")
                self.send_request_async("Sink", Note("y"), completion_key="second")
                self.send_request_async("Sink", Note("z"), completion_key="never", response_required=False)

        production = with_sink(trial)
        production.process(Route)
        with trial.run(production) as run:
            run.call("Route", NOTE)
            run.wait_until_idle()
            sent = run.messages(source="Route", target="Sink")
        assert [text for text in trial.seen if ":" in text] == ["first: x", "second: y"]
        assert [header.description for header in sent] == ["a description", "Route -> Sink", "Route -> Sink"]

    @pytest.mark.parametrize("seconds", [15, "15", "PT15S"])
    @pytest.mark.parametrize("is_crash", [False, True], ids=["runs on", "crash"])
    def test_timer(self, trial: BackendTrial, seconds: float | str, *, is_crash: bool) -> None:
        """A timer is a message to Ens.Alarm that is answered with its key in time, also after a crash."""

        class Route(Routing):
            seen = trial.seen

            def on_request(self, request: Note) -> None:
                self.set_timer(seconds, "too late")

        production = with_sink(trial)
        production.process(Route)
        with trial.run(production) as run:
            run.send("Route", NOTE)
            run.wait_until_idle()
            trial.clock.advance(14.9)
            run.wait_until_idle()
            assert trial.seen == []
            (alarm,) = run.messages(target="Ens.Alarm")
            assert (alarm.body_class.rpartition(".")[2], alarm.completion_key) == ("AlarmRequest", "too late")
            if is_crash:
                trial.crash()
            else:
                trial.clock.advance(0.1)
                run.wait_until_idle()
                assert trial.seen == ["too late: None"]
        with trial.run(production) as run:
            trial.clock.advance(0.1)
            run.wait_until_idle()
        assert trial.seen == ["too late: None"]

    def test_timer_is_an_answer_of_its_own(self, trial: BackendTrial) -> None:
        """A timer that rings gives up no other answer: the process decides what it means, and gets the rest too."""

        class Route(Routing):
            seen = trial.seen

            def on_request(self, request: Note) -> None:
                self.send_request_async("Sink", Note("held"), completion_key="answer")
                self.set_timer(15, "too late")

        production = with_sink(trial, held="held")
        production.process(Route)
        with trial.run(production) as run:
            trial.gate.clear()
            call = in_background(lambda: run.call("Route", NOTE, timeout=-1))
            trial.until(lambda: trial.seen)
            trial.pass_time_until(lambda: "too late: None" in trial.seen, step_seconds=15)
            assert not call.done()
            trial.gate.set()
            call.result(PATIENCE_SECONDS)
        assert trial.seen == ["held", "too late: None", "answer: held"]

    @pytest.mark.parametrize("recovers", [False, True], ids=["same error", "recovers"])
    def test_on_error(self, trial: BackendTrial, *, recovers: bool) -> None:
        """An answer that is an error goes to on_error, which ends the process with that error or goes on."""

        class Route(Routing):
            seen = trial.seen

            def on_request(self, request: Note) -> None:
                self.send_request_async("Sink", Note("bad"), completion_key="key")

            def on_error(
                self, request: Note, response: object, call_request: Note, error: Exception, completion_key: str
            ) -> Note:
                trial.seen.append(f"error of {call_request.text} for {completion_key}")
                if not recovers:
                    raise error
                return Note("without")

        production = with_sink(trial)
        production.process(Route)
        with trial.run(production) as run:
            if recovers:
                assert run.call("Route", NOTE) == Note("without")
            else:
                with pytest.raises(RequestFailedError, match="no such ward"):
                    run.call("Route", NOTE)
        assert trial.seen == ["bad", "error of bad for key"]

    def test_early_reply(self, trial: BackendTrial) -> None:
        """A process may answer its primary request early, once, and goes on."""

        class Route(Routing):
            seen = trial.seen

            def on_request(self, request: Note) -> None:
                self.send_request_async("Sink", Note("held"), completion_key="later")
                self.reply(Note("early"))
                self.reply(Note("second"))

        production = with_sink(trial, held="held")
        production.process(Route)
        with trial.run(production) as run:
            trial.gate.clear()
            assert run.call("Route", NOTE) == Note("early")
            trial.gate.set()
            run.wait_until_idle()
            assert len(run.messages(source="Route", type="Response")) == 1
        assert trial.seen == ["held", "later: held"]
