"""Life cycles of productions, services and operations."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import pytest

from iop_core import (
    BusinessOperation,
    BusinessProcess,
    BusinessService,
    InboundAdapter,
    PollingBusinessService,
    handler,
)
from iop_core.adapters import OutboundAdapter
from iop_core.definitions import ItemDefinition
from iop_core.errors import ComponentStartError
from iop_core.headers import MessageStatus
from iop_production import Production
from iop_testing.conformance.trial import PATIENCE_SECONDS, BackendSuite, BackendTrial, Note, in_background

NOTE = Note("a")


@dataclass
class LongNote(Note):
    """A message of a derived class."""

    pages: int = 0


@dataclass
class OtherNote(LongNote):
    """A message of a class derived twice."""


def noting(trial: BackendTrial, kind: type, name: str) -> type:
    """Return a class of a component that notes when it starts and ends."""

    def on_init(self: object) -> None:
        trial.seen.append(f"{name} init")

    def on_tear_down(self: object) -> None:
        trial.seen.append(f"{name} down")

    return type(name, (kind,), {"on_init": on_init, "on_tear_down": on_tear_down})


class LifeCycleSuite(BackendSuite):
    """Checks of starts and stops; subclass it as ``Test...`` and give the ``open_backend`` fixture."""

    def test_start_and_stop_of_a_production(self, trial: BackendTrial) -> None:
        """Operations start first and services last; a stop takes them away the other way round."""
        production = Production("Conformance.Order")
        production.service("In", noting(trial, BusinessService, "service"))
        production.operation("Out", noting(trial, BusinessOperation, "operation"))
        with trial.run(production):
            assert trial.seen == ["operation init", "service init"]
        assert trial.seen[2:] == ["service down", "operation down"]

    def test_hooks_per_start(self, trial: BackendTrial) -> None:
        """Class hooks run once per start of an item, before its jobs are there and after they are gone."""

        class Hooked:
            @classmethod
            def on_production_start(cls, item: ItemDefinition) -> None:
                trial.seen.append(f"start {item.name}")

            @classmethod
            def on_production_stop(cls, item: ItemDefinition) -> None:
                trial.seen.append(f"stop {item.name}")

        class Reading(Hooked, noting(trial, BusinessService, "service")):  # type: ignore[misc]
            pass

        class Desk(Hooked, BusinessProcess):
            def on_request(self, request: Note) -> None:
                trial.seen.append("request")

        class Sink(Hooked, noting(trial, BusinessOperation, "operation")):  # type: ignore[misc]
            pass

        production = Production("Conformance.Hooks")
        production.service("In", Reading)
        production.process("Desk", Desk)
        production.operation("Out", Sink, pool_size=2)
        started = ["start Out", "operation init", "operation init", "start Desk", "start In", "service init"]
        stopped = ["service down", "stop In", "stop Desk", "operation down", "operation down", "stop Out"]
        with trial.run(production) as run:
            assert trial.seen == started
            run.send_many("Desk", [NOTE, NOTE])
            run.wait_until_idle()
            assert trial.seen[6:] == ["request", "request"]
            run.running.restart_component("Out")
            assert trial.seen[8:] == [*stopped[3:], *started[:3]]
        assert trial.seen[14:] == stopped

    def test_hook_that_fails_at_the_start(self, trial: BackendTrial) -> None:
        """What fails once per start makes the start fail, with the item and the text of the error."""

        class Sink(BusinessOperation):
            @classmethod
            def on_production_start(cls, item: ItemDefinition) -> None:
                raise RuntimeError("no licence")

        production = Production("Conformance.Hooks")
        production.operation("Out", Sink)
        with pytest.raises(ComponentStartError, match="no licence") as caught, trial.run(production):
            pass
        assert caught.value.item == "Out"

    def test_input_comes_last(self, trial: BackendTrial) -> None:
        """What was left over is there, and every item is ready, before the first input is looked for."""

        class Poll(PollingBusinessService):
            def on_init(self) -> None:
                trial.seen.append("service init")

            def on_poll(self) -> None:
                trial.seen.append("poll")

        production = Production("Conformance.Input")
        production.service("A", Poll)
        production.service("B", noting(trial, BusinessService, "second service"))
        production.operation("Out", noting(trial, BusinessOperation, "operation"))
        with trial.run(production) as run:
            run.wait_until_idle()
        assert trial.seen[:4] == ["operation init", "service init", "second service init", "poll"]

    def test_quiescence(self, trial: BackendTrial) -> None:
        """A stop lets synchronous messages be handled; asynchronous ones stay queued for the next start."""
        stopped = threading.Event()

        class Sink(BusinessOperation):
            def on_message(self, request: Note) -> Note:
                trial.pass_gate()
                trial.seen.append(request.text)
                if request.text.isdigit():  # some may be taken between the end of the services and the quiet
                    stopped.wait(0.002)
                return request

        class Ending(BusinessService):
            def on_tear_down(self) -> None:
                trial.gate.set()

        production = Production("Conformance.Quiescence")
        production.service(Ending)
        production.operation(Sink)
        later = [str(number) for number in range(200)]
        with trial.run(production) as run:
            trial.gate.clear()
            run.send_many("Sink", [Note("in hand"), *(Note(text) for text in later)])
            call = in_background(lambda: run.call("Sink", Note("sync")))
            trial.until(lambda: len(run.messages()) == 202)
            run.stop()
            assert call.result(PATIENCE_SECONDS) == Note("sync")
        assert trial.seen[:2] == ["in hand", "sync"]
        assert len(trial.seen) < 202
        stopped.set()
        with trial.run(production) as run:
            run.wait_until_idle()
        assert trial.seen[2:] == later

    def test_service_starts_per_job(self, trial: BackendTrial) -> None:
        """Each job has an instance with its settings and an adapter with its own, torn down at the stop."""

        class Gauge(InboundAdapter):
            Unit = ""

            def on_init(self) -> None:
                trial.seen.append(f"adapter {self.Unit}")

            def on_tear_down(self) -> None:
                trial.seen.append("adapter down")

        class Reading(BusinessService):
            Label = ""

            def on_init(self) -> None:
                trial.seen.append(f"service {self.Label}")

            def on_tear_down(self) -> None:
                trial.seen.append("service down")

        production = Production("Conformance.Service")
        production.service(
            Reading,
            adapter_class=Gauge,
            pool_size=2,
            settings={"Label": "ward"},
            adapter_settings={"Unit": "mm"},
        )
        with trial.run(production):
            assert sorted(trial.seen) == ["adapter mm"] * 2 + ["service ward"] * 2
            assert trial.seen[0] == "adapter mm", "an adapter is ready before its service"
        assert sorted(trial.seen[4:]) == ["adapter down"] * 2 + ["service down"] * 2

    def test_service_looks_for_input(self, trial: BackendTrial) -> None:
        """As long as there is input the adapter is asked again at once, else after CallInterval."""
        shelf = ["a", "b"]

        class Shelf(InboundAdapter):
            def on_task(self) -> None:
                trial.seen.append(f"task {trial.clock.monotonic():g}")
                if shelf:
                    self.business_host.process_input(Note(shelf.pop(0)))

        class Taking(BusinessService):
            def on_process_input(self, message_input: Any = None) -> None:
                trial.seen.append(message_input.text)

        production = Production("Conformance.Service")
        production.service(Taking, adapter_class=Shelf, adapter_settings={"CallInterval": 10})
        with trial.run(production) as run:
            run.wait_until_idle()
            assert trial.seen == ["task 0", "a", "task 0", "b", "task 0"]
            trial.clock.advance(9)
            run.wait_until_idle()
            assert trial.seen[5:] == []
            trial.pass_time_until(lambda: trial.seen[5:])

    def test_service_wants_to_wait(self, trial: BackendTrial) -> None:
        """A service that says so is called after a full interval though there is more input."""

        class Endless(InboundAdapter):
            def on_task(self) -> None:
                self.business_host.process_input(NOTE)

        class Taking(BusinessService):
            def on_process_input(self, message_input: Any = None) -> None:
                trial.seen.append("input")
                self._wait_for_next_call_interval = True

        production = Production("Conformance.Service")
        production.service(Taking, adapter_class=Endless, adapter_settings={"CallInterval": 10})
        with trial.run(production) as run:
            run.wait_until_idle()
            assert trial.seen == ["input"]
            trial.pass_time_until(lambda: trial.seen[1:])

    def test_interval_adapter(self, trial: BackendTrial) -> None:
        """Ens.InboundAdapter lets its service look once per interval."""

        class Poll(PollingBusinessService):
            def on_poll(self) -> None:
                trial.seen.append("poll")

        production = Production("Conformance.Service")
        production.service(Poll, adapter_settings={"CallInterval": 10})
        with trial.run(production) as run:
            run.wait_until_idle()
            trial.clock.advance(9)
            run.wait_until_idle()
            assert trial.seen == ["poll"]
            trial.pass_time_until(lambda: trial.seen[1:])

    def test_operation_starts_per_job(self, trial: BackendTrial) -> None:
        """Each job has an instance and an adapter of its own, which end when the messages in hand have."""

        class Line(OutboundAdapter):
            def on_init(self) -> None:
                trial.seen.append("adapter")

            def on_tear_down(self) -> None:
                trial.seen.append("adapter down")

        class Sink(BusinessOperation):
            def on_init(self) -> None:
                trial.seen.append("operation")

            def on_message(self, request: Note) -> None:
                trial.pass_gate()
                trial.seen.append("handled")

        class Ending(BusinessService):
            def on_tear_down(self) -> None:
                trial.gate.set()

        production = Production("Conformance.Operation")
        production.service(Ending)
        production.operation(Sink, adapter_class=Line, pool_size=2)
        with trial.run(production) as run:
            assert sorted(trial.seen) == ["adapter"] * 2 + ["operation"] * 2
            trial.gate.clear()
            asked = in_background(lambda: run.call("Sink", NOTE))
            trial.until(run.messages)
            run.stop()
            asked.result(PATIENCE_SECONDS)
        assert trial.seen[4] == "handled"
        assert trial.seen[5:] == ["adapter down"] * 2

    @pytest.mark.parametrize(
        ("message", "expected"),
        [(Note(), "note"), (LongNote(), "long"), (OtherNote(), "long"), (None, "other")],
        ids=["own class", "nearer class", "derived class", "no class"],
    )
    def test_operation_finds_its_handler(self, trial: BackendTrial, message: object, expected: str) -> None:
        """A handler takes messages of its class and of derived ones; what none takes goes to on_message."""

        class Sink(BusinessOperation):
            @handler(Note)
            def take_note(self, request: Note) -> None:
                trial.seen.append("note")

            @handler(LongNote)
            def take_long(self, request: LongNote) -> None:
                trial.seen.append("long")

            def on_message(self, request: object) -> None:
                trial.seen.append("other")

        production = Production("Conformance.Operation")
        production.operation(Sink)
        with trial.run(production) as run:
            run.call("Sink", message)
        assert trial.seen == [expected]

    def test_crash_in_the_middle(self, trial: BackendTrial) -> None:
        """What was in hand at a crash is handled again, in its place: at least once."""

        class Sink(BusinessOperation):
            def on_message(self, request: Note) -> None:
                trial.seen.append(request.text)
                trial.pass_gate()

        production = Production("Conformance.Crash")
        production.operation(Sink)
        with trial.run(production) as run:
            trial.gate.clear()
            run.send_many("Sink", [Note("a"), Note("b")])
            trial.until(lambda: trial.seen)
            trial.crash()
        trial.seen.clear()
        with trial.run(production) as run:
            run.wait_until_idle()
            assert {header.status for header in run.messages()} == {MessageStatus.COMPLETED}
        assert trial.seen == ["a", "b"]
