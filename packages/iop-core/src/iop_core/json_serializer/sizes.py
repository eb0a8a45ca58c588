"""How many bytes a value takes in memory, with all that is inside of it."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final, cast

PLAIN: Final = frozenset({str, int, float, bool, type(None)})
_FREE: Final = frozenset({bool, type(None), type})
_SMALL_NUMBERS = range(-5, 257)
_ALL_THERE: Final = frozenset({bytes, complex, date, datetime, time, timedelta, Decimal})
# What objects of other kinds hold, such as a UUID its number, a Path its parts.
_ATTRIBUTES = 400


def size_of(value: object) -> int:
    """Return the bytes of a value made from JSON; keys of dicts and enumerations are shared, and count nothing.

    Neither does what pydantic notes about the fields of a model that were given: the smallest honest
    model takes 300 bytes of it, thirty times its text. What it notes about missing ones counts.
    """
    size, left = 0, [value]
    while left:
        part = left.pop()
        kind: Any = part.__class__
        if kind is int:
            size += 0 if part in _SMALL_NUMBERS else 32
        elif kind is str or kind is float:
            size += (sys.getsizeof(part) + 15) // 16 * 16
        elif kind not in _FREE:
            size += _add_parts(part, left)
    return size


def _add_parts(value: Any, left: list[object]) -> int:
    """Return the bytes of one value that is not plain, and append what is inside of it."""
    if isinstance(value, Enum):
        return 0
    size = sys.getsizeof(value)
    if isinstance(value, Mapping):
        mapping = cast("Mapping[object, object]", value)
        left.extend(mapping.values())
        left.extend(key for key in mapping if not isinstance(key, str))
        return size
    if isinstance(value, (list, tuple, set, frozenset, deque)):
        left.extend(cast("Iterable[object]", value))
        return size
    attributes = getattr(value, "__dict__", None)
    if isinstance(attributes, dict) and not isinstance(value, type):
        left.append(cast("dict[str, object]", attributes))
        given: set[str] | None = getattr(value, "__pydantic_fields_set__", None)
        if given is not None:
            size = _unpaid(size + sys.getsizeof(given), len(given), len(cast("dict[str, object]", attributes)))
        return size
    return size if type(cast("object", value)) in _ALL_THERE else size + _ATTRIBUTES


def _unpaid(size: int, given: int, fields: int) -> int:
    """Return the part of the size that falls to the fields that were not given."""
    return size * max(0, fields - given) // max(1, fields)
