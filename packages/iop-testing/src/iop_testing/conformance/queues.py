"""Queues, priorities, and the order of messages."""

from __future__ import annotations

import pytest

from iop_core import BusinessOperation, BusinessProcess, BusinessService
from iop_core.headers import MessagePriority
from iop_production import Production
from iop_testing.conformance.trial import PATIENCE_SECONDS, BackendSuite, BackendTrial, Note, in_background

NOTE = Note("a")


def sink_class(trial: BackendTrial) -> type[BusinessOperation]:
    """Return the class of an operation that notes what it takes and waits at the gate."""

    class Sink(BusinessOperation):
        def on_message(self, request: Note) -> Note:
            trial.seen.append(request.text)
            trial.pass_gate()
            return request

    return Sink


def sink(trial: BackendTrial, *, pool_size: int = 1) -> Production:
    """Return a production with one such operation."""
    production = Production("Conformance.Queues")
    production.operation("Sink", sink_class(trial), pool_size=pool_size)
    return production


def actors(trial: BackendTrial, *, jobs: int = 2) -> Production:
    """Return a production with two processes that share jobs, and an operation."""

    class Actor(BusinessProcess):
        def on_request(self, request: Note) -> None:
            trial.seen.append(f"{self.context.message_id}")
            trial.pass_gate()

    production = Production("Conformance.Actors", actor_pool_size=jobs)
    production.process("One", Actor, pool_size=0)
    production.process("Two", Actor, pool_size=0)
    return production


def notes(*texts: str) -> list[Note]:
    """Return messages with these texts."""
    return [Note(text) for text in texts]


class QueueSuite(BackendSuite):
    """Checks of queues and order; subclass it as ``Test...`` and give the ``open_backend`` fixture."""

    def test_queue_of_an_item(self, trial: BackendTrial) -> None:
        """An item with jobs of its own has a queue of its own name; processes without share Ens.Actor."""
        production = actors(trial)
        production.process("Own", BusinessProcess, pool_size=1)
        with trial.run(production) as run:
            assert {item.name: item.queue for item in run.running.items()} == {
                "One": "Ens.Actor",
                "Two": "Ens.Actor",
                "Own": "Own",
            }

    def test_queue_of_a_sync_call(self, trial: BackendTrial) -> None:
        """Each waiting caller has a queue of its own for its answer."""
        with trial.run(sink(trial)) as run:
            trial.gate.clear()
            calls = [in_background(lambda: run.call("Sink", NOTE)) for _ in range(2)]
            trial.until(lambda: len(run.messages(target="Sink")) == 2)
            queues = {header.return_queue for header in run.messages()}
            assert len(queues) == 2
            assert all(name.startswith("_SyncCall:") for name in queues)
            trial.gate.set()
            for call in calls:
                call.result(PATIENCE_SECONDS)
            assert {header.queue for header in run.messages(type="Response")} == queues

    def test_place_in_a_queue(self, trial: BackendTrial) -> None:
        """A message keeps its place by its id, also over a restart: no place is given twice."""
        with trial.run(sink(trial)) as run:
            run.running.disable("Sink")
            run.send_many("Sink", notes("a", "b"))
        with trial.run(sink(trial)) as run:
            run.send_many("Sink", notes("c", "d"))
            run.running.enable("Sink")
            run.wait_until_idle()
        assert trial.seen == ["a", "b", "c", "d"]

    def test_first_in_first_out(self, trial: BackendTrial) -> None:
        """With one job everywhere messages keep their order through all items."""

        class In(BusinessService):
            def on_message(self, request: Note) -> None:
                self.send_request_async("Route", request)

        class Route(BusinessProcess):
            def on_request(self, request: Note) -> None:
                self.send_request_async("Sink", request, response_required=False)

        production = sink(trial)
        production.service(In)
        production.process(Route, pool_size=1)
        texts = [str(number) for number in range(50)]
        with trial.run(production) as run:
            run.send_many("In", notes(*texts))
            run.wait_until_idle()
        assert trial.seen == texts

    def test_waiting_for_an_answer_gives_up_the_order(self, trial: BackendTrial) -> None:
        """A process that waits for an answer lets the next message begin."""

        class Route(BusinessProcess):
            def on_request(self, request: Note) -> None:
                trial.seen.append(f"begin {request.text}")
                self.send_request_async("Sink", request)

        production = sink(trial)
        production.process(Route, pool_size=1)
        with trial.run(production) as run:
            trial.gate.clear()
            run.send_many("Route", notes("a", "b"))
            trial.until(lambda: "begin b" in trial.seen)
            trial.gate.set()
            run.wait_until_idle()
        assert trial.seen.index("begin b") < trial.seen.index("b")

    def test_groups_in_order(self, trial: BackendTrial) -> None:
        """With OrderBy messages of the same key are handled one after the other, those of other keys meanwhile."""
        production = Production("Conformance.Queues")
        production.operation("Sink", sink_class(trial), pool_size=2, settings={"OrderBy": "text"})
        with trial.run(production) as run:
            trial.gate.clear()
            run.send_many("Sink", notes("ward 1", "ward 1", "ward 2"))
            trial.until(lambda: len(trial.seen) == 2)
            assert sorted(trial.seen) == ["ward 1", "ward 2"]
            trial.gate.set()
            run.wait_until_idle()
        assert sorted(trial.seen) == ["ward 1", "ward 1", "ward 2"]

    def test_priorities(self, trial: BackendTrial) -> None:
        """Synchronous messages pass asynchronous ones that wait; users do not set priorities."""
        with trial.run(sink(trial)) as run:
            trial.gate.clear()
            run.send_many("Sink", notes("first", "async 1", "async 2"))
            trial.until(lambda: trial.seen)
            call = in_background(lambda: run.call("Sink", Note("sync")))
            trial.until(lambda: len(run.messages(target="Sink")) == 4)
            trial.gate.set()
            call.result(PATIENCE_SECONDS)
            run.wait_until_idle()
            priorities = [header.priority for header in run.messages(type="Request")]
        assert trial.seen == ["first", "sync", "async 1", "async 2"]
        assert priorities == [MessagePriority.ASYNC] * 3 + [MessagePriority.SYNC]

    @pytest.mark.parametrize("pool_size", [0, 1])
    def test_private_and_shared_processes_live_alike(self, trial: BackendTrial, pool_size: int) -> None:
        """Jobs of its own or shared ones: the instances of a process have the same life."""

        class Route(BusinessProcess):
            def on_init(self) -> None:
                trial.seen.append("init")

            def on_request(self, request: Note) -> None:
                self.send_request_async("Sink", request)

            def on_complete(self, request: Note, response: object) -> object:
                trial.seen.append("complete")
                return request

            def on_tear_down(self) -> None:
                trial.seen.append("down")

        production = sink(trial)
        production.process(Route, pool_size=pool_size)
        with trial.run(production) as run:
            assert run.call("Route", NOTE) == NOTE
        assert trial.seen == ["init", "a", "complete", "down"]
