"""Process instances: one for each request, with a state that survives."""

from __future__ import annotations

import threading

import pytest

from iop_core import BusinessOperation, BusinessProcess
from iop_core.errors import RequestFailedError
from iop_core.headers import MessageStatus
from iop_production import Production
from iop_testing.conformance.trial import PATIENCE_SECONDS, BackendSuite, BackendTrial, Note, in_background

NOTE = Note("a")


def with_sink(trial: BackendTrial, process: type[BusinessProcess], *, pool_size: int = 1, jobs: int = 1) -> Production:
    """Return a production with a process and an operation that waits at the gate and answers with what it got."""

    class Sink(BusinessOperation):
        def on_message(self, request: Note) -> Note:
            trial.pass_gate()
            if request.text == "bad":
                raise ValueError("no such ward")
            return request

    production = Production("Conformance.Process")
    production.process("Desk", process, pool_size=pool_size)
    production.operation(Sink, pool_size=jobs)
    return production


def asking_class(trial: BackendTrial) -> type[BusinessProcess]:
    """Return the class of a process that asks with each word of its request, and notes its hooks."""

    class Asking(BusinessProcess):
        Label = "none"

        def on_init(self) -> None:
            trial.seen.append(f"init {self.Label}")

        def on_request(self, request: Note) -> None:
            trial.seen.append("request")
            for word in request.text.split():
                self.send_request_async("Sink", Note(word), completion_key=word)

        def on_response(
            self, request: Note, response: object, call_request: object, call_response: object, completion_key: str
        ) -> object:
            trial.seen.append(f"response {completion_key}")
            return call_response

        def on_complete(self, request: Note, response: object) -> object:
            trial.seen.append("complete")
            return response

        def on_tear_down(self) -> None:
            trial.seen.append("down")

    return Asking


class ProcessSuite(BackendSuite):
    """Checks of process instances; subclass it as ``Test...`` and give the ``open_backend`` fixture."""

    def test_nothing_starts_per_job(self, trial: BackendTrial) -> None:
        """The start and stop of a production run no hook of a process."""
        with trial.run(with_sink(trial, asking_class(trial), pool_size=2)) as run:
            run.wait_until_idle()
        assert trial.seen == []

    def test_hooks_run_per_request(self, trial: BackendTrial) -> None:
        """on_init and on_tear_down run for every request, with the settings of the moment."""
        production = with_sink(trial, asking_class(trial))
        with trial.run(production) as run:
            run.call("Desk", Note(""))
            production.item("Desk").host_settings["Label"] = "new"
            run.running.update(production.definition())
            run.call("Desk", Note(""))
        life = ["request", "complete", "down"]
        assert trial.seen == ["init none", *life, "init new", *life]

    def test_life_of_an_instance(self, trial: BackendTrial) -> None:
        """on_init, on_request, on_response for each answer, and at the end on_complete and on_tear_down."""
        with trial.run(with_sink(trial, asking_class(trial))) as run:
            assert run.call("Desk", Note("x y")) == Note("y")
        assert trial.seen == ["init none", "request", "response x", "response y", "complete", "down"]

    def test_job_is_free_while_an_instance_waits(self, trial: BackendTrial) -> None:
        """An instance that waits for an answer holds no job."""
        with trial.run(with_sink(trial, asking_class(trial))) as run:
            trial.gate.clear()
            run.send_many("Desk", [NOTE, NOTE])
            trial.until(lambda: trial.seen.count("request") == 2)
            trial.until(lambda: len(run.messages(target="Desk", status="Completed")) == 2)
            trial.gate.set()
            run.wait_until_idle()

    @pytest.mark.parametrize("is_crash", [False, True], ids=["restart", "crash"])
    def test_instance_is_restored(self, trial: BackendTrial, *, is_crash: bool) -> None:
        """An instance that waits is on disk: its answer comes to it after a restart and after a crash."""
        production = with_sink(trial, asking_class(trial))
        with trial.run(production) as run:
            run.running.stop_component("Sink")
            run.send("Desk", NOTE)
            run.wait_until_idle()
            assert trial.seen == ["init none", "request"]
            if is_crash:
                trial.crash()
        trial.seen.clear()
        with trial.run(production) as run:
            run.wait_until_idle()
            assert [header.status for header in run.messages(source="Sink")] == [MessageStatus.COMPLETED]
        assert trial.seen[-3:] == ["response a", "complete", "down"]

    def test_no_event_after_the_end(self, trial: BackendTrial) -> None:
        """An answer that comes when its instance has ended is Discarded."""
        with trial.run(with_sink(trial, asking_class(trial), jobs=1)) as run:
            with pytest.raises(RequestFailedError, match="no such ward"):
                run.call("Desk", Note("bad late"))
            run.wait_until_idle()
            (late,) = run.messages(source="Sink", is_error=False)
            assert late.status is MessageStatus.DISCARDED
        assert trial.seen == ["init none", "request", "down"]

    def test_instance_in_the_headers(self, trial: BackendTrial) -> None:
        """An instance has the id of its primary request, which tells its item, session and times."""
        with trial.run(with_sink(trial, asking_class(trial))) as run:
            session = run.send("Desk", NOTE)
            run.wait_until_idle()
            primary, sent, answer = run.messages(session=session)
            assert sent.process_id == answer.process_id == primary.message_id

    def test_list_of_instances(self, trial: BackendTrial) -> None:
        """Instances are listed with item, session, primary request and times; completed ones stay."""
        with trial.run(with_sink(trial, asking_class(trial))) as run:
            run.running.stop_component("Sink")
            session = run.send("Desk", NOTE)
            run.wait_until_idle()
            (waiting,) = run.running.processes()
            trial.clock.advance(7)
            run.running.start_component("Sink")
            run.wait_until_idle()
            (ended,) = run.running.processes()
        assert (waiting.process_id, waiting.item, waiting.session_id) == (session, "Desk", session)
        assert (waiting.is_completed, waiting.time_completed, waiting.pending) == (False, None, 1)
        assert (ended.is_completed, ended.pending, ended.time_created) == (True, 0, waiting.time_created)
        assert ended.time_completed is not None
        assert (ended.time_completed - ended.time_created).total_seconds() == 7

    def test_events_of_an_instance_never_overlap(self, trial: BackendTrial) -> None:
        """Answers to one instance are handled one at a time, however many jobs there are."""
        turn = threading.Lock()
        count = 20

        class Careful(BusinessProcess):
            def on_request(self, request: Note) -> None:
                for _ in range(count):
                    self.send_request_async("Sink", NOTE)

            def on_response(
                self, request: Note, response: object, call_request: object, call_response: object, completion_key: str
            ) -> None:
                assert turn.acquire(blocking=False), "two events of one instance at the same time"
                trial.seen.append("response")
                turn.release()

        with trial.run(with_sink(trial, Careful, pool_size=4, jobs=4)) as run:
            run.call("Desk", NOTE)
            assert run.messages(status="Error") == []
        assert trial.seen == ["response"] * count

    def test_persistent_properties(self, trial: BackendTrial) -> None:
        """Texts, numbers, truth values and bytes are kept between events, also over a crash."""
        values: dict[str, object] = {
            "words": "naïve",
            "count": 2**60,
            "share": 0.1,
            "is_urgent": True,
            "image": b"\x00\xff",
        }

        class Keeping(BusinessProcess):
            PERSISTENT_PROPERTY_LIST = tuple(values)

            def on_request(self, request: Note) -> None:
                vars(self).update(values)
                self.send_request_async("Sink", request)

            def on_response(
                self, request: Note, response: object, call_request: object, call_response: object, completion_key: str
            ) -> None:
                found = {name: getattr(self, name, None) for name in values}
                trial.seen.append("same" if found == values else f"not the same: {found}")

        production = with_sink(trial, Keeping)
        with trial.run(production) as run:
            trial.gate.clear()
            run.send("Desk", NOTE)
            trial.until(lambda: run.messages(target="Sink"))
            trial.crash()
            trial.gate.set()
            run.wait_until_idle()
        with trial.run(production) as run:
            run.wait_until_idle()
        assert trial.seen == ["same", "same"]

    def test_caller_waits_for_the_end(self, trial: BackendTrial) -> None:
        """A synchronous caller gets the response of the process when the instance has completed."""
        with trial.run(with_sink(trial, asking_class(trial))) as run:
            trial.gate.clear()
            call = in_background(lambda: run.call("Desk", NOTE))
            trial.until(lambda: run.messages(target="Sink"))
            assert not call.done()
            trial.gate.set()
            assert call.result(PATIENCE_SECONDS) == NOTE
        assert trial.seen[-2:] == ["complete", "down"]
