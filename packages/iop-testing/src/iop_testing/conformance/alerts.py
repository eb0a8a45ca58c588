"""Alerts: what needs a person, and how often that is said."""

from __future__ import annotations

import pytest

from iop_core import BusinessOperation, BusinessProcess, BusinessService, InboundAdapter
from iop_core.alerts import AlertRequest
from iop_core.events import EventType
from iop_core.item_control import ItemState
from iop_production import Production
from iop_testing.conformance.trial import BackendSuite, BackendTrial, Note
from iop_testing.production_run import ProductionRun


class Told(BusinessOperation):
    """Takes alerts."""

    def on_message(self, request: AlertRequest) -> None:
        """Keep nothing: the message is stored."""


class Deaf(BusinessOperation):
    """Takes alerts, and fails."""

    def on_message(self, request: object) -> None:
        """Fail."""
        raise OSError("no mail server")


def watched(trial: BackendTrial, *, told: type | None = Told, **settings: object) -> Production:
    """Return a production with an operation that fails or suspends as its messages say, and one for alerts."""

    class Out(BusinessOperation):
        def on_message(self, request: Note) -> Note:
            trial.pass_gate()
            if request.text == "bad":
                raise ValueError("no such bed")
            if request.text == "suspend":
                self.SuspendMessage = True
            return request

    production = Production("Conformance.Alerts")
    production.operation("Out", Out)
    production.item("Out").host_settings.update(settings)
    if told is not None:
        production.operation("Ens.Alert", told, settings={"AlertOnError": 1})
    return production


def give(run: ProductionRun, *texts: str) -> None:
    """Have messages handled one after the other."""
    for text in texts:
        run.send("Out", Note(text))
        run.wait_until_idle()


def pass_time(trial: BackendTrial, run: ProductionRun, *steps: float) -> None:
    """Move the clock in steps, and have each one noticed."""
    for seconds in steps:
        trial.clock.advance(seconds)
        run.wait_until_idle()


def requests(run: ProductionRun) -> list[AlertRequest]:
    """Return the alerts that were sent."""
    return [run.body(header.message_id) for header in run.messages(target="Ens.Alert")]


def texts(run: ProductionRun) -> list[str]:
    """Return the alerts of the event log."""
    return [entry.text for entry in run.log() if entry.type is EventType.ALERT]


class AlertSuite(BackendSuite):
    """Checks of alerts; subclass it as ``Test...`` and give the ``open_backend`` fixture."""

    def test_alert_on_error(self, trial: BackendTrial) -> None:
        """An error is logged as an alert and sent to the item Ens.Alert."""
        with trial.run(watched(trial, AlertOnError=1)) as run:
            give(run, "bad")
            (request,) = requests(run)
            assert texts(run) == [request.text]
        assert (request.source, request.cause, request.production) == ("Out", "error", "Conformance.Alerts")
        assert "no such bed" in request.text

    def test_off_by_default(self, trial: BackendTrial) -> None:
        """Without AlertOnError an error is no alert."""
        with trial.run(watched(trial)) as run:
            give(run, "bad")
            assert (texts(run), requests(run)) == ([], [])

    def test_without_the_item(self, trial: BackendTrial) -> None:
        """Without an item Ens.Alert the alert is in the event log only."""
        with trial.run(watched(trial, told=None, AlertOnError=1)) as run:
            give(run, "bad")
            assert len(texts(run)) == len(run.messages()) == 1

    @pytest.mark.parametrize(("grace", "count"), [(14, 0), (9, 1)])
    def test_grace_period_of_retries(self, trial: BackendTrial, grace: int, count: int) -> None:
        """AlertRetryGracePeriod counts from the first error; only what still fails after it alerts."""
        production = watched(trial, AlertOnError=1, AlertRetryGracePeriod=grace, ReplyCodeActions="E=RF")
        with trial.run(production) as run:
            run.send("Out", Note("bad"))
            for tries in (1, 2):
                trial.until(lambda tries=tries: run.messages(target="Out")[0].attempts == tries)  # type: ignore[misc]
                trial.clock.advance(5)
            run.wait_until_idle()
            assert len(requests(run)) == count

    def test_grace_period_of_a_service(self, trial: BackendTrial) -> None:
        """AlertGracePeriod holds the alert of a failing service back until it has failed for so long."""
        polls: list[float] = []

        class Broken(InboundAdapter):
            def on_task(self) -> None:
                polls.append(trial.clock.monotonic())
                raise OSError("no such directory")

        production = watched(trial)
        production.service("In", BusinessService, adapter_class=Broken)
        production.item("In").host_settings.update({"AlertOnError": 1, "AlertGracePeriod": 10})
        counts: list[int] = []
        with trial.run(production) as run:
            for number in range(1, 4):
                trial.until(lambda number=number: len(polls) >= number)  # type: ignore[misc]
                run.wait_until_idle()
                counts.append(len(requests(run)))
                trial.clock.advance(5)
        assert counts == [0, 0, 1]

    def test_queue_count(self, trial: BackendTrial) -> None:
        """QueueCountAlert is looked at every 5 s, alerts once, and again after the queue was short."""
        with trial.run(watched(trial, QueueCountAlert=3)) as run:
            for expected in (1, 2):
                run.running.disable("Out")
                give(run, "a", "b", "c")
                pass_time(trial, run, 5, 5, 5)
                trial.until(lambda expected=expected: len(requests(run)) == expected)  # type: ignore[misc]
                run.running.enable("Out")
                run.wait_until_idle()
                pass_time(trial, run, 5)
            assert [text.partition(":")[0] for text in texts(run)] == ["QueueCountAlert"] * 2

    @pytest.mark.parametrize("is_active", [False, True])
    def test_queue_wait(self, trial: BackendTrial, *, is_active: bool) -> None:
        """QueueWaitAlert counts the seconds that the first message waits or is handled."""
        with trial.run(watched(trial, QueueWaitAlert=20)) as run:
            if is_active:
                trial.gate.clear()
            else:
                run.running.disable("Out")
            run.send("Out", Note("a"))
            for _ in range(3):
                trial.clock.advance(5)
            assert texts(run) == []
            trial.clock.advance(5)
            (text,) = trial.until(lambda: texts(run))
        assert text.startswith("QueueWaitAlert:")

    def test_count_alert_is_cleared_below_80_percent(self, trial: BackendTrial) -> None:
        """Assumed: a queue that alerted does so again only after it was below 80 % of the limit."""
        with trial.run(watched(trial, QueueCountAlert=5)) as run:
            run.running.disable("Out")
            ids = run.send_many("Out", [Note("a")] * 5)
            pass_time(trial, run, 5)
            for aborted, expected in ((1, 1), (2, 2)):
                run.running.abort([ids.pop(0) for _ in range(aborted)])
                pass_time(trial, run, 5)
                ids += run.send_many("Out", [Note("a")] * aborted)
                pass_time(trial, run, 5)
                run.wait_until_idle()
                assert len(requests(run)) == expected

    def test_wait_alert_is_cleared_below_80_percent(self, trial: BackendTrial) -> None:
        """A queue whose first message waited too long alerts again only after one that waited less than 80 %."""
        with trial.run(watched(trial, QueueWaitAlert=20)) as run:
            run.running.disable("Out")
            first = run.send("Out", Note("a"))
            pass_time(trial, run, 5, 2)
            second = run.send("Out", Note("a"))
            pass_time(trial, run, 3, 5, 5)
            assert len(requests(run)) == 1
            run.running.abort([first])
            run.send("Out", Note("a"))
            run.wait_until_idle()
            pass_time(trial, run, 5, 5)  # the second one has waited 18 s, then 23 s
            assert len(requests(run)) == 1
            run.running.abort([second])
            pass_time(trial, run, 5, 5)
            assert len(requests(run)) == 2

    def test_inactivity(self, trial: BackendTrial) -> None:
        """After InactivityTimeout without a message an item is Inactive, and alerts once until it is busy again."""
        with trial.run(watched(trial, InactivityTimeout=60)) as run:
            pass_time(trial, run, 30)
            assert run.running.items()[0].state is ItemState.RUNNING
            pass_time(trial, run, 30, 30)
            assert run.running.items()[0].state is ItemState.INACTIVE
            give(run, "a")
            assert run.running.items()[0].state is ItemState.RUNNING
            assert [request.cause for request in requests(run)] == ["inactivity"]

    def test_off_unless_set(self, trial: BackendTrial) -> None:
        """Without settings neither queues nor idleness alert, however long."""
        with trial.run(watched(trial)) as run:
            run.running.disable("Out")
            give(run, *["a"] * 10)
            pass_time(trial, run, *[3600] * 5)
            assert texts(run) == []

    def test_suspended_message(self, trial: BackendTrial) -> None:
        """A suspended message always alerts."""
        with trial.run(watched(trial)) as run:
            give(run, "suspend")
            assert [request.cause for request in requests(run)] == ["suspended"]

    def test_repeated_cause(self, trial: BackendTrial) -> None:
        """Assumed: a cause that repeats itself alerts again after an hour, or once it was over."""
        with trial.run(watched(trial, AlertOnError=1)) as run:
            give(run, "bad", "bad")
            assert len(requests(run)) == 1
            trial.clock.advance(3600)
            give(run, "bad")
            assert len(requests(run)) == 2
            give(run, "good", "bad")
            assert len(requests(run)) == 3

    def test_alerts_make_no_alerts(self, trial: BackendTrial) -> None:
        """Ens.Alert, and what it sends to, never alert, also when they fail and are asked to."""

        class Router(BusinessProcess):
            def on_request(self, request: AlertRequest) -> None:
                self.send_request_async("Mail", request)

        production = watched(trial, told=None, AlertOnError=1)
        production.process("Ens.Alert", Router)
        production.operation("Mail", Deaf, settings={"AlertOnError": 1})
        with trial.run(production) as run:
            give(run, "bad")
            assert len(texts(run)) == 1
            assert {header.target for header in run.messages(status="Error")} >= {"Out", "Mail"}

    def test_alert_of_a_component(self, trial: BackendTrial) -> None:
        """What a component logs as an alert is sent, too."""

        class Watch(BusinessOperation):
            def on_message(self, request: Note) -> None:
                self.log_alert("the printer burns")

        production = watched(trial)
        production.operation("Watch", Watch)
        with trial.run(production) as run:
            session = run.send("Watch", Note())
            run.wait_until_idle()
            assert [(one.text, one.session_id) for one in requests(run)] == [("the printer burns", session)]
