"""The purge that a production has made every day by itself."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from iop_core.clock import Clock
from iop_core.errors import StoreError
from iop_core.purging import DailyPurge
from iop_engine.alerts.item_alerts import ItemAlerts
from iop_engine.scheduler import Scheduler
from iop_engine.upkeep import Upkeep

_LOG = logging.getLogger("iop.engine")

ACTOR = "daily purge"
_CAUSE = "purge"


class DailyPurges:
    """Has what is old removed at a time of the day; a day on which nothing ran at that time is left out.

    Args:
        upkeep: Makes the purge and records it.
        clock: Where time comes from.
        alerts: Told when a purge fails.
    """

    def __init__(self, upkeep: Upkeep, clock: Clock, alerts: ItemAlerts) -> None:
        self._upkeep = upkeep
        self._clock = clock
        self._alerts = alerts
        self._plan: DailyPurge | None = None
        self._next: datetime | None = None
        self._is_stopped = False
        self._scheduler = Scheduler(clock, self._look, name="iop-daily-purge")

    def follow(self, plan: DailyPurge | None) -> None:
        """Take over what a production says; called at the start and with each update."""
        if plan != self._plan:
            # In this order: a look in between waits for the old moment, and is told to look again.
            self._plan = plan
            self._next = None if plan is None else _next_moment(plan, self._clock.now())
        if plan is None or self._is_stopped:
            return
        self._scheduler.start_once()
        self._scheduler.look_again()

    def is_resting(self) -> bool:
        """Return whether no purge is due or being made."""
        moment = self._next
        return moment is None or self._is_stopped or self._clock.now() < moment

    def stop(self) -> None:
        """End, also a purge in the middle of its work, which records what it has done; repeatable."""
        self._is_stopped = True
        self._scheduler.stop()

    def _look(self) -> float | None:
        """Purge when it is time; return after how many seconds to look again."""
        plan, moment = self._plan, self._next
        if plan is None or moment is None:
            return None
        if self._clock.now() >= moment:
            self._purge(plan)
            if self._next == moment:
                self._next = moment = _next_moment(plan, self._clock.now())
        return max(0.0, (moment - self._clock.now()).total_seconds())

    def _purge(self, plan: DailyPurge) -> None:
        reason = f"every day at {plan.at:%H:%M}"
        try:
            result = self._upkeep.purge(
                plan.options, actor=ACTOR, reason=reason, is_called_off=lambda: self._is_stopped
            )
        except StoreError as exc:
            _LOG.error("the daily purge failed: %s", exc)
            self._alerts.state_raised("", _CAUSE, f"the daily purge failed: {exc}")
            return
        if not result.left:
            self._alerts.state_cleared("", _CAUSE)
        elif not self._is_stopped:
            text = f"the daily purge left {result.left} messages that should have gone"
            self._alerts.state_raised("", _CAUSE, text)


def _next_moment(plan: DailyPurge, now: datetime) -> datetime:
    """Return when the clock on the wall shows the time for the next time."""
    today = now.astimezone().replace(tzinfo=None).date()
    for days in (0, 1):
        moment = datetime.combine(today + timedelta(days=days), plan.at).astimezone(now.tzinfo)
        if moment > now:
            return moment
    return now + timedelta(days=1)  # a clock that was changed in the middle of the night
