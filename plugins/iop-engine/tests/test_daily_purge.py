"""The purge that a production has made every day by itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, time, timezone
from pathlib import Path

import pytest

from iop import BusinessOperation, Message, Production
from iop_core.errors import ProductionError
from iop_core.events import EventType
from iop_core.purging import DailyPurge
from iop_testing import ProductionRun, VirtualClock, run_production

DAY = 86_400.0


@dataclass
class Job(Message):
    name: str = ""


class Sink(BusinessOperation):
    def on_message(self, request: Job) -> None:
        if request.name == "fail":
            raise ValueError("bad")


def production(**options: object) -> Production:
    made = Production("Test.Daily", **options)
    made.operation(Sink)
    return made


def noon() -> VirtualClock:
    here = datetime(2026, 3, 10, 12).astimezone()
    return VirtualClock(here.astimezone(timezone.utc))


def purges(run: ProductionRun) -> list[str]:
    return [entry.reason for entry in run.running.audit() if entry.action == "purge"]


def advance(run: ProductionRun, clock: VirtualClock, days: float) -> None:
    clock.advance(days * DAY)
    run.wait_until_idle()


def test_old_messages_go_every_day_at_that_time(tmp_path: Path) -> None:
    clock = noon()
    with run_production(production(purge_at="03:00", purge_days_to_keep=2), data_dir=tmp_path, clock=clock) as run:
        run.send("Sink", Job("old"))
        run.wait_until_idle()
        advance(run, clock, 14 / 24)
        assert purges(run) == []  # it is two o'clock
        advance(run, clock, 2 / 24)
        assert purges(run) == ["every day at 03:00"]
        assert run.count_messages() == 1  # of yesterday
        advance(run, clock, 1)
        assert run.count_messages() == 0
        (last,) = run.running.audit(limit=1)
        assert (last.actor, json.loads(last.counts)["removed"]["headers"]) == ("daily purge", 1)
        assert len(purges(run)) == 2


def test_it_is_off_by_default(tmp_path: Path) -> None:
    clock = noon()
    with run_production(production(), data_dir=tmp_path, clock=clock) as run:
        run.send("Sink", Job("old"))
        advance(run, clock, 40)
        assert (purges(run), run.count_messages()) == ([], 1)


def test_errors_may_stay_longer(tmp_path: Path) -> None:
    clock = noon()
    made = production().purging("03:00", days_to_keep=1, keep_errors_days=30)
    with run_production(made, data_dir=tmp_path, clock=clock) as run:
        failed = run.send("Sink", Job("fail"))
        run.send("Sink", Job("fine"))
        run.wait_until_idle()
        advance(run, clock, 3)
        assert [header.message_id for header in run.messages()] == [failed]
        advance(run, clock, 30)
        assert run.messages() == []


def test_update_turns_it_on_and_off(tmp_path: Path) -> None:
    clock = noon()
    with run_production(production(), data_dir=tmp_path, clock=clock) as run:
        run.running.update(production(purge_at="13:00").definition())
        advance(run, clock, 1)
        assert len(purges(run)) == 1
        run.running.update(production(purge_at="").definition())
        advance(run, clock, 3)
        assert len(purges(run)) == 1


def test_it_is_deployed_with_the_production() -> None:
    made = production(purge_at="03:30", purge_days_to_keep=30, purge_keep_errors_days=90)
    again = Production.from_dict(made.to_dict())
    plan = again.definition().daily_purge
    assert plan == made.definition().daily_purge
    assert isinstance(plan, DailyPurge)
    assert (plan.at, plan.options.days_to_keep, plan.options.keep_errors_days) == (time(3, 30), 30, 90)


@pytest.mark.parametrize(
    "options",
    [{"purge_at": "at night"}, {"purge_at": "03:00+01:00"}, {"purge_at": "03:00", "purge_days_to_keep": -1}],
)
def test_what_cannot_be_is_refused(options: dict[str, object]) -> None:
    made = production(**options)
    with pytest.raises(ProductionError, match="purge"):
        made.definition()
    with pytest.warns(UserWarning, match="purge"):
        made.validate()


def test_failed_purge_alerts_and_is_recorded(tmp_path: Path) -> None:
    clock = noon()
    with run_production(production(purge_at="03:00"), data_dir=tmp_path, clock=clock) as run:
        run.send("Sink", Job("old"))
        run.wait_until_idle()
        (database,) = tmp_path.glob("*.db")
        hidden = database.rename(database.with_suffix(".hidden"))
        advance(run, clock, 1)
        hidden.rename(database)
        (alert,) = [entry for entry in run.log() if entry.type is EventType.ALERT]
        assert "daily purge failed" in alert.text
        assert [json.loads(entry.counts) for entry in run.running.audit(limit=1)] == [{"failed": 1}]
        advance(run, clock, 20)
        assert run.count_messages() == 0
