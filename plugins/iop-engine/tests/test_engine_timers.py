"""Timers of business processes, on a clock that the tests move."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from iop import BusinessOperation, BusinessProcess, Message, Production
from iop_core.alarms import AlarmRequest
from iop_core.errors import ConfigurationError, RequestFailedError, SendError
from iop_core.headers import MessageStatus, MessageType
from iop_testing import VirtualClock, run_production


@dataclass
class Ask(Message):
    seconds: float = 0


@dataclass
class Told(Message):
    events: list[str]


class Waiter(BusinessProcess):
    """Sets three timers and answers with the order in which they came."""

    PERSISTENT_PROPERTY_LIST = ("events",)

    def on_init(self):
        self.events = []

    def on_request(self, request):
        self.set_timer("PT30S", "late")
        self.set_timer(10, "early")
        self.set_timer("20.0", "middle")

    def on_response(self, request, response, call_request, call_response, completion_key):
        assert call_response is None
        assert isinstance(call_request, AlarmRequest)
        self.events.append(f"{completion_key} {call_request.duration_seconds:g}")

    def on_complete(self, request, response):
        return Told(self.events)


def waiter() -> Production:
    production = Production("Test.Timers")
    production.process(Waiter)
    return production


def open_timers(run) -> int:
    return sum(queue.count for queue in run.queues() if queue.name == "Ens.Alarm")


def test_timers_come_in_order_of_their_time() -> None:
    clock = VirtualClock()
    with run_production(waiter(), clock=clock) as run:
        run.send("Waiter", Ask())
        left = []
        for seconds in (0, 9.9, 0.1, 10, 10):
            clock.advance(seconds)
            run.wait_until_idle()
            left.append(open_timers(run))
        assert left == [3, 3, 2, 1, 0]
        answers = run.messages(target="Waiter", type="Response")
        assert [message.completion_key for message in answers] == ["early", "middle", "late"]
        assert [message.time_created.second for message in answers] == [10, 20, 30]
        assert run.messages(status="Error") == []


def test_all_timers_that_are_due_come_at_once() -> None:
    clock = VirtualClock()
    with run_production(waiter(), clock=clock) as run:
        session = run.send("Waiter", Ask())
        run.wait_until_idle()
        clock.advance(3600)
        run.wait_until_idle()
        assert open_timers(run) == 0
        assert {message.session_id for message in run.messages()} == {session}


def test_process_answers_after_its_last_timer() -> None:
    class Slow(BusinessProcess):
        def on_request(self, request):
            self.set_timer(0.01)

        def on_response(self, request, response, call_request, call_response, completion_key):
            return Told([completion_key])

    production = Production("Test.Slow")
    production.process(Slow)
    with run_production(production) as run:
        assert run.call("Slow", Ask()) == Told([""])


def test_timers_survive_a_restart(tmp_path) -> None:
    clock = VirtualClock()
    with run_production(waiter(), data_dir=tmp_path, clock=clock) as run:
        session = run.send("Waiter", Ask())
        run.wait_until_idle()
        clock.advance(10)
        run.wait_until_idle()
        assert open_timers(run) == 2
    clock.advance(11)  # one becomes due while nothing runs
    with run_production(waiter(), data_dir=tmp_path, clock=clock) as run:
        run.wait_until_idle()
        assert open_timers(run) == 1
        clock.advance(9)
        run.wait_until_idle()
        assert open_timers(run) == 0
        answers = run.messages(session=session, type="Response")
        assert [message.completion_key for message in answers] == ["early", "middle", "late"]
        assert {message.status for message in run.messages()} == {MessageStatus.COMPLETED}


def test_answer_that_comes_first_is_handled_before_the_timer() -> None:
    seen = []

    class Quick(BusinessOperation):
        def on_message(self, request):
            return request

    class Impatient(BusinessProcess):
        def on_request(self, request):
            self.send_request_async("Quick", request, completion_key="answer")
            self.set_timer(5, "timer")

        def on_response(self, request, response, call_request, call_response, completion_key):
            seen.append(completion_key)

        def on_complete(self, request, response):
            seen.append("complete")

    production = Production("Test.Impatient")
    production.operation(Quick)
    production.process(Impatient)
    clock = VirtualClock()
    with run_production(production, clock=clock) as run:
        run.send("Impatient", Ask())
        run.wait_until_idle()
        assert seen == ["answer"]
        clock.advance(5)
        run.wait_until_idle()
        assert seen == ["answer", "timer", "complete"]


def test_timer_of_an_instance_that_failed_is_discarded() -> None:
    class Fragile(BusinessProcess):
        def on_request(self, request):
            self.set_timer(1, "first")
            self.set_timer(2, "second")

        def on_response(self, request, response, call_request, call_response, completion_key):
            raise KeyError(completion_key)

    production = Production("Test.Fragile")
    production.process(Fragile)
    clock = VirtualClock()
    with run_production(production, clock=clock) as run:
        run.send("Fragile", Ask())
        run.wait_until_idle()
        clock.advance(2)
        run.wait_until_idle()
        answers = run.messages(target="Fragile", type="Response")
        assert [message.status for message in answers] == [MessageStatus.ERROR, MessageStatus.DISCARDED]


def test_timers_of_a_handler_that_failed_are_not_stored(production_run) -> None:
    class Failing(BusinessProcess):
        def on_request(self, request):
            self.set_timer(1)
            raise KeyError("broken")

    production = Production("Test.Failing")
    production.process(Failing)
    run = production_run(production)
    with pytest.raises(RequestFailedError, match="broken"):
        run.call("Failing", Ask())
    assert run.messages(target="Ens.Alarm") == []


def test_timer_is_visible_in_the_session() -> None:
    with run_production(waiter(), clock=VirtualClock()) as run:
        session = run.send("Waiter", Ask())
        run.wait_until_idle()
        timers = run.messages(session=session, target="Ens.Alarm")
        assert [timer.type for timer in timers] == [MessageType.REQUEST] * 3
        assert timers[0].description == "Waiter: timer of 30 s"
        assert run.body(timers[0].message_id).due.second == 30


@pytest.mark.parametrize("wrong", [-1, "soon"])
def test_wrong_time_is_refused(production_run, wrong) -> None:
    class Wrong(BusinessProcess):
        def on_request(self, request):
            self.set_timer(wrong)

    production = Production("Test.Wrong")
    production.process(Wrong)
    run = production_run(production)
    with pytest.raises(RequestFailedError, match=f"ValueError: {wrong!r} is no duration"):
        run.call("Wrong", Ask())


def test_timer_outside_of_an_event_is_refused(production_run) -> None:
    caught = []

    class Starting(BusinessProcess):
        def on_request(self, request):
            def tick():
                try:
                    self.set_timer(1)
                except SendError as exc:
                    caught.append(exc)

            thread = threading.Thread(target=tick)
            thread.start()
            thread.join()

    production = Production("Test.Starting")
    production.process(Starting)
    production_run(production).call("Starting", Ask())
    assert "'Starting' called set_timer outside of an event" in str(caught[0])


def test_item_cannot_have_the_name_of_the_timers(production_run) -> None:
    production = Production("Test.Reserved")
    production.process("Ens.Alarm", Waiter)
    with pytest.raises(ConfigurationError, match=r"'Ens\.Alarm'"):
        production_run(production)
