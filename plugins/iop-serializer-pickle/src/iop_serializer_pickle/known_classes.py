"""The classes that a pickle may name: known messages, and values of the standard library."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import sys
import uuid
import zoneinfo

from iop_core.errors import SerializationError
from iop_core.registry import MESSAGE_CLASSES, class_name_of

# Making one of these has no effect beyond the object. Plain types are here because a
# defaultdict holds the type that makes its values.
_VALUE_TYPES: tuple[type, ...] = (
    *(bool, bytearray, bytes, complex, dict, float, frozenset, int, list, set, str, tuple),
    *(collections.Counter, collections.OrderedDict, collections.defaultdict, collections.deque),
    *(datetime.date, datetime.datetime, datetime.time, datetime.timedelta, datetime.timezone, zoneinfo.ZoneInfo),
    *(decimal.Decimal, fractions.Fraction, uuid.UUID),
)
_VALUES: dict[str, type] = {class_name_of(value): value for value in _VALUE_TYPES}
# The time zone of what pydantic has read; found only while pydantic is loaded.
PYDANTIC_ZONE = "pydantic_core._pydantic_core.TzInfo"


def known_class(name: str) -> type:
    """Return the class of that name; looks among loaded classes only and never imports.

    Args:
        name: ``module.Class``.

    Raises:
        SerializationError: A pickle may not name it.
    """
    found = _VALUES.get(name)
    if found is not None:
        return found
    if name in MESSAGE_CLASSES:
        return MESSAGE_CLASSES.get(name)
    if name == PYDANTIC_ZONE and "pydantic_core" in sys.modules:
        zone: type = sys.modules["pydantic_core"].TzInfo
        return zone
    raise SerializationError(
        f"{name} is no known message class, and none of the value types that a pickle may hold. If it is yours, derive "
        "it from Message, or make it known where it is defined: iop_core.registry.MESSAGE_CLASSES.register(THE_CLASS)"
    )
