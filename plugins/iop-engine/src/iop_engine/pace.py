"""When a polling service is called next."""

from __future__ import annotations

from dataclasses import dataclass

from iop_core.clock import Clock
from iop_engine.cron import CronSchedule


@dataclass(frozen=True, slots=True)
class Pace:
    """When a polling service is called next.

    Attributes:
        clock: Where time comes from.
        interval_seconds: Time between the end of one call and the next.
        throttle_seconds: Time before every call, also when there is more input.
        cron: The times of day of the calls, instead of the interval; None for none.
    """

    clock: Clock
    interval_seconds: float
    throttle_seconds: float = 0.0
    cron: CronSchedule | None = None

    @property
    def waits_first(self) -> bool:
        """Whether there is no call at the start."""
        return self.cron is not None

    def seconds_to_next(self) -> float:
        """Return how long to wait for the next call from now on."""
        if self.cron is None:
            return self.interval_seconds
        now = self.clock.now()
        return (self.cron.next_after(now) - now).total_seconds()
