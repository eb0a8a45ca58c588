"""``on_keepalive``, on a clock that the tests move."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass

import pytest

from iop import BusinessOperation, Message, OutboundAdapter, Production
from iop_core.errors import ComponentStartError
from iop_testing import VirtualClock, run_production

PATIENCE = 10


@dataclass
class Ping(Message):
    text: str = ""


CALLS: list[object] = []
CALLED = threading.Semaphore(0)
GATE = threading.Event()


@pytest.fixture(autouse=True)
def _forget():
    global CALLED
    CALLS.clear()
    CALLED = threading.Semaphore(0)
    GATE.clear()
    yield
    GATE.set()


def note(call: object) -> None:
    CALLS.append(call)
    CALLED.release()


class Connection(OutboundAdapter):
    async def on_keepalive(self):
        note("adapter")


class Line(BusinessOperation):
    def on_init(self):
        self.thread = threading.get_ident()

    def on_message(self, request):
        CALLS.append(request.text)
        CALLED.release()
        if request.text == "slow":
            assert GATE.wait(PATIENCE)
        return request

    def on_keepalive(self):
        assert threading.get_ident() == self.thread
        note("operation")


class WatchedAlarm:
    def __init__(self, alarm, awaited):
        self.alarm = alarm
        self.awaited = awaited
        self.set = alarm.set
        self.is_set = alarm.is_set
        self.wait = alarm.wait

    def wait_until(self, moment):
        self.awaited[moment].set()
        return self.alarm.wait_until(moment)


class WatchedClock(VirtualClock):
    """Tells for which moments anybody waits."""

    def __init__(self):
        super().__init__()
        self.awaited = defaultdict(threading.Event)

    def alarm(self):
        return WatchedAlarm(super().alarm(), self.awaited)


def lines(line=Line, **options) -> Production:
    production = Production("Test.Keepalive")
    production.operation("Line", line, **options)
    production.operation("Sink", Line)
    return production


def wait_for(count: int) -> None:
    for _ in range(count):
        assert CALLED.acquire(timeout=PATIENCE)


def test_called_once_per_interval() -> None:
    clock = VirtualClock()
    options = {"adapter_class": Connection, "adapter_settings": {"KeepaliveInterval": 10}}
    production = Production("Test.Keepalive")
    production.operation("Line", Line, **options)
    with run_production(production, clock=clock) as run:
        clock.advance(9)
        run.call("Line", Ping("between"))
        wait_for(1)
        clock.advance(1)
        wait_for(2)
        clock.advance(10)
        wait_for(2)
    assert CALLS == ["between", "adapter", "operation", "adapter", "operation"]


def test_waits_for_the_message_in_hand_and_comes_once() -> None:
    class Slow(Line):
        KeepaliveInterval = 5

    production = Production("Test.Keepalive")
    production.operation("Line", Slow)
    clock = WatchedClock()
    with run_production(production, clock=clock) as run:
        run.send("Line", Ping("slow"))
        wait_for(1)
        for moment in (10, 15, 20):
            clock.advance(5)
            assert clock.awaited[moment].wait(PATIENCE)
        assert CALLS == ["slow"]
        GATE.set()
        run.call("Line", Ping("next"))
    assert CALLS == ["slow", "operation", "next"]


def test_failure_is_logged_and_the_next_call_comes() -> None:
    class Failing(Line):
        KeepaliveInterval = 5

        def on_keepalive(self):
            note("failed")
            raise ConnectionError("gone")

    production = Production("Test.Keepalive")
    production.operation("Line", Failing)
    clock = VirtualClock()
    with run_production(production, clock=clock) as run:
        for _ in range(2):
            clock.advance(5)
            wait_for(1)
        run.call("Line", Ping("next"))
        run.wait_until_idle()
        assert ["gone" in entry.text for entry in run.log(item="Line")] == [True, True]


def test_it_can_send() -> None:
    class Reporting(Line):
        KeepaliveInterval = 5

        def on_keepalive(self):
            self.send_request_async("Sink", Ping("alive"))

    clock = VirtualClock()
    with run_production(lines(Reporting), clock=clock) as run:
        clock.advance(5)
        wait_for(1)
        run.wait_until_idle()
        assert [message.target for message in run.messages(source="Line")] == ["Sink"]


def test_no_hook_no_thread(production_run) -> None:
    class Plain(BusinessOperation):
        def on_message(self, request):
            return request

    production = Production("Test.Keepalive")
    production.operation(Plain)
    production_run(production)
    assert not [thread for thread in threading.enumerate() if thread.name == "iop-keepalive"]


@pytest.mark.parametrize("wrong", ["often", 0, -1])
def test_interval_is_checked(production_run, wrong) -> None:
    with pytest.raises(ComponentStartError, match="KeepaliveInterval"):
        production_run(lines(adapter_class=Connection, adapter_settings={"KeepaliveInterval": wrong}))
