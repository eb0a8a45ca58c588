"""A thousand calls at once: each is counted once, and all take no longer than one."""

import pytest

from iop_core.events import MessageFilter
from iop_core.headers import MessageStatus, MessageType
from iop_testing import run_production
from many_awaited import Survey, SurveyResult, draw_line, production

METERS = 1000
LINES = {number: draw_line(number, seed=1, slowest_seconds=1.0) for number in range(METERS)}
LATE = {number for number, line in LINES.items() if line.delay_seconds > 5}
FAILING = {number for number, line in LINES.items() if line.is_broken}
READABLE = set(LINES) - LATE - FAILING


@pytest.fixture
def run(clock, pool):
    with run_production(production, clock=clock, durability="normal") as running:
        yield running
        clock.advance(3600)  # ends what a failed test left waiting


@pytest.fixture
def ask(run, pool, wait_until):
    """Start a survey, and wait until each meter has got its request and set its timer."""

    def ask(survey):
        asked = pool.submit(run.call, "Surveyor", survey, timeout=-1)
        wait_until(lambda: run.running.count_messages(MessageFilter(target="Ens.Alarm")) == survey.meters)
        return asked

    return ask


def count_answers(run, *statuses) -> int:
    criteria = [MessageFilter(source="Meters", type=MessageType.RESPONSE, status=status) for status in statuses]
    return sum(run.running.count_messages(each) for each in criteria)


def test_lines_are_of_all_kinds() -> None:
    assert not LATE & FAILING
    assert min(len(READABLE) / 8, len(LATE), len(FAILING) * 5) > 50


def test_every_call_is_counted_and_none_waits_for_another(run, clock, ask, wait_until) -> None:
    asked = ask(Survey(METERS))
    clock.advance(1)
    wait_until(lambda: count_answers(run, MessageStatus.COMPLETED, MessageStatus.ERROR) == METERS - len(LATE))
    assert not asked.done(), "the late ones have 5 s"
    clock.advance(4)
    assert asked.result(30) == SurveyResult(len(READABLE), len(FAILING), len(LATE), 0)
    assert clock.monotonic() == 5
    clock.advance(100)
    wait_until(lambda: count_answers(run, MessageStatus.DISCARDED) == len(LATE))


def test_enough_gives_up_the_others(run, clock, ask, wait_until) -> None:
    asked = ask(Survey(METERS, enough=100))
    half = {number for number in READABLE if LINES[number].delay_seconds <= 0.5}
    assert 200 < len(half) < len(READABLE)
    clock.advance(0.5)
    result = asked.result(30)
    assert (result.readings, result.timeouts) == (100, 0)
    assert result.given_up == METERS - 100 - result.failures
    clock.advance(200)
    run.wait_until_idle()
    assert count_answers(run, MessageStatus.DISCARDED) >= METERS - len(half) - len(FAILING)
    assert count_answers(run, MessageStatus.QUEUED) == 0
