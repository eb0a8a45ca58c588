"""States of a production: starting, stopping, updating, and what survives."""

from __future__ import annotations

import os
import threading

import pytest

from iop_core import BusinessOperation, BusinessProcess
from iop_core.backends import RunOptions
from iop_core.errors import BackendUnavailableError, LifeCycleError, StoreError
from iop_core.events import MessageFilter
from iop_core.headers import MessageStatus
from iop_core.item_control import ItemState
from iop_production import Production
from iop_testing.conformance.trial import PATIENCE_SECONDS, BackendSuite, BackendTrial, Note, in_background

NOTE = Note("a")


def one_operation(trial: BackendTrial, name: str = "Conformance.States", **fields: float) -> Production:
    """Return a production with an operation that notes what it takes and waits at the gate."""

    class Sink(BusinessOperation):
        Label: str = ""

        def on_init(self) -> None:
            trial.seen.append(f"init {self.Label}".rstrip())

        def on_message(self, request: Note) -> Note:
            trial.seen.append(request.text)
            trial.pass_gate()
            return request

    production = Production(name, **fields)  # type: ignore[arg-type]  # numbers are for the time-outs only
    production.operation("Sink", Sink)
    return production


def notes(*texts: str) -> list[Note]:
    """Return messages with these texts."""
    return [Note(text) for text in texts]


class StateSuite(BackendSuite):
    """Checks of productions as a whole; subclass it as ``Test...`` and give the ``open_backend`` fixture."""

    # States

    def test_never_started(self, trial: BackendTrial) -> None:
        """Where nothing ever ran there is no state."""
        with pytest.raises(BackendUnavailableError):
            trial.history().status()

    def test_running(self, trial: BackendTrial) -> None:
        """The state is Running from the start on, seen from both sides."""
        with trial.run(one_operation(trial)) as run:
            status = run.running.status()
            assert (status.production, status.state, status.pid) == ("Conformance.States", "Running", os.getpid())
            assert trial.history().status().state == "Running"

    def test_stopped(self, trial: BackendTrial) -> None:
        """After a stop the state is Stopped, also while asynchronous messages are queued."""
        with trial.run(one_operation(trial)) as run:
            run.running.disable("Sink")
            run.send("Sink", NOTE)
        status = trial.history().status()
        assert (status.production, status.state, status.pid) == ("Conformance.States", "Stopped", 0)

    def test_suspended(self, trial: BackendTrial) -> None:
        """A stop that leaves a synchronous message in a queue ends in the state Suspended; a start ends that."""
        with trial.run(one_operation(trial)) as run:
            run.running.disable("Sink")
            call = in_background(lambda: run.call("Sink", NOTE))
            trial.until(lambda: run.messages(target="Sink"))
            run.stop()
            with pytest.raises(StoreError):
                call.result(PATIENCE_SECONDS)
        assert trial.history().status().state == "Suspended"
        with trial.run(one_operation(trial)) as run:
            assert run.running.status().state == "Running"
            run.running.enable("Sink")
            run.wait_until_idle()
        assert trial.history().status().state == "Stopped"

    def test_troubled(self, trial: BackendTrial) -> None:
        """A production that died without a stop is Troubled; a start recovers it."""
        with trial.run(one_operation(trial)):
            trial.crash()
        assert trial.history().status().state == "Troubled"
        with trial.run(one_operation(trial)) as run:
            assert run.running.status().state == "Running"
        assert trial.history().status().state == "Stopped"

    def test_recover(self, trial: BackendTrial) -> None:
        """Recovering a Troubled production makes it Stopped, and keeps what it had in hand."""
        trial.gate.clear()
        with trial.run(one_operation(trial)) as run:
            run.send("Sink", NOTE)
            trial.crash()
            trial.gate.set()
        assert trial.history().status().state == "Troubled"
        with trial.backend.stopped_production() as stopped:
            stopped.recover()
        assert trial.history().status().state == "Stopped"
        with pytest.raises(LifeCycleError), trial.backend.stopped_production() as stopped:
            stopped.recover()
        with trial.run(one_operation(trial)) as run:
            run.wait_until_idle()
            assert [header.status for header in run.messages()] == [MessageStatus.COMPLETED]

    def test_clean(self, trial: BackendTrial) -> None:
        """Cleaning makes a stopped production forget its queues and instances; one that runs is never cleaned."""
        production = one_operation(trial)

        class Desk(BusinessProcess):
            def on_request(self, request: Note) -> None:
                self.send_request_async("Sink", request)

        production.process("Desk", Desk)
        with trial.run(production) as run:
            run.running.stop_component("Sink")
            run.send("Desk", NOTE)
            run.wait_until_idle()
            with pytest.raises(StoreError), trial.backend.stopped_production():
                pass
        with trial.backend.stopped_production() as stopped:
            assert (stopped.clean(dry_run=True).messages, trial.history().queues()[0].count) == (1, 1)
            result = stopped.clean()
        assert (result.messages, result.processes) == (1, 1)
        assert trial.history().queues() == []
        trial.seen.clear()
        with trial.run(production) as run:
            run.wait_until_idle()
            (waited,) = run.messages(target="Sink")
            (instance,) = run.running.processes()
        assert (waited.status, instance.is_completed) == (MessageStatus.DISCARDED, True)
        assert trial.seen == ["init"]

    # Control

    def test_one_production_per_namespace(self, trial: BackendTrial) -> None:
        """While a production runs, no other one can be started in its namespace."""
        with trial.run(one_operation(trial)) as run:
            other = one_operation(trial, "Conformance.Other").definition()
            with pytest.raises(StoreError):
                trial.backend.run(other, RunOptions(clock=trial.clock))
            assert run.running.status().production == "Conformance.States"
            assert run.call("Sink", NOTE) == NOTE

    def test_start_returns_when_ready(self, trial: BackendTrial) -> None:
        """When the start returns every item is ready: nobody has to ask again and again."""
        with trial.run(one_operation(trial)) as run:
            assert trial.seen == ["init"]
            assert [item.state for item in run.running.items()] == [ItemState.RUNNING]

    def test_stop_is_repeatable(self, trial: BackendTrial) -> None:
        """A second stop does nothing, and whoever waits for the stop is told."""
        with trial.run(one_operation(trial)) as run:
            assert run.running.wait_until_stopped(0) is False
            run.stop()
            run.stop()
            assert run.running.wait_until_stopped(0) is True

    def test_restart(self, trial: BackendTrial) -> None:
        """A restart makes new instances; what was queued is handled."""
        with trial.run(one_operation(trial)) as run:
            run.running.stop_component("Sink")
            run.send("Sink", NOTE)
        with trial.run(one_operation(trial)) as run:
            run.wait_until_idle()
        assert trial.seen == ["init", "init", "a"]

    def test_default_timeouts(self, trial: BackendTrial) -> None:
        """A stop waits 120 s for handlers to end, an update 10 s, unless the production says otherwise."""
        definition = one_operation(trial).definition()
        assert (definition.shutdown_timeout_seconds, definition.update_timeout_seconds) == (120, 10)

    def test_shutdown_timeout(self, trial: BackendTrial) -> None:
        """When the time is over the stop no longer waits for a handler; its message stays queued."""
        with trial.run(one_operation(trial, shutdown_timeout=0.05)) as run:
            trial.gate.clear()
            message_id = run.send("Sink", NOTE)
            trial.until(lambda: trial.seen[-1] == "a")
            run.stop()
            left = [header.status for header in trial.history().messages(MessageFilter(message_id=message_id))]
            assert left == [MessageStatus.QUEUED]
            trial.gate.set()

    def test_update_timeout(self, trial: BackendTrial) -> None:
        """The stop of an item waits so long for its handler at most."""
        with trial.run(one_operation(trial, update_timeout=0.05)) as run:
            trial.gate.clear()
            run.send("Sink", NOTE)
            trial.until(lambda: trial.seen[-1] == "a")
            run.running.stop_component("Sink")
            assert run.running.items()[0].state is ItemState.STOPPED
            trial.gate.set()
            run.wait_until_idle()

    def test_enable_and_disable(self, trial: BackendTrial) -> None:
        """An item that is disabled stays disabled over a restart, until it is enabled."""
        with trial.run(one_operation(trial)) as run:
            run.running.disable("Sink")
            run.send("Sink", NOTE)
        with trial.run(one_operation(trial)) as run:
            run.wait_until_idle()
            assert "a" not in trial.seen
            run.running.enable("Sink")
            run.wait_until_idle()
        assert trial.seen[-1] == "a"

    # Update

    def test_update_restarts_only_what_changed(self, trial: BackendTrial) -> None:
        """Assumed: an update restarts the items whose definition changed; the others do not notice."""
        production = one_operation(trial)
        production.operation("Same", BusinessOperation)
        with trial.run(production) as run:
            trial.seen.clear()
            production.item("Sink").host_settings["Label"] = "new"
            result = run.running.update(production.definition())
            assert (result.restarted, result.added, result.removed) == (("Sink",), (), ())
            assert not run.running.update(production.definition()).has_changes
        assert trial.seen == ["init new"]

    def test_update_adds_and_removes(self, trial: BackendTrial) -> None:
        """Items that are new run; messages of removed ones stay stored until an item of that name is there."""
        production = one_operation(trial)
        with trial.run(production) as run:
            run.running.stop_component("Sink")
            run.send("Sink", NOTE)
            other = Production("Conformance.States")
            other.operation("Other", BusinessOperation)
            result = run.running.update(other.definition())
            assert (result.added, result.removed, dict(result.left_queued)) == (("Other",), ("Sink",), {"Sink": 1})
            run.running.update(production.definition())
            run.wait_until_idle()
        assert trial.seen[-1] == "a"

    def test_production_needs_update(self, trial: BackendTrial) -> None:
        """What the production is read from was changed; once an update has taken it over, it needs none."""
        production, place = one_operation(trial), {"orders.py": "1"}
        with trial.run(production, read_again=production.definition, fingerprint=lambda: dict(place)) as run:
            assert not run.running.status().needs_update
            production.item("Sink").host_settings["Label"] = "new"
            place["orders.py"] = "2"
            status = run.running.status()
            assert (status.needs_update, status.update_message) == (True, "orders.py was changed since it was read")
            run.running.refresh()
            assert not run.running.status().needs_update

    # What survives

    @pytest.mark.parametrize("is_crash", [False, True], ids=["stop", "crash"])
    def test_queued_messages_survive_in_order(self, trial: BackendTrial, *, is_crash: bool) -> None:
        """What is queued is there after a stop and after a crash, in its order and before what comes later."""
        with trial.run(one_operation(trial)) as run:
            run.running.stop_component("Sink")
            run.send_many("Sink", notes("a", "b", "c"))
            if is_crash:
                trial.crash()
        trial.seen.clear()
        with trial.run(one_operation(trial)) as run:
            run.send("Sink", Note("d"))
            run.wait_until_idle()
        assert trial.seen == ["init", "a", "b", "c", "d"]

    @pytest.mark.parametrize("is_crash", [False, True], ids=["stop", "crash"])
    def test_waiting_instances_and_timers_survive(self, trial: BackendTrial, *, is_crash: bool) -> None:
        """A process instance that waits for a timer goes on after a stop and after a crash, when its time has come."""

        class Waiting(BusinessProcess):
            def on_request(self, request: Note) -> None:
                trial.seen.append("asked")
                self.set_timer(60, "tea")

            def on_response(
                self, request: Note, response: object, call_request: object, call_response: object, completion_key: str
            ) -> None:
                trial.seen.append(f"{completion_key} of {request.text}")

        production = Production("Conformance.States")
        production.process("Waiting", Waiting)
        with trial.run(production) as run:
            run.send("Waiting", NOTE)
            run.wait_until_idle()
            trial.clock.advance(20)
            if is_crash:
                trial.crash()
        trial.clock.advance(20)
        with trial.run(production) as run:
            run.wait_until_idle()
            assert trial.seen == ["asked"]
            trial.pass_time_until(lambda: len(trial.seen) == 2)
            run.wait_until_idle()
        assert trial.seen == ["asked", "tea of a"]

    def test_message_in_hand_at_a_crash_is_handled_again(self, trial: BackendTrial) -> None:
        """Assumed: at least once: a message that was being handled at a crash is handled again, as the first."""
        with trial.run(one_operation(trial)) as run:
            trial.gate.clear()
            run.send_many("Sink", notes("a", "b"))
            trial.until(lambda: trial.seen[-1] == "a")
            trial.crash()
            trial.seen.clear()
            trial.gate.set()
            run.wait_until_idle()
            run.stop()
            trial.seen.clear()
            with trial.run(one_operation(trial)) as again:
                again.wait_until_idle()
                assert {header.status for header in again.messages()} == {MessageStatus.COMPLETED}
        assert trial.seen == ["init", "a", "b"]

    def test_what_was_acknowledged_survives_a_crash(self, trial: BackendTrial) -> None:
        """Each message whose send returned is there after a crash, whatever else was going on."""
        sent: list[int] = []
        enough = threading.Event()
        with trial.run(one_operation(trial)) as run:

            def send() -> None:
                while len(sent) < 300:
                    sent.append(run.send("Sink", NOTE))
                    if len(sent) == 100:
                        enough.set()

            sending = in_background(send)
            assert enough.wait(PATIENCE_SECONDS)
            acknowledged = sent.copy()
            trial.crash()
            sending.result(PATIENCE_SECONDS)
        with trial.run(one_operation(trial)) as run:
            run.wait_until_idle()
            ended = {header.message_id for header in run.messages(status="Completed")}
        assert set(acknowledged) <= ended
