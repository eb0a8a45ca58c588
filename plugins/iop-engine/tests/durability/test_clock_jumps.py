"""The time of day is set forward and back while messages are on their way: nothing is lost, stuck or out of order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from iop import BusinessOperation, BusinessProcess, Message, Production
from iop_core.clock import SystemClock
from iop_testing import run_production

# Forward by daylight saving, by a day; back by two hours; to a clock without battery; and to the future again.
JUMPS = [timedelta(hours=1), timedelta(days=1), timedelta(hours=-2), timedelta(days=-20_000), timedelta(days=20_000)]


class JumpingClock(SystemClock):
    """The real clocks, of which the time of day can be set."""

    offset = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(timezone.utc) + self.offset


@dataclass
class Step(Message):
    number: int = 0


class Once(BusinessOperation):
    """Fails the first try of each message."""

    RetryInterval = 0.02
    FailureTimeout = 5
    ReplyCodeActions = "E=R"

    def on_init(self) -> None:
        self.tried: set[int] = set()

    def on_message(self, request: Step) -> Step:
        if request.number not in self.tried:
            self.tried.add(request.number)
            raise ConnectionError("not yet")
        HANDLED.append(request.number)
        return request


class Waits(BusinessProcess):
    """Sets a timer, and calls when it has come."""

    def on_request(self, request: Step) -> None:
        self.set_timer(0.05, completion_key="wait")

    def on_response(self, request: Step, *_: object) -> None:
        if request.number >= 0:
            self.send_request_async("Once", Step(request.number), response_required=False)
        self.reply(Step(request.number))


HANDLED: list[int] = []


@pytest.fixture(autouse=True)
def nothing_handled() -> None:
    HANDLED.clear()


def production() -> Production:
    made = Production("Test.Jumps")
    made.operation(Once)
    made.process(Waits)
    return made


def test_messages_and_tries_go_on_whatever_the_time(tmp_path: Path) -> None:
    clock, sent = JumpingClock(), 0
    for _ in range(2):  # the second run starts with the clock where the first left it
        with run_production(production(), data_dir=tmp_path, clock=clock) as run:
            for jump in JUMPS:
                run.send_many("Once", [Step(number) for number in range(sent, sent + 5)])
                clock.offset += jump
                run.send("Once", Step(sent + 5))
                sent += 6
            run.wait_until_idle()
            headers = run.messages(target="Once")
            assert [header.message_id for header in headers] == sorted(header.message_id for header in headers)
            assert [run.body(header.message_id).number for header in headers] == list(range(sent))
            assert {header.status.name for header in headers} == {"COMPLETED"}
        clock.offset -= timedelta(hours=3)
    assert HANDLED == list(range(sent))


@pytest.mark.parametrize("jump", JUMPS)
def test_timers_that_are_set_after_a_jump_come_in_time(tmp_path: Path, jump: timedelta) -> None:
    clock = JumpingClock()
    with run_production(production(), data_dir=tmp_path, clock=clock) as run:
        assert run.call("Waits", Step(-1), timeout=10).number == -1
        clock.offset += jump
        assert run.call("Waits", Step(-2), timeout=10).number == -2


def test_a_timer_that_a_jump_passes_comes_after_the_next_start(tmp_path: Path) -> None:
    clock = JumpingClock()
    clock.offset = timedelta(days=-1)
    made = production()
    with run_production(made, data_dir=tmp_path, clock=clock) as run:
        run.send("Waits", Step(1))
        run.wait_until_idle()  # the timer is set
    clock.offset = timedelta(0)
    with run_production(made, data_dir=tmp_path, clock=clock) as run:
        run.wait_until_idle()
    assert HANDLED == [1]
