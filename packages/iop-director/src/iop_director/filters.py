"""What people write to pick messages, turned into a ``MessageFilter``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from enum import IntEnum
from typing import TypeVar, cast

from iop_core.errors import ConfigurationError, did_you_mean
from iop_core.events import MessageFilter
from iop_core.headers import MessageStatus, MessageType
from iop_core.searchable import search_text

_Number = TypeVar("_Number", bound=IntEnum)

ALIASES = {
    "id": "message_id",
    "session": "session_id",
    "class_name": "body_class",
    "error": "is_error",
    "where": "fields",
}

_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_AGE_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def message_filter(**filters: object) -> MessageFilter:
    """Return the filter for friendly values; None does not restrict.

    Args:
        **filters: By name:
            ``message_id`` (or ``id``), ``session_id`` (or ``session``), ``after_id``,
            ``limit``: whole numbers, also as text.
            ``status``: name or number, such as ``"Error"`` or ``8``.
            ``type``: ``"Request"`` or ``"Response"``, or its number.
            ``source``, ``target``: item names.
            ``body_class`` (or ``class_name``): full name, or the part after the last dot.
            ``is_error`` (or ``error``), ``newest_first``: True or False.
            ``error_text``: text in the error.
            ``fields`` (or ``where``): name to value of searchable fields of the body.
            ``since``, ``until``: a datetime, ISO text, or an age such as ``"90s"``,
            ``"10m"``, ``"2h"``, ``"3d"``, ``"1w"``. Without a zone: local time.
            ``any_of``: a list of filters, each a mapping of these names to values or a
            ``MessageFilter``; at least one of them has to fit, beside all others given here.

    Raises:
        ConfigurationError: A filter that does not exist, is given twice, or has a value
            it cannot have.

    Example:
        >>> message_filter(status="error", session="7").session_id
        7
        >>> [each.target for each in message_filter(any_of=[{"target": "Lab"}, {"target": "Ward"}]).any_of]
        ['Lab', 'Ward']
    """
    values: dict[str, object] = {}
    for given, value in filters.items():
        name = ALIASES.get(given, given)
        if name not in _PARSERS:
            known = [*_PARSERS, *ALIASES]
            raise ConfigurationError(
                f"unknown message filter {given!r}{did_you_mean(given, known)}; filters: {', '.join(sorted(known))}"
            )
        if value is None:
            continue
        if name in values:
            raise ConfigurationError(f"message filter {name!r} is given twice, once as {given!r}")
        values[name] = _PARSERS[name](given, value)
    return _build(values)


def _build(values: Mapping[str, object]) -> MessageFilter:
    # Every parser returns what its field holds; checkers cannot follow that through a table.
    return MessageFilter(**values)  # type: ignore[arg-type]


def _whole_number(name: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    raise ConfigurationError(f"{name}: {value!r} is not a whole number of 0 or more")


def _text(name: str, value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise ConfigurationError(f"{name}: {value!r} is not a name")


def _fields(name: str, value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or not value:
        raise ConfigurationError(f"{name}: {value!r} does not give names and values, such as {{'mrn': '123'}}")
    given = {str(key): search_text(each) for key, each in cast("Mapping[object, object]", value).items()}
    wrong = [key for key, text in given.items() if text is None]
    if wrong:
        raise ConfigurationError(f"{name}: the value of {wrong[0]!r} is neither a text nor a number, time or boolean")
    return cast("dict[str, str]", given)


def _alternatives(name: str, value: object) -> tuple[MessageFilter, ...]:
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)) or not value:
        raise ConfigurationError(f"{name}: {value!r} is not a list of filters, such as [{{'status': 'Error'}}]")
    return tuple(_alternative(name, each) for each in cast("Sequence[object]", value))


def _alternative(name: str, value: object) -> MessageFilter:
    if isinstance(value, MessageFilter):
        return value
    found = MessageFilter()
    if isinstance(value, Mapping):
        found = message_filter(**{str(key): each for key, each in cast("Mapping[object, object]", value).items()})
    if found == MessageFilter():  # it would fit every message, which nobody asks for in this way
        raise ConfigurationError(
            f"{name}: {value!r} is no filter; write such as {{'status': 'Error', 'target': 'Lab'}}"
        )
    return found


def _flag(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ConfigurationError(f"{name}: {value!r} is neither True nor False")


def _member_of(members: type[_Number]) -> Callable[[str, object], _Number]:
    def parse(name: str, value: object) -> _Number:
        by_name = {member.name.lower(): member for member in members}
        by_number = {str(member.value): member for member in members}
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            text = str(int(value) if isinstance(value, IntEnum) else value).strip().lower()
            found = by_name.get(text) or by_number.get(text)
            if found is not None:
                return found
        allowed = ", ".join(f"{member.name.capitalize()} ({member.value})" for member in members)
        hint = did_you_mean(value.capitalize(), [n.capitalize() for n in by_name]) if isinstance(value, str) else ""
        raise ConfigurationError(f"{name}: {value!r} is not known{hint}; allowed: {allowed}")

    return parse


def parse_time(name: str, value: object, *, now: datetime | None = None) -> datetime:
    """Return a point in time (UTC) for a datetime, ISO text or an age such as ``10m``.

    Args:
        name: What the value is for; named in the error.
        value: The value. A time without a zone is local time.
        now: What an age counts back from; None: the present.

    Raises:
        ConfigurationError: The value is none of these, or out of range.
    """
    try:
        if isinstance(value, datetime):
            return value.astimezone(timezone.utc)
        if isinstance(value, str):
            text = value.strip()
            age = _AGE.fullmatch(text.lower())
            if age is not None:
                past = timedelta(**{_AGE_UNITS[age[2]]: float(age[1])})
                return (now or datetime.now(timezone.utc)) - past
            # Python 3.10 does not know the letter Z.
            return datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text)).astimezone(timezone.utc)
    except (ValueError, OverflowError, OSError) as exc:
        raise ConfigurationError(f"{_time_error(name, value)} ({exc})") from exc
    raise ConfigurationError(_time_error(name, value))


def _time_error(name: str, value: object) -> str:
    return f"{name}: {value!r} is no time; write 2026-01-31, 2026-01-31T18:30, 2026-01-31T18:30Z, or an age such as 10m"


_PARSERS: Mapping[str, Callable[[str, object], object]] = {
    "message_id": _whole_number,
    "session_id": _whole_number,
    "type": _member_of(MessageType),
    "status": _member_of(MessageStatus),
    "source": _text,
    "target": _text,
    "body_class": _text,
    "is_error": _flag,
    "error_text": _text,
    "fields": _fields,
    "since": parse_time,
    "until": parse_time,
    "after_id": _whole_number,
    "limit": _whole_number,
    "newest_first": _flag,
    "any_of": _alternatives,
}
