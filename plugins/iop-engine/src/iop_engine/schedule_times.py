"""Points in time with wildcards, as schedules of InterSystems productions name them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from iop_core.errors import SettingError

_ANY = -1
_NUMBER = r"(\d+|\*+)"
_DATE = re.compile(rf"{_NUMBER}-{_NUMBER}-{_NUMBER}")
_WEEK = re.compile(rf"WEEK-{_NUMBER}-{_NUMBER}")
_TIME = re.compile(rf"{_NUMBER}:{_NUMBER}(?::{_NUMBER})?")

# So many days hold every date there is, also the 29th of February around a year like 1900.
_DAYS = 8 * 366 + 1


@dataclass(frozen=True, slots=True)
class TimePattern:
    """A point in time that may come again and again; -1 stands for any number.

    A wildcard makes everything to its left a wildcard too.

    Attributes:
        days: Year, month and day; or week of the month and day of the week (0 is Sunday).
        clock: Hour, minute and second.
        is_week: Whether ``days`` are of the second kind.

    Example:
        >>> TimePattern.parse("*-*-01T06:00:00").last_until(datetime(2026, 3, 4))
        datetime.datetime(2026, 3, 1, 6, 0)
    """

    days: tuple[int, ...]
    clock: tuple[int, int, int]
    is_week: bool = False

    @classmethod
    def parse(cls, text: str) -> TimePattern:
        """Return the pattern that a text describes.

        Raises:
            SettingError: It is none, or never comes.
        """
        day_text, separator, clock_text = text.strip().partition("T")
        week, plain = _WEEK.fullmatch(day_text), _DATE.fullmatch(day_text)
        clock = _TIME.fullmatch(clock_text or "00:00:00")
        found = week or plain
        if found is None or clock is None or (separator and not clock_text):
            raise SettingError(f"{text!r} is no point in time; write year-month-dayThour:minute:second, or WEEK-nn-dd")
        numbers = [_ANY if "*" in part else int(part) for part in (*found.groups(), *(clock.groups(default="0")))]
        last_any = max((place for place, number in enumerate(numbers) if number == _ANY), default=-1)
        numbers[: last_any + 1] = [_ANY] * (last_any + 1)
        hour, minute, second = numbers[-3:]
        pattern = cls(tuple(numbers[:-3]), (hour, minute, second), week is not None)
        pattern._check(text)
        return pattern

    def last_until(self, moment: datetime) -> datetime | None:
        """Return the latest time at or before a moment; None when there was none."""
        return next(self._times(moment, step=-1), None)

    def first_after(self, moment: datetime) -> datetime | None:
        """Return the earliest time after a moment; None when there is none."""
        return next(self._times(moment, step=1), None)

    def _check(self, text: str) -> None:
        try:
            time(max(0, self.clock[0]), max(0, self.clock[1]), max(0, self.clock[2]))
        except ValueError as exc:
            raise SettingError(f"{text!r} is no point in time: {exc}") from exc
        if self.is_week:
            is_fine = (self.days[0] == _ANY or 1 <= self.days[0] <= 5) and self.days[1] <= 6
            reason = "the week is 01 to 05, and the day 00 (Sunday) to 06"
        else:
            year, month, day = self.days
            is_fine = _is_date(2000 if year == _ANY else year, 1 if month == _ANY else month, 1 if day == _ANY else day)
            reason = "there is no such day"
        if not is_fine:
            raise SettingError(f"{text!r} is no point in time: {reason}")

    def _times(self, moment: datetime, *, step: int) -> Iterator[datetime]:
        """Return the times before or after a moment, the nearest first."""
        begin = moment.date()
        if not self.is_week and self.days[0] != _ANY:
            dates = iter([date(*self.days)])
        else:
            dates = _days_from(begin, step)
        for day in dates:
            if self._is_on(day):
                yield from self._on(day, moment, step)

    def _on(self, day: date, moment: datetime, step: int) -> Iterator[datetime]:
        """Return the times of a day on the right side of a moment, the nearest first."""
        hour, minute, second = self.clock
        if hour != _ANY:
            times = [datetime.combine(day, time(hour, minute, second))]
        else:
            times = [self._nearest(day, moment, step)]
        for found in times:
            if found.date() == day and (found > moment if step > 0 else found <= moment):
                yield found

    def _nearest(self, day: date, moment: datetime, step: int) -> datetime:
        """Return the time of a day that is nearest to a moment, if the hour is any."""
        _, minute, second = self.clock
        unit = (
            timedelta(hours=1) if minute != _ANY else timedelta(minutes=1) if second != _ANY else timedelta(seconds=1)
        )
        first = datetime.combine(day, time(0, max(0, minute), max(0, second)))
        if day == moment.date():
            return first + unit * ((moment - first) // unit + (1 if step > 0 else 0))
        return first if step > 0 else first + unit * (timedelta(days=1) // unit - 1)

    def _is_on(self, day: date) -> bool:
        if not self.is_week:
            year, month, number = self.days
            return year in (_ANY, day.year) and month in (_ANY, day.month) and number in (_ANY, day.day)
        week, weekday = self.days
        return week in (_ANY, (day.day + 6) // 7) and weekday in (_ANY, day.isoweekday() % 7)


def _days_from(begin: date, step: int) -> Iterator[date]:
    for number in range(_DAYS):
        try:
            yield begin + timedelta(days=number * step)
        except OverflowError:
            return


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
