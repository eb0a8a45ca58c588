"""When the items of a production are active, by their schedules."""

from __future__ import annotations

from datetime import timedelta

from iop_core.clock import Clock
from iop_core.definitions import ItemDefinition, ProductionDefinition
from iop_core.errors import ConfigurationError, SettingError
from iop_engine.schedules import Schedule, wall_clock

# The time of day may be set or jump by an hour while we wait: so it is looked at again after so long.
LOOK_AGAIN_SECONDS = 60.0


class ActivityWindows:
    """The schedules of the items that have one.

    Args:
        production: The production.
        clock: Where time comes from.

    Raises:
        ConfigurationError: A schedule cannot be understood.
    """

    def __init__(self, production: ProductionDefinition, clock: Clock) -> None:
        self._clock = clock
        self._schedules: dict[str, Schedule] = {}
        for item in production.items:
            if item.schedule:
                try:
                    self._schedules[item.name] = Schedule.parse(item.schedule, production.schedules)
                except SettingError as exc:
                    raise ConfigurationError(f"schedule of item {item.name!r}: {exc}") from exc

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the items that have a schedule."""
        return tuple(self._schedules)

    def is_active(self, item: ItemDefinition) -> bool:
        """Return whether an item is to run now, as far as its schedule says."""
        schedule = self._schedules.get(item.name)
        return schedule is None or schedule.is_active(wall_clock(self._clock.now()))

    def seconds_to_next(self) -> float:
        """Return how long nothing changes, at most a minute."""
        wall = wall_clock(self._clock.now())
        events = [event for schedule in self._schedules.values() if (event := schedule.next_event(wall)) is not None]
        wait = min((event - wall for event in events), default=timedelta(seconds=LOOK_AGAIN_SECONDS))
        return min(wait.total_seconds(), LOOK_AGAIN_SECONDS)
