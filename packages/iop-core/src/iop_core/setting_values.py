"""Values of settings: their types, and what a text from a configuration means.

A production's configuration holds text, and sometimes numbers; a component wants the
type it declared. Types that IRIS has no name for are kept there as text: lists, tuples
and dictionaries as JSON, dates and times in ISO 8601 form, enumerations by their value.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import cast

from iop_core.errors import SettingError

_BOOLEANS = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off", ""), False),
}

ALIASES: dict[str, type] = {
    **dict.fromkeys(("int", "integer"), int),
    **dict.fromkeys(("float", "number", "numeric"), float),
    "complex": complex,
    **dict.fromkeys(("bool", "boolean"), bool),
    **dict.fromkeys(("str", "string"), str),
}
"""Names of types as they may be written in ``data_type`` and ``iris_type``, in lower case."""


def _read_bool(value: object) -> bool:
    return _BOOLEANS[str(value).strip().lower()]


def _read_int(value: object) -> int:
    if isinstance(value, (float, Decimal)):
        if value != int(value):
            raise ValueError(value)
        return int(value)
    return int(cast("str", value))


def _read_float(value: object) -> float:
    number = float(cast("str", value))
    if math.isnan(number):
        raise ValueError(value)
    return number


def _read_str(value: object) -> str:
    if isinstance(value, (bool, int, float, Decimal, Path)):
        return str(value)
    raise ValueError(value)


def _read_list(value: object) -> list[object]:
    if isinstance(value, (list, tuple)):
        return list(cast("Sequence[object]", value))
    found: object = json.loads(cast("str", value))
    if not isinstance(found, list):
        raise ValueError(value)
    return cast("list[object]", found)


def _read_dict(value: object) -> dict[str, object]:
    found: object = json.loads(cast("str", value))
    if not isinstance(found, dict):
        raise ValueError(value)
    return cast("dict[str, object]", found)


def _render_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class ValueKind:
    """How values of one Python type are named, read and written.

    Attributes:
        iris_type: Name of the type in the metadata of a component.
        expected: What a value has to be, for error texts.
        read: Makes a value from text or from a near type; any of the usual errors when it cannot.
        render: The value as it stands in a configuration; None: as it is.
    """

    iris_type: str
    expected: str
    read: Callable[[object], object]
    render: Callable[[object], str] | None = None


KINDS: dict[type, ValueKind] = {
    bool: ValueKind("Boolean", "true or false (also 1/0, yes/no, on/off)", _read_bool),
    int: ValueKind("Integer", "a whole number", _read_int),
    float: ValueKind("Numeric", "a number", _read_float),
    complex: ValueKind("Numeric", "a complex number", lambda value: complex(cast("str", value))),
    str: ValueKind("String", "a text", _read_str),
    Decimal: ValueKind("String", "a decimal number", lambda value: Decimal(str(value)), str),
    datetime: ValueKind("String", "a date and time such as 2026-01-31T12:00:00",
                        lambda value: datetime.fromisoformat(cast("str", value)), str),
    date: ValueKind("String", "a date such as 2026-01-31", lambda value: date.fromisoformat(cast("str", value)), str),
    time: ValueKind("String", "a time such as 12:00:00", lambda value: time.fromisoformat(cast("str", value)), str),
    Path: ValueKind("String", "a path", lambda value: Path(cast("str", value)), str),
    list: ValueKind("String", "a JSON list", _read_list, _render_json),
    tuple: ValueKind("String", "a JSON list", lambda value: tuple(_read_list(value)), _render_json),
    dict: ValueKind("String", "a JSON object", _read_dict, _render_json),
}  # fmt: skip


def _enum_kind(kind: type[Enum]) -> ValueKind:
    """Members are written by value and read by value or by name."""
    members = {str(member.value): member for member in kind}
    members = {**kind.__members__, **members}
    return ValueKind(
        "String",
        f"one of {', '.join(str(member.value) for member in kind)}",
        lambda value: members[str(value)],
        lambda member: str(cast("Enum", member).value),
    )


def find_kind(python_type: type | None) -> ValueKind | None:
    """Return how values of this type are read and written, None for types that a setting cannot have."""
    if python_type is None:
        return None
    if issubclass(python_type, Enum):
        return _enum_kind(python_type)
    return next((KINDS[cls] for cls in python_type.__mro__ if cls in KINDS), None)


def iris_type_named(name: str) -> str:
    """Return the IRIS name for a type written as text; a name that is no alias stays as it is.

    Example:
        >>> iris_type_named("bool"), iris_type_named("Ens.DataType.ConfigName")
        ('Boolean', 'Ens.DataType.ConfigName')
    """
    alias = ALIASES.get(name.lower())
    return name if alias is None else KINDS[alias].iris_type


def read_value(value: object, python_type: type | None) -> object:
    """Return the value as the type wants it.

    Text is read; numbers that hosts give for booleans and texts are taken too. An
    empty text is an explicit "no value": it becomes ``False`` for a boolean, stays for
    a text, and becomes None for every other type.

    Args:
        value: Text, or a value that may have the type already.
        python_type: The wanted type; None: the value is not checked.

    Raises:
        SettingError: The value does not fit; the text says what is expected.
    """
    kind = find_kind(python_type)
    if kind is None or python_type is None or value is None:
        return value
    if isinstance(value, python_type) and not (python_type is int and isinstance(value, bool)):
        return value
    if value == "" and python_type is not bool:
        return None
    try:
        return kind.read(value)
    except (ValueError, TypeError, LookupError, ArithmeticError) as exc:
        raise SettingError(f"{value!r} is not {kind.expected}") from exc


def render_value(value: object) -> object:
    """Return a default as it stands in a configuration: None as empty text, numbers as they are.

    Raises:
        SettingError: Values of this type cannot be written as text.
    """
    if value is None:
        return ""
    kind = find_kind(type(value))
    if kind is None:
        raise SettingError(f"a {type(value).__name__} cannot be a setting; use a text, number, boolean, list or dict")
    try:
        return value if kind.render is None else kind.render(value)
    except (TypeError, ValueError) as exc:
        raise SettingError(f"{value!r} cannot be written as text: {exc}") from exc
