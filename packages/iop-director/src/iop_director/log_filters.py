"""What people write to pick entries of the event log, turned into a ``LogFilter``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from iop_core.errors import ConfigurationError, did_you_mean
from iop_core.events import EventType, LogFilter
from iop_director.filters import parse_time

# From the least to the most serious; an assertion that failed is as serious as an error.
_LEVELS = (
    (EventType.TRACE,),
    (EventType.INFO,),
    (EventType.WARNING,),
    (EventType.ERROR, EventType.ASSERT),
    (EventType.ALERT,),
)
_FILTERS = ("level", "type", "text", "session", "since", "until_id")


def log_filter(**filters: object) -> LogFilter:
    """Return the filter for friendly values; None does not restrict.

    Args:
        **filters: By name:
            ``level``: entries that are at least so serious: ``trace``, ``info``, ``warning``,
            ``error`` or ``alert``.
            ``type``: entries of that type, or of those: a name such as ``"Alert"``, or several.
            ``text``: entries with this text in them.
            ``session``: number of a session.
            ``since``: a datetime, ISO text, or an age such as ``"10m"``.
            ``until_id``: number of the last entry that may come.

    Raises:
        ConfigurationError: A filter that does not exist, or has a value it cannot have.

    Example:
        >>> [each.name for each in log_filter(level="error").types]
        ['ERROR', 'ASSERT', 'ALERT']
    """
    for name in filters:
        if name not in _FILTERS:
            raise ConfigurationError(
                f"unknown log filter {name!r}{did_you_mean(name, _FILTERS)}; filters: {', '.join(sorted(_FILTERS))}"
            )
    level, given, since = filters.get("level"), filters.get("type"), filters.get("since")
    types = () if level is None else _at_least(_type_named("level", level))
    if given is not None:
        listed = [given] if isinstance(given, (str, int)) else cast("Iterable[object]", given)
        chosen = tuple(_type_named("type", one) for one in listed)
        types = tuple(each for each in chosen if each in types) if types else chosen
        if not types:
            raise ConfigurationError(f"level {level!r} leaves out every entry of type {given!r}; give one of the two")
    return LogFilter(
        types=types,
        text=str(filters.get("text") or ""),
        session_id=_number("session", filters.get("session")),
        since=None if since is None else parse_time("since", since),
        until_id=_number("until_id", filters.get("until_id")),
    )


def _at_least(least: EventType) -> tuple[EventType, ...]:
    start = next(position for position, types in enumerate(_LEVELS) if least in types)
    return tuple(each for types in _LEVELS[start:] for each in types)


def _type_named(name: str, value: object) -> EventType:
    by_name = {each.name.lower(): each for each in EventType}
    text = str(int(value) if isinstance(value, int) else value).strip().lower()
    found = by_name.get(text) or {str(int(each)): each for each in EventType}.get(text)
    if found is None:
        raise ConfigurationError(
            f"{name}: {value!r} is not known{did_you_mean(text, by_name)}; allowed: {', '.join(by_name)}"
        )
    return found


def _number(name: str, value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, (int, str)) and str(value).isdecimal():
        return int(value)
    raise ConfigurationError(f"{name}: {value!r} is not a whole number of 0 or more")
