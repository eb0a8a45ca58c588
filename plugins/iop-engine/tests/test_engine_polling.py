"""How a service with an adapter is called: intervals, more input, throttling, times of day, pools."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop import BusinessOperation, BusinessService, InboundAdapter, Message, PollingBusinessService, Production
from iop_core.errors import ComponentStartError, SettingError
from iop_engine.cron import CronSchedule
from iop_testing import VirtualClock, run_production


@dataclass
class Note(Message):
    text: str = ""


EVENTS: list[object] = []
LEFT: list[str] = []
CLOCK: list[VirtualClock] = []


@pytest.fixture(autouse=True)
def _forget():
    for each in (EVENTS, LEFT, CLOCK):
        each.clear()


class Shelf(InboundAdapter):
    """Gives one note per call."""

    def on_init(self):
        EVENTS.append("connected")

    def on_task(self):
        if LEFT:
            self.business_host.process_input(Note(LEFT.pop(0)))
        else:
            EVENTS.append("nothing")


class Feed(BusinessService):
    def on_process_input(self, message_input):
        EVENTS.append(message_input.text)


class Slowly(Feed):
    def on_process_input(self, message_input):
        super().on_process_input(message_input)
        self._wait_for_next_call_interval = True


def feeding(service: type, **options) -> Production:
    made = Production("Test.Polling")
    made.service("Feed", service, adapter_class=Shelf, adapter_settings={"CallInterval": 10}, **options)
    return made


def advance_until(clock, count: int, *, seconds: float) -> None:
    """Let time pass until so many events were seen."""
    while len(EVENTS) < count:
        clock.advance(seconds)
        threading.Event().wait(0.001)


def test_more_input_is_taken_without_a_wait() -> None:
    LEFT.extend("abc")
    clock = VirtualClock()
    with run_production(feeding(Feed), clock=clock) as run:
        run.wait_until_idle()
        assert EVENTS == ["connected", "a", "b", "c", "nothing"]
        LEFT.append("d")
        clock.advance(9)
        run.wait_until_idle()
        assert EVENTS[5:] == []
        advance_until(clock, 7, seconds=1)
    assert EVENTS[5:7] == ["d", "nothing"]


def test_service_that_wants_to_wait_gets_one_input_per_interval() -> None:
    LEFT.extend("abc")
    clock = VirtualClock()
    with run_production(feeding(Slowly), clock=clock) as run:
        run.wait_until_idle()
        assert EVENTS == ["connected", "a"]
        clock.advance(9.5)
        run.wait_until_idle()
        assert EVENTS == ["connected", "a"]
        advance_until(clock, 3, seconds=0.5)
        run.wait_until_idle()
    assert EVENTS == ["connected", "a", "b"]


def test_call_that_is_due_is_waited_for() -> None:
    clock = VirtualClock()
    with run_production(feeding(Feed), clock=clock) as run:
        run.wait_until_idle()
        for _ in range(20):
            LEFT.append("a")
            clock.advance(10)
            run.wait_until_idle()
            assert LEFT == []


def test_throttle_delays_every_input() -> None:
    LEFT.extend("ab")
    clock = VirtualClock()
    with run_production(feeding(Feed, settings={"ThrottleDelay": "2000"}), clock=clock):
        assert EVENTS == ["connected"]
        clock.advance(1.9)
        threading.Event().wait(0.02)
        assert EVENTS == ["connected"]
        advance_until(clock, 2, seconds=0.1)
        assert EVENTS == ["connected", "a"]
        advance_until(clock, 3, seconds=0.1)
    assert clock.monotonic() >= 4


def test_throttle_delays_every_message_of_an_operation() -> None:
    clock = VirtualClock()

    class Keep(BusinessOperation):
        ThrottleDelay = 1000

        def on_message(self, request):
            EVENTS.append(clock.monotonic())

    made = Production("Test.Throttle")
    made.operation("Keep", Keep)
    with run_production(made, clock=clock) as run:
        run.send_many("Keep", [Note(), Note(), Note()])
        advance_until(clock, 3, seconds=0.25)
    assert all(later - earlier >= 1 for earlier, later in zip([0.0, *EVENTS], EVENTS, strict=False))


@pytest.mark.parametrize("wrong", ["-1", "soon"])
def test_throttle_is_checked(tmp_path, wrong) -> None:
    made = feeding(Feed, settings={"ThrottleDelay": wrong})
    with pytest.raises(ComponentStartError, match="ThrottleDelay"), run_production(made, data_dir=tmp_path):
        pass


def test_jobs_of_a_service_compete_for_input() -> None:
    both = threading.Barrier(2)

    class Compete(Feed):
        def on_process_input(self, message_input):
            both.wait(10)
            super().on_process_input(message_input)

    LEFT.extend("ab")
    with run_production(feeding(Compete, pool_size=2)) as run:
        run.wait_until_idle()
    assert sorted(str(event) for event in EVENTS if event not in ("connected", "nothing")) == ["a", "b"]
    assert EVENTS.count("connected") == 2


def test_polling_follows_cron() -> None:
    class Poll(PollingBusinessService):
        CallSchedule = "cron: */15 * * * *"

        def on_poll(self):
            EVENTS.append(CLOCK[0].now())

    made = Production("Test.Cron")
    made.service("Poll", Poll)
    CLOCK.append(VirtualClock(datetime(2026, 3, 4, 12, 1, tzinfo=timezone.utc)))
    with run_production(made, clock=CLOCK[0]) as run:
        run.wait_until_idle()
        assert EVENTS == []
        advance_until(CLOCK[0], 2, seconds=30)
    first, second = EVENTS
    assert datetime(2026, 3, 4, 12, 15, tzinfo=timezone.utc) <= first < second


@pytest.mark.parametrize("wrong", ["61 * * * *", "* * * *", "0 0 31 2 *", "soon"])
def test_cron_is_checked(tmp_path, wrong) -> None:
    with pytest.raises(SettingError, match="no cron expression"):
        CronSchedule.parse(wrong)
    made = feeding(Feed, settings={"CallSchedule": wrong})
    with pytest.raises(ComponentStartError, match="CallSchedule"), run_production(made, data_dir=tmp_path):
        pass


@given(
    st.integers(1, 59),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(timezone.utc)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
)
def test_cron_is_due_later_and_soon_enough(step, moment, zone) -> None:
    with pytest.MonkeyPatch.context() as patch:
        import time

        patch.setenv("TZ", zone)
        time.tzset()
        due = CronSchedule(f"*/{step} * * * *").next_after(moment)
    time.tzset()
    assert moment < due <= moment + timedelta(hours=3)
    assert due.second == due.microsecond == 0


def test_foreground_item_shows_its_log_on_the_console(capsys, monkeypatch) -> None:
    import logging

    monkeypatch.setattr(logging.getLogger(), "handlers", [])

    class Chatty(BusinessOperation):
        def on_message(self, request):
            self.log_info("fact")
            self.trace("detail")

    made = Production("Test.Foreground")
    made.operation("Chatty", Chatty, foreground=True)
    with run_production(made) as run:
        run.call("Chatty", Note())
        run.wait_until_idle()
    shown = capsys.readouterr().err
    assert "INFO Chatty: fact" in shown
    assert "TRACE Chatty: detail" in shown
