"""Pools of jobs: how many there are, what they share, and items without any."""

from __future__ import annotations

import threading

import pytest

from iop_core import BusinessOperation, BusinessProcess, BusinessService, InboundAdapter
from iop_core.errors import ComponentStartError, RequestTimeoutError, SharedJobsError, SyncDeadlockError
from iop_core.headers import Invocation, MessageStatus
from iop_core.item_control import ItemState, ItemStatus
from iop_production import Production
from iop_testing.conformance.queues import NOTE, actors, notes, sink, sink_class
from iop_testing.conformance.trial import BackendSuite, BackendTrial, Note
from iop_testing.production_run import ProductionRun


def status_of(run: ProductionRun, name: str) -> ItemStatus:
    """Return the status of an item."""
    return next(item for item in run.running.items() if item.name == name)


class PoolSuite(BackendSuite):
    """Checks of pools; subclass it as ``Test...`` and give the ``open_backend`` fixture."""

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

    def test_in_proc(self, trial: BackendTrial) -> None:
        """An operation with INVOCATION InProc runs in its caller's job, without a queue; its messages are stored."""
        threads: list[int] = []

        class Inner(BusinessOperation):
            INVOCATION = "InProc"

            def on_message(self, request: Note) -> Note:
                threads.append(threading.get_ident())
                return request

        class Caller(BusinessService):
            def on_message(self, request: Note) -> object:
                threads.append(threading.get_ident())
                return self.send_request_sync("Inner", request)

        production = Production("Conformance.InProc")
        production.operation(Inner)
        production.service(Caller)
        with trial.run(production) as run:
            assert run.call("Caller", NOTE) == NOTE
            headers = run.messages()
        assert len(threads) == 2
        assert threads[0] == threads[1]
        inner = [header for header in headers if "Inner" in (header.source, header.target)]
        assert {(header.invocation, header.queue, header.status) for header in inner} == {
            (Invocation.IN_PROC, "", MessageStatus.COMPLETED)
        }
        assert {header.session_id for header in headers} == {headers[0].session_id}
        assert [(int(header.source_type), int(header.target_type)) for header in inner] == [(1, 3), (3, 1)]

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

    @pytest.mark.parametrize("timeout", [-1, 60])
    def test_actors_that_wait_for_actors(self, trial: BackendTrial, timeout: float) -> None:
        """A synchronous call holds its job: when all jobs would wait for their own pool, it is refused or times out."""

        class Asking(BusinessProcess):
            def on_request(self, request: Note) -> None:
                try:
                    self.send_request_sync("One", request, timeout=timeout)
                except (RequestTimeoutError, SyncDeadlockError) as exc:
                    trial.seen.append(type(exc).__name__)

        production = actors(trial, jobs=1)
        production.process(Asking, pool_size=0)
        with trial.run(production) as run:
            run.send("Asking", NOTE)
            if timeout > 0:
                trial.until(lambda: run.messages(source="Asking"))
                assert ([(queue.name, queue.count) for queue in run.queues()], trial.seen) == ([("Ens.Actor", 2)], [])
            trial.pass_time_until(lambda: trial.seen, step_seconds=10)
            run.wait_until_idle()
            inner = [str(header.message_id) for header in run.messages(source="Asking")]
        assert trial.seen == (["RequestTimeoutError", *inner] if timeout > 0 else ["SyncDeadlockError"])
