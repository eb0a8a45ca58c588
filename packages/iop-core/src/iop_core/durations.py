"""Lengths of time as users write them: seconds, or the text of ISO 8601."""

from __future__ import annotations

import math
import re

_PERIOD = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:[.,]\d+)?)S)?)?"
)
_SECONDS = {"weeks": 604_800.0, "days": 86_400.0, "hours": 3_600.0, "minutes": 60.0, "seconds": 1.0}

# More is a mistake, and would lead to moments that no calendar has.
LONGEST_SECONDS = 100 * 366 * 86_400.0


def parse_duration(given: object) -> float:
    """Return a length of time in seconds.

    Args:
        given: Seconds, as a number or its text; or a duration of ISO 8601 in weeks, days,
            hours, minutes and seconds, such as ``PT10S`` or ``P1DT12H``. Years and months
            are refused, because their length depends on the date.

    Raises:
        TypeError: It is neither a number nor text.
        ValueError: It is negative, longer than a hundred years, or no duration.

    Example:
        >>> parse_duration("PT1M30S")
        90.0
    """
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        raise TypeError(f"a duration is a number of seconds or text such as 'PT10S', not {given!r}")
    seconds = _from_text(given) if isinstance(given, str) else float(given)
    if not 0 <= seconds <= LONGEST_SECONDS:
        raise ValueError(
            f"{given!r} is no duration from 0 s to 100 years; give seconds, or ISO 8601 text in weeks, days, hours, "
            "minutes and seconds such as 'PT10S' or 'P1DT12H'"
        )
    return seconds


def _from_text(text: str) -> float:
    """Return the seconds a text means, not-a-number when it means none."""
    stripped = text.strip()
    try:
        return float(stripped)
    except ValueError:
        pass
    found = _PERIOD.fullmatch(stripped)
    if found is None or not any(found.groupdict().values()):
        return math.nan
    return sum(float(value.replace(",", ".")) * _SECONDS[unit] for unit, value in found.groupdict("0").items())
