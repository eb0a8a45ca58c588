"""Items that run only at the times their schedules say."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timezone

import pytest

from iop import BusinessOperation, BusinessProcess, Message, PollingBusinessService, Production
from iop_core.errors import ConfigurationError, SharedJobsError
from iop_core.item_control import ItemState
from iop_testing import VirtualClock, run_production

OFFICE = "START:*-*-*T08:00:00,STOP:*-*-*T17:00:00"


@dataclass
class Note(Message):
    text: str = ""


EVENTS: list[str] = []


@pytest.fixture(autouse=True)
def _utc(monkeypatch):
    import time

    EVENTS.clear()
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


class Keep(BusinessOperation):
    def on_message(self, request):
        EVENTS.append(request.text)


def production(schedule: str = OFFICE, **fields) -> Production:
    made = Production("Test.Schedule", **fields)
    made.operation("Keep", Keep, schedule=schedule)
    return made


def clock_at(text: str) -> VirtualClock:
    return VirtualClock(datetime.fromisoformat(f"2026-03-04T{text}").replace(tzinfo=timezone.utc))


def status(run):
    return next(item for item in run.running.items() if item.name == "Keep")


def wait_for(run, state: ItemState) -> None:
    for _ in range(5000):
        if status(run).state is state:
            return
        threading.Event().wait(0.001)
    pytest.fail(f"the item is {status(run)}")


def test_item_runs_between_start_and_stop() -> None:
    clock = clock_at("07:00:00")
    with run_production(production(), clock=clock) as run:
        assert (status(run).state, status(run).reason) == (ItemState.DISABLED, "outside of its schedule")
        run.send_many("Keep", [Note("a"), Note("b")])
        run.wait_until_idle()
        clock.advance(3599)
        assert EVENTS == []
        clock.advance(1)
        wait_for(run, ItemState.RUNNING)
        run.wait_until_idle()
        assert EVENTS == ["a", "b"]
        clock.advance(9 * 3600)
        wait_for(run, ItemState.DISABLED)
        run.send("Keep", Note("c"))
        run.wait_until_idle()
        assert EVENTS == ["a", "b"]
        clock.advance(15 * 3600)
        wait_for(run, ItemState.RUNNING)
        run.wait_until_idle()
    assert EVENTS == ["a", "b", "c"]


def test_item_starts_with_the_production_inside_of_its_time() -> None:
    with run_production(production(), clock=clock_at("12:00:00")) as run:
        assert status(run).state is ItemState.RUNNING


def test_missed_events_are_not_made_up_for() -> None:
    clock = clock_at("07:00:00")
    with run_production(production(), clock=clock) as run:
        run.send("Keep", Note("a"))
        clock.advance(11 * 3600)
        run.wait_until_idle()
        assert EVENTS == []


def test_operator_counts_more_than_the_schedule() -> None:
    clock = clock_at("07:00:00")
    with run_production(production(), clock=clock) as run:
        run.running.stop_component("Keep")
        clock.advance(2 * 3600)
        assert status(run).state is ItemState.STOPPED
        run.running.start_component("Keep")
        assert status(run).state is ItemState.RUNNING


def test_start_outside_of_its_time_waits_for_it() -> None:
    clock = clock_at("07:00:00")
    with run_production(production(), clock=clock) as run:
        run.running.stop_component("Keep")
        run.running.start_component("Keep")
        assert status(run).state is ItemState.DISABLED
        clock.advance(3600)
        wait_for(run, ItemState.RUNNING)


def test_polling_service_does_not_poll_outside_of_its_time() -> None:
    polled = threading.Event()

    class Poll(PollingBusinessService):
        def on_poll(self):
            polled.set()

    made = Production("Test.Schedule")
    made.service("Keep", Poll, schedule=OFFICE)
    clock = clock_at("07:00:00")
    with run_production(made, clock=clock) as run:
        run.wait_until_idle()
        clock.advance(1800)
        assert not polled.is_set()
        clock.advance(1800)
        assert polled.wait(10)


def test_named_schedule_and_an_update_of_it() -> None:
    clock = clock_at("12:00:00")
    with run_production(production("@Office", schedules={"Office": OFFICE}), clock=clock) as run:
        assert status(run).state is ItemState.RUNNING
        night = production("START:*-*-*T20:00:00,STOP:*-*-*T06:00:00")
        assert run.running.update(night.definition()).restarted == ("Keep",)
        assert status(run).state is ItemState.DISABLED
        clock.advance(8 * 3600)
        wait_for(run, ItemState.RUNNING)


def test_named_schedule_may_change_alone() -> None:
    clock = clock_at("12:00:00")
    with run_production(production("@Office", schedules={"Office": OFFICE}), clock=clock) as run:
        run.running.update(production("@Office", schedules={"Office": "STOP:*-*-*T11:00:00"}).definition())
        wait_for(run, ItemState.DISABLED)


def test_mistakes_are_found_at_the_start(tmp_path) -> None:
    with pytest.raises(ConfigurationError, match=r"schedule of item 'Keep'.*'@Office'"):
        with run_production(production("@Office"), data_dir=tmp_path):
            pass


def test_process_with_shared_jobs_has_no_schedule_of_its_own(tmp_path) -> None:
    made = Production("Test.Schedule")
    made.process("Actor", BusinessProcess, pool_size=0, schedule=OFFICE)
    with pytest.raises(SharedJobsError, match="Actor"), run_production(made, data_dir=tmp_path):
        pass
