"""Any Python value to plain JSON values, by its type alone; refuses what would be lost."""

from __future__ import annotations

import ipaddress
import math
import re
from collections import deque
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import singledispatch
from pathlib import PurePath
from typing import Any, cast
from uuid import UUID

from pydantic_core import to_jsonable_python

from iop_core.json_serializer.byte_text import text_from_bytes
from iop_core.json_serializer.moments import with_offset_kept, with_whole_offset
from iop_core.refusals import MAX_DEPTH, Refusal

# More digits are refused by Python and by pydantic when they are read.
MAX_DIGITS = 4300
_TOO_BIG = 10**MAX_DIGITS

# The objects around a value, outermost first: finds self-references and counts the depth.
Parents = tuple[int, ...]


def jsonable(value: object) -> object:
    """Return the value as str, int, float, bool, None, list and dict.

    NaN and the infinities become the texts "NaN", "Infinity" and "-Infinity", which a
    float field reads back. The order of a set is its iteration order.

    Raises:
        Refusal: Some part cannot be kept; the path says which.
    """
    return plain(value, ())


@singledispatch
def plain(value: Any, parents: Parents) -> object:
    """Return one value as plain JSON; the work behind ``jsonable``, by type.

    Args:
        value: Anything.
        parents: The ids of the objects that contain it.
    """
    kind: Any = type(value)  # pyright: ignore[reportUnknownVariableType]  # "type[Unknown]" of an Any
    is_model = hasattr(kind, "__pydantic_serializer__")
    if not is_model and hasattr(kind, "__dataclass_fields__"):
        from iop_core.json_serializer.encoding import entries  # it is built on this module

        return entries(value, parents)
    if not is_model and (isinstance(value, type) or hasattr(kind, "__next__") or callable(value)):
        raise Refusal(f"a {_kind(value)} cannot be kept in JSON; store the values it stands for")
    try:
        return _model_values(value) if is_model else to_jsonable_python(value)
    except Exception as exc:  # pydantic, and the serializers that users give to it
        reason = f"a {_kind(value)} cannot be kept in JSON ({one_line(exc)})"
        raise Refusal(reason, is_unknown_type=not is_model) from exc


def _model_values(model: Any) -> object:
    # warnings="error": a model with a value that does not fit could not be read back.
    return model.__pydantic_serializer__.to_python(
        model, mode="json", round_trip=True, by_alias=False, warnings="error"
    )


def _kind(value: object) -> str:
    if isinstance(value, type):
        return f"class {value.__qualname__}"
    name = type(value).__qualname__
    return f"{name} (it can be read only once)" if hasattr(type(value), "__next__") else name


def one_line(exc: BaseException) -> str:
    """Return the text of an error without line breaks, shortened."""
    text = " ".join(str(exc).split()) or type(exc).__name__
    return text if len(text) <= 200 else text[:200] + "..."


@plain.register(type(None))
@plain.register(bool)
def _(value: object, parents: Parents) -> object:
    del parents
    return value


@plain.register
def _(value: str, parents: Parents) -> object:
    if isinstance(value, Enum):
        return plain(value.value, parents)
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as exc:
            raise Refusal("the text holds half of a surrogate pair, which UTF-8 cannot carry") from exc
    return str.__str__(value)


@plain.register
def _(value: int, parents: Parents) -> object:
    if isinstance(value, Enum):
        return plain(value.value, parents)
    if not -_TOO_BIG < value < _TOO_BIG:
        raise Refusal(f"an int of more than {MAX_DIGITS} digits could not be read back")
    return int(value)


@plain.register
def _(value: float, parents: Parents) -> object:
    if isinstance(value, Enum):
        return plain(value.value, parents)
    if math.isfinite(value):
        return float(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


@plain.register
def _(value: Enum, parents: Parents) -> object:
    return plain(value.value, parents)


@plain.register(bytes)
@plain.register(bytearray)
@plain.register(memoryview)
def _(value: bytes, parents: Parents) -> object:
    del parents
    return text_from_bytes(value)


@plain.register(datetime)
@plain.register(time)
def _(value: datetime | time, parents: Parents) -> object:
    del parents
    try:
        writable = with_whole_offset(value) if isinstance(value, datetime) else with_offset_kept(value)
    except ValueError as exc:
        raise Refusal(str(exc)) from exc
    return to_jsonable_python(writable)


@plain.register(date)
@plain.register(timedelta)
@plain.register(Decimal)
@plain.register(UUID)
@plain.register(complex)
def _(value: object, parents: Parents) -> object:
    del parents
    return to_jsonable_python(value)


@plain.register(PurePath)
@plain.register(ipaddress.IPv4Address)
@plain.register(ipaddress.IPv4Interface)
@plain.register(ipaddress.IPv4Network)
@plain.register(ipaddress.IPv6Address)
@plain.register(ipaddress.IPv6Interface)
@plain.register(ipaddress.IPv6Network)
def _(value: object, parents: Parents) -> object:
    del parents
    return str(value)


@plain.register(re.Pattern)
def _(value: re.Pattern[Any], parents: Parents) -> object:
    return plain(value.pattern, parents)


@plain.register(list)
@plain.register(tuple)
@plain.register(deque)
@plain.register(AbstractSet)
def _(value: Iterable[object], parents: Parents) -> object:
    inside = enter(value, parents)
    result: list[object] = []
    for index, item in enumerate(value):
        try:
            result.append(plain(item, inside))
        except Refusal as refusal:
            raise refusal.within(index) from refusal.__cause__
    return result


@plain.register(Mapping)
def _(value: Mapping[object, object], parents: Parents) -> object:
    inside = enter(value, parents)
    result: dict[str, object] = {}
    for key, item in value.items():
        try:
            text = key_text(key)
            if text in result:
                raise Refusal(f"two keys become the same JSON key {text!r}")
            result[text] = plain(item, inside)
        except Refusal as refusal:
            raise refusal.within(key) from refusal.__cause__
    return result


def key_text(key: object) -> str:
    """Return a key of a dict as JSON writes it: 1 as "1", None as "None", (1, 2) as "1,2".

    Raises:
        Refusal: The key has no text that says what it is.
    """
    if isinstance(key, str):
        return cast("str", plain(key, ()))
    if key is None:
        return "None"
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, tuple):
        return ",".join(key_text(part) for part in cast("tuple[object, ...]", key))
    value = plain(key, ())
    if isinstance(value, (list, dict)):
        raise Refusal(f"a {type(key).__qualname__} cannot be a key in JSON")
    return key_text(value) if isinstance(value, (str, bool)) or value is None else str(value)


def enter(container: object, parents: Parents) -> Parents:
    """Return the parents of what is inside the container.

    Raises:
        Refusal: The container holds itself, or is nested too deeply.
    """
    if id(container) in parents:
        raise Refusal(f"the {type(container).__qualname__} contains itself")
    if len(parents) >= MAX_DEPTH:
        raise Refusal(f"is nested deeper than {MAX_DEPTH} levels")
    return (*parents, id(container))
