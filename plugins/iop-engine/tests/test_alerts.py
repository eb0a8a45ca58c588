"""Alerts, on a clock that the tests move."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from iop import (
    AlertRequest,
    BusinessOperation,
    BusinessProcess,
    BusinessService,
    InboundAdapter,
    Message,
    Production,
)
from iop_core.errors import ComponentStartError
from iop_core.events import EventType
from iop_testing import VirtualClock, run_production


@dataclass
class Order(Message):
    text: str = ""


class Out(BusinessOperation):
    def on_message(self, request):
        if request.text == "bad":
            raise ValueError("no such patient")
        if request.text == "worse":
            raise LookupError("no such order")
        if request.text == "alert":
            self.log_alert("the printer burns")
        if request.text == "suspend":
            self.suspend_message = True


class Fails(BusinessOperation):
    """A component for Ens.Alert which cannot deliver."""

    def on_message(self, request):
        raise OSError("no mail server")


class Told(BusinessOperation):
    def on_message(self, request):
        self.log_info(f"{request.cause}: {request.text}")


def production(*, alert: type | None = Told, enabled: bool = True, **settings: object) -> Production:
    made = Production("Test.Alerts")
    made.operation(Out, settings=settings, enabled=enabled)
    if alert is not None:
        made.operation("Ens.Alert", alert, settings={"AlertOnError": True, "FailureTimeout": 0})
    return made


def alerts(run) -> list[str]:
    return [entry.text for entry in run.log() if entry.type is EventType.ALERT]


def requests(run) -> list[AlertRequest]:
    return [run.body(message.message_id) for message in run.messages(target="Ens.Alert")]


def until(is_true: Callable[[], object]) -> None:
    """Wait for another thread, for ten seconds of real time at most."""
    pause = threading.Event()
    assert any(is_true() or pause.wait(0.001) for _ in range(10_000))


def give(run, *texts: str) -> None:
    for text in texts:
        run.send("Out", Order(text))
        run.wait_until_idle()


def test_error_is_logged_and_sent_when_asked_for() -> None:
    clock = VirtualClock()
    with run_production(production(AlertOnError=True), clock=clock) as run:
        give(run, "good", "bad")
        assert alerts(run) == ["message 2 failed: ValueError: no such patient"]
        (request,) = requests(run)
        assert request == AlertRequest(
            "Out", "message 2 failed: ValueError: no such patient", clock.now(), "error", 2, 2, "Test.Alerts"
        )
        (message,) = run.messages(target="Ens.Alert")
        assert (message.source, message.session_id) == ("Out", 2)
        assert [entry.text for entry in run.log(item="Ens.Alert")] == [f"error: {request.text}"]


def test_no_alert_unless_asked_for() -> None:
    with run_production(production()) as run:
        give(run, "bad")
        assert alerts(run) == requests(run) == []


def test_alert_needs_no_item_to_go_to() -> None:
    with run_production(production(alert=None, AlertOnError=True)) as run:
        give(run, "bad")
        assert len(alerts(run)) == 1


def test_setting_may_stand_in_the_class() -> None:
    class Careful(BusinessOperation):
        AlertOnError = True

        def on_message(self, request):
            raise ValueError("x")

    made = Production("Test.Careful")
    made.operation(Careful)
    with run_production(made) as run:
        run.send("Careful", Order())
        run.wait_until_idle()
        assert len(alerts(run)) == 1


def test_one_alert_per_cause_until_it_clears() -> None:
    with run_production(production(AlertOnError=True)) as run:
        give(run, "bad", "bad", "worse", "bad")
        assert [text.split()[3] for text in alerts(run)] == ["ValueError:", "LookupError:"]
        give(run, "good", "bad")
        assert len(alerts(run)) == 3


def test_cause_that_lasts_alerts_again_after_the_window() -> None:
    clock = VirtualClock()
    with run_production(production(AlertOnError=True), clock=clock) as run:
        give(run, "bad", "bad", "bad")
        clock.advance(3600)
        give(run, "bad")
        assert [text.endswith("(2 more since the last alert)") for text in alerts(run)] == [False, True]


def test_failing_alert_makes_no_alert() -> None:
    with run_production(production(alert=Fails, AlertOnError=True)) as run:
        give(run, "bad")
        assert len(alerts(run)) == len(requests(run)) == 1
        assert [message.target for message in run.messages(status="Error")] == ["Out", "Ens.Alert"]


def test_what_the_alert_item_sends_to_makes_no_alert() -> None:
    class Router(BusinessProcess):
        def on_request(self, request):
            self.send_request_async("Mail", request)

    made = production(alert=None, AlertOnError=True)
    made.process("Ens.Alert", Router)
    made.operation("Mail", Fails, settings={"AlertOnError": True})
    with run_production(made) as run:
        give(run, "bad")
        assert {message.target for message in run.messages(status="Error")} == {"Out", "Mail", "Ens.Alert"}
        assert len(alerts(run)) == 1


def test_component_may_alert_itself() -> None:
    with run_production(production()) as run:
        give(run, "alert")
        assert [(request.cause, request.text, request.session_id) for request in requests(run)] == [
            ("component", "the printer burns", 1)
        ]


def test_suspended_message_always_alerts() -> None:
    with run_production(production()) as run:
        give(run, "suspend", "suspend")
        assert [request.cause for request in requests(run)] == ["suspended"]


@pytest.mark.parametrize(("grace", "count"), [(14, 0), (9, 1), (0, 2)])
def test_grace_period_of_retries(grace: int, count: int) -> None:
    # The documented example: tries at 0, 5 and 10 s, given up before 15. To be given up is a cause of its own.
    clock = VirtualClock()
    made = production(AlertOnError=True, AlertRetryGracePeriod=grace, RetryInterval=5, ReplyCodeActions="E=RF")
    with run_production(made, clock=clock) as run:
        run.send("Out", Order("bad"))
        for tries in (1, 2):
            until(lambda tries=tries: run.messages(target="Out")[0].attempts == tries)
            clock.advance(5)
        run.wait_until_idle()
        assert len(requests(run)) == count


def test_long_queue_alerts_once_until_it_is_short_again() -> None:
    clock = VirtualClock()
    with run_production(production(enabled=False, QueueCountAlert=5), clock=clock) as run:
        give(run, *["good"] * 4)
        clock.advance(5)
        run.wait_until_idle()
        assert alerts(run) == []
        give(run, "good")
        for _ in range(3):
            clock.advance(5)
            run.wait_until_idle()
        assert [request.cause for request in requests(run)] == ["queue count"]
        assert alerts(run)[0].startswith("QueueCountAlert:")
        run.running.enable("Out")
        run.wait_until_idle()
        clock.advance(5)
        run.wait_until_idle()
        run.running.disable("Out")
        give(run, *["good"] * 5)
        clock.advance(5)
        run.wait_until_idle()
        assert len(alerts(run)) == 2


def test_message_that_waits_or_is_handled_for_long() -> None:
    clock = VirtualClock()
    go_on = threading.Event()

    class Slow(BusinessOperation):
        QueueWaitAlert = 20.0

        def on_message(self, request):
            go_on.wait(30)

    made = Production("Test.Slow")
    made.operation(Slow)
    made.operation("Ens.Alert", Told)
    with run_production(made, clock=clock) as run:
        run.send("Slow", Order())
        for seconds in (15, 5, 5):
            clock.advance(seconds)
        until(lambda: alerts(run))
        go_on.set()
        run.wait_until_idle()
        assert [text.split()[0] for text in alerts(run)] == ["QueueWaitAlert:"]


def test_idle_item_is_marked_and_alerts() -> None:
    clock = VirtualClock()
    with run_production(production(InactivityTimeout=60), clock=clock) as run:
        states = []
        for seconds in (30, 30, 30):
            clock.advance(seconds)
            run.wait_until_idle()
            states.append(str(run.running.items()[0].state.value))
        assert states == ["Running", "Inactive", "Inactive"]
        give(run, "good")
        assert run.running.items()[0].state.value == "Running"
        for _ in range(15):
            clock.advance(5)
            run.wait_until_idle()
        assert [request.cause for request in requests(run)] == ["inactivity"] * 2


def test_failing_input_of_a_service() -> None:
    clock = VirtualClock()
    polls = []

    class Reader(InboundAdapter):
        def on_task(self):
            polls.append(clock.monotonic())
            raise OSError("no such directory")

    class In(BusinessService):
        @staticmethod
        def get_adapter_type():
            return Reader

        def on_process_input(self, message_input):
            pass

    made = Production("Test.Input")
    made.service(In, settings={"AlertOnError": True, "AlertGracePeriod": 10})
    made.operation("Ens.Alert", Told)
    with run_production(made, clock=clock) as run:
        counts = []
        for number in range(1, 5):
            until(lambda number=number: len(polls) >= number)
            run.wait_until_idle()
            counts.append(len(requests(run)))
            clock.advance(5)
        assert counts == [0, 0, 1, 1]


@pytest.mark.parametrize("wrong", [{"QueueCountAlert": "many"}, {"QueueWaitAlert": -1}])
def test_settings_that_cannot_be_used(wrong: dict[str, object]) -> None:
    with pytest.raises(ComponentStartError, match="Out"), run_production(production(**wrong)):
        pass


def test_nothing_watches_when_nothing_is_to_be_watched() -> None:
    with run_production(production(AlertOnError=True)) as run:
        assert "iop-watch" not in {thread.name for thread in threading.enumerate()}
        give(run, "good")
