"""When an item is active: a square wave of START and STOP events.

What counts is the latest event before now; events that were missed are not made up for. Times
are those of the machine's time zone: one in the hour that is skipped in spring counts from
the end of that hour on, and one in the hour that is repeated in autumn counts once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from iop_core.errors import SettingError
from iop_engine.schedule_times import TimePattern

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The events of an item.

    Attributes:
        events: Whether each is a start, and when it comes; of those at the same time the last counts.

    Example:
        >>> office = Schedule.parse("START:*-*-*T08:00:00,STOP:*-*-*T17:00:00")
        >>> office.is_active(datetime(2026, 3, 4, 12))
        True
    """

    events: tuple[tuple[bool, TimePattern], ...]

    @classmethod
    def parse(cls, text: str, named: Mapping[str, str] | None = None) -> Schedule:
        """Return the schedule that a text describes.

        Args:
            text: Events separated by commas, or ``@Name``.
            named: Name to the text of each schedule that has a name.

        Raises:
            SettingError: It cannot be understood; the text says what is wrong.
        """
        text = text.strip()
        if text.startswith("@"):
            found = (named or {}).get(text[1:])
            if found is None or found.strip().startswith("@"):
                known = ", ".join(named or ()) or "none"
                raise SettingError(f"there is no schedule {text!r}; named schedules of the production: {known}")
            text = found
        if text.startswith("cron:"):
            raise SettingError("cron says when a service is called, not when it is active; give it as CallSchedule")
        return cls(tuple(_event(part) for part in text.split(",")))

    def is_active(self, wall: datetime) -> bool:
        """Return whether an item is active at a time of the wall clock."""
        past = [(last, place, starts) for place, (starts, last) in enumerate(self._last(wall)) if last is not None]
        if past:
            return max(past)[2]
        # Before the first event it is what that one ends.
        future = [
            (first, -place, starts) for place, (starts, first) in enumerate(self._next(wall)) if first is not None
        ]
        return not min(future)[2] if future else True

    def next_event(self, wall: datetime) -> datetime | None:
        """Return when the next event comes; None when there is none."""
        return min((first for _, first in self._next(wall) if first is not None), default=None)

    def _last(self, wall: datetime) -> list[tuple[bool, datetime | None]]:
        return [(starts, pattern.last_until(wall)) for starts, pattern in self.events]

    def _next(self, wall: datetime) -> list[tuple[bool, datetime | None]]:
        return [(starts, pattern.first_after(wall)) for starts, pattern in self.events]


def wall_clock(moment: datetime, zone: tzinfo | None = None) -> datetime:
    """Return the time that a wall clock shows, without its zone.

    While an hour is repeated it stands still at the end of that hour, so that nothing in it comes twice.

    Args:
        moment: The time (UTC).
        zone: The time zone; None for that of the machine.
    """
    shown = _shown(moment, zone)
    if not shown.fold:
        return shown
    # The clock was put back not long ago: look for the last moment before that.
    offset = shown - moment.replace(tzinfo=None)
    before, after = moment - timedelta(hours=3), moment
    while after - before > _SECOND / 1000:
        middle = before + (after - before) / 2
        if _shown(middle, zone) - middle.replace(tzinfo=None) > offset:
            before = middle
        else:
            after = middle
    return _shown(before, zone).replace(fold=0, microsecond=999_999)


def _shown(moment: datetime, zone: tzinfo | None) -> datetime:
    if zone is None:
        return datetime.fromtimestamp(moment.timestamp())
    return moment.astimezone(zone).replace(tzinfo=None)


def _event(text: str) -> tuple[bool, TimePattern]:
    action, separator, when = text.strip().partition(":")
    if not separator or action not in ("START", "STOP"):
        raise SettingError(
            f"{text.strip()!r} is no event of a schedule; write START:time or STOP:time, with commas between but "
            "none at the end, such as 'START:*-*-*T08:00:00,STOP:*-*-*T17:00:00'"
        )
    return action == "START", TimePattern.parse(when)
