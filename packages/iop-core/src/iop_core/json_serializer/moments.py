"""Dates and times as JSON text: pydantic writes offsets from UTC in whole minutes only."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone

_MINUTE = timedelta(minutes=1)


def with_whole_offset(value: datetime) -> datetime:
    """Return the same moment with an offset that can be written: its own, else UTC.

    Raises:
        ValueError: The moment has no UTC form: it is at the very end of the calendar.
    """
    offset = value.utcoffset()
    if offset is None or not offset % _MINUTE:
        return value
    try:
        return value.astimezone(timezone.utc)
    except OverflowError as exc:
        raise ValueError(f"{value!r} is out of range in UTC") from exc


def with_offset_kept(value: time) -> time:
    """Return the time.

    Raises:
        ValueError: Its offset has seconds; a time without a date cannot be moved to UTC.
    """
    offset = value.utcoffset()
    if offset is not None and offset % _MINUTE:
        raise ValueError(f"the offset of a time is kept in whole minutes, not {offset}")
    return value
