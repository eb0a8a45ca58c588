"""Queues, pools and priorities."""

from __future__ import annotations

import pytest

from iop_core import BusinessOperation, BusinessProcess, BusinessService, InboundAdapter
from iop_core.errors import ComponentStartError, RequestTimeoutError, SharedJobsError
from iop_core.headers import MessagePriority
from iop_core.item_control import ItemState, ItemStatus
from iop_production import Production
from iop_testing.conformance.trial import PATIENCE_SECONDS, BackendSuite, BackendTrial, Note, in_background
from iop_testing.production_run import ProductionRun

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


def status_of(run: ProductionRun, name: str) -> ItemStatus:
    """Return the status of an item."""
    return next(item for item in run.running.items() if item.name == name)


def notes(*texts: str) -> list[Note]:
    """Return messages with these texts."""
    return [Note(text) for text in texts]


class QueueSuite(BackendSuite):
    """Checks of queues, pools and priorities; subclass it as ``Test...`` and give the ``open_backend`` fixture."""

    def test_one_queue_per_pool(self, trial: BackendTrial) -> None:
        """All jobs of a pool take from one queue, in the order in which messages arrived."""
        with trial.run(sink(trial, pool_size=2)) as run:
            trial.gate.clear()
            run.send_many("Sink", notes("a", "b", "c", "d"))
            trial.until(lambda: len(trial.seen) == 2)
            assert sorted(trial.seen) == ["a", "b"]
            assert [(queue.name, queue.count) for queue in run.queues()] == [("Sink", 4)]
            trial.gate.set()
            run.wait_until_idle()
        assert sorted(trial.seen) == ["a", "b", "c", "d"]

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

    def test_actor_pool_size(self, trial: BackendTrial) -> None:
        """The processes of the shared queue have two jobs together, unless ActorPoolSize says otherwise."""
        assert Production("Conformance.Default").definition().actor_pool_size == 2
        with trial.run(actors(trial, jobs=2)) as run:
            trial.gate.clear()
            ids = [*run.send_many("One", [NOTE, NOTE]), *run.send_many("Two", [NOTE])]
            trial.until(lambda: len(trial.seen) == 2)
            assert sorted(trial.seen) == [str(each) for each in ids[:2]]
            trial.gate.set()
            run.wait_until_idle()
        assert len(trial.seen) == 3

    def test_pool_size_is_one_by_default(self, trial: BackendTrial) -> None:
        """One job handles one message after the other."""
        production = Production("Conformance.Queues")
        production.operation("Sink", sink_class(trial))
        with trial.run(production) as run:
            trial.gate.clear()
            run.send_many("Sink", notes("a", "b"))
            trial.until(lambda: trial.seen)
            assert (status_of(run, "Sink").jobs, trial.seen) == (1, ["a"])

    def test_pool_size_zero_of_an_operation(self, trial: BackendTrial) -> None:
        """An operation without jobs does not run; its messages wait until it has some."""
        with trial.run(sink(trial, pool_size=0)) as run:
            assert (status_of(run, "Sink").state, status_of(run, "Sink").jobs) == (ItemState.DISABLED, 0)
            run.send("Sink", NOTE)
            run.wait_until_idle()
            assert status_of(run, "Sink").queue_count == 1
            with pytest.raises(ComponentStartError, match="pool size 0"):
                run.running.start_component("Sink")
        with trial.run(sink(trial)) as run:
            run.wait_until_idle()
        assert trial.seen == ["a"]

    def test_pool_size_zero_of_a_service(self, trial: BackendTrial) -> None:
        """A service without an adapter needs no jobs: programs call it; one with an adapter does not run."""

        class Called(BusinessService):
            def on_message(self, request: Note) -> Note:
                return request

        class Looking(InboundAdapter):
            def on_task(self) -> None:
                trial.seen.append("looked")

        production = Production("Conformance.Services")
        production.service("Called", Called, pool_size=0)
        production.service("Polling", Called, adapter_class=Looking, pool_size=0)
        with trial.run(production) as run:
            assert run.call("Called", NOTE) == NOTE
            assert status_of(run, "Polling").state is ItemState.DISABLED
            trial.clock.advance(60)
            run.wait_until_idle()
        assert trial.seen == []

    def test_pool_of_a_service(self, trial: BackendTrial) -> None:
        """Several jobs of a service compete: each has an adapter, and each input is taken once."""
        shelf = [str(number) for number in range(20)]
        adapters: set[int] = set()

        class Shelf(InboundAdapter):
            def on_init(self) -> None:
                adapters.add(id(self))

            def on_task(self) -> None:
                try:
                    text = shelf.pop()
                except IndexError:
                    return
                self.business_host.process_input(Note(text))

        class Taking(BusinessService):
            def on_message(self, request: Note) -> None:
                trial.seen.append(request.text)

        production = Production("Conformance.Services")
        production.service("Taking", Taking, adapter_class=Shelf, pool_size=3)
        with trial.run(production) as run:
            run.wait_until_idle()
            assert status_of(run, "Taking").jobs == len(adapters) == 3
        assert sorted(trial.seen, key=int) == [str(number) for number in range(20)]

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

    def test_disabled_item(self, trial: BackendTrial) -> None:
        """The queue of a disabled item takes messages; they are handled when it is enabled."""
        with trial.run(sink(trial)) as run:
            run.running.disable("Sink")
            run.send_many("Sink", notes("a", "b"))
            run.wait_until_idle()
            assert (trial.seen, status_of(run, "Sink").queue_count) == ([], 2)
            run.running.enable("Sink")
            run.wait_until_idle()
        assert trial.seen == ["a", "b"]

    def test_shared_process_is_not_disabled_alone(self, trial: BackendTrial) -> None:
        """A process that shares its jobs cannot be disabled without the others."""
        with trial.run(actors(trial)) as run, pytest.raises(SharedJobsError, match="Two"):
            run.running.disable("One")

    def test_actors_that_wait_for_actors(self, trial: BackendTrial) -> None:
        """A synchronous call holds its job: when all jobs wait for the same pool, only a time limit ends that."""

        class Asking(BusinessProcess):
            def on_request(self, request: Note) -> None:
                try:
                    self.send_request_sync("One", request, timeout=60)
                except RequestTimeoutError:
                    trial.seen.append("gave up")

        production = actors(trial, jobs=1)
        production.process(Asking, pool_size=0)
        with trial.run(production) as run:
            outer = run.send("Asking", NOTE)
            trial.until(lambda: run.messages(source="Asking"))
            assert [(queue.name, queue.count) for queue in run.queues()] == [("Ens.Actor", 2)]
            assert trial.seen == []
            trial.pass_time_until(lambda: trial.seen, step_seconds=10)
            run.wait_until_idle()
            inner = run.messages(source="Asking")[0].message_id
        assert trial.seen == ["gave up", str(inner)]
        assert inner > outer

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
