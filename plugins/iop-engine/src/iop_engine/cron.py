"""Times of day in the language of cron."""

from __future__ import annotations

from datetime import datetime, timezone

from cronsim import CronSim, CronSimError

from iop_core.errors import SettingError

PREFIX = "cron:"


class CronSchedule:
    """When something is due, as five fields: minute, hour, day of month, month, day of week.

    Times are those of the machine's time zone. One in the hour that is skipped in spring is
    due an hour later; one in the hour that is repeated in autumn is due once.

    Args:
        text: The fields, separated by blanks; checked by ``parse``.

    Example:
        >>> CronSchedule.parse("cron: 0 6 * * MON-FRI").text
        '0 6 * * MON-FRI'
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def parse(cls, text: str) -> CronSchedule:
        """Return the schedule that a text describes, with or without ``cron:`` before it.

        Raises:
            SettingError: It is no cron expression, or none that is ever due.
        """
        fields = text.removeprefix(PREFIX).strip()
        schedule = cls(fields)
        try:
            if len(fields.split()) != 5:
                raise CronSimError("it must have five fields")
            schedule.next_after(datetime(2000, 1, 1, tzinfo=timezone.utc))
        except (CronSimError, StopIteration) as exc:
            raise SettingError(
                f"{text!r} is no cron expression ({str(exc) or 'it is never due'}); write minute, hour, day of month, "
                "month and day of week, such as '*/15 8-17 * * MON-FRI'"
            ) from exc
        return schedule

    def next_after(self, moment: datetime) -> datetime:
        """Return the first time after a moment at which it is due (UTC)."""
        wall = moment.astimezone().replace(tzinfo=None, fold=0)
        due = next(CronSim(self.text, wall)).astimezone(timezone.utc)
        while due <= moment:  # the clock was put back, and this one has been already
            wall = due.astimezone().replace(tzinfo=None, fold=0)
            due = next(CronSim(self.text, wall)).astimezone(timezone.utc)
        return due

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CronSchedule) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)
