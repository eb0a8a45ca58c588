"""The types that fields of persistent messages can have: what fits, and how it is written.

All types are those that a class on IRIS can have. Values are written as JSON.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sized
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple, cast
from uuid import UUID

# Deeper nesting is refused by parsers of JSON.
MAX_DEPTH = 100


class Problem(NamedTuple):
    """Why a value cannot be in a field.

    Attributes:
        text: The reason, without subject.
        is_value: True when the type is right and the value wrong.
        place: The way from the field to the part that is wrong, such as ``"[2].City"``.
    """

    text: str
    is_value: bool = False
    place: str = ""

    def within(self, step: str) -> Problem:
        """Return the same problem seen from one level further out."""
        return self._replace(place=step + self.place)


class ValueType(ABC):
    """One type of value.

    Attributes:
        python_type: The class of the values, of an enumeration that of the values of its members.
        iris_type: The class that a property of this type has on IRIS.
    """

    python_type: type
    iris_type: str

    @abstractmethod
    def find_problem(self, value: Any) -> Problem | None:
        """Return why this value, which is not None, does not fit; None when it does."""

    @abstractmethod
    def encode(self, value: Any) -> object:
        """Return a value that fits, or None, as plain JSON."""

    @abstractmethod
    def decode(self, raw: Any) -> object:
        """Return the value of plain JSON, None for null.

        Raises:
            ValueError, TypeError, ArithmeticError: It is not what ``encode`` gives.
        """


def wrong_type(expected: str, value: object) -> Problem:
    """Return the problem of a value that is of another type."""
    return Problem(f"expected {expected}, got {type(value).__name__}")


def _same(value: Any) -> Any:
    return value


class Scalar(ValueType):
    """A single value.

    Args:
        python_type: The class of the values; a value of a class derived from it fits too.
        iris_type: Its class on IRIS.
        encode: Value to JSON.
        decode: JSON to value.
        but_not: A class derived from ``python_type`` that does not fit.
        find_misfit: Returns why a value of the right type cannot be kept, or an empty text.
    """

    def __init__(
        self,
        python_type: type,
        iris_type: str,
        *,
        encode: Callable[[Any], object] = _same,
        decode: Callable[[Any], object] = _same,
        but_not: type | None = None,
        find_misfit: Callable[[Any], str] | None = None,
    ) -> None:
        self.python_type = python_type
        self.iris_type = iris_type
        self._encode = encode
        self._decode = decode
        self._but_not = but_not
        self._find_misfit = find_misfit

    def find_problem(self, value: Any) -> Problem | None:
        """Look at the type, then at the value."""
        if not isinstance(value, self.python_type) or (self._but_not and isinstance(value, self._but_not)):
            return wrong_type(self.python_type.__name__, value)
        reason = self._find_misfit(value) if self._find_misfit else ""
        return Problem(reason, is_value=True) if reason else None

    def encode(self, value: Any) -> object:
        """Return the value in JSON."""
        return None if value is None else self._encode(value)

    def decode(self, raw: Any) -> object:
        """Return the value of JSON."""
        return None if raw is None else self._decode(raw)


class Float(Scalar):
    """A float; an int that a float can hold exactly fits too."""

    def __init__(self) -> None:
        super().__init__(float, "%Library.Double", encode=_encode_float, decode=float)

    def find_problem(self, value: Any) -> Problem | None:
        """Accept floats, and ints without loss."""
        if isinstance(value, int) and not isinstance(value, bool):
            is_exact = abs(value) <= 2**1023 and int(float(value)) == value
            return None if is_exact else Problem("has more digits than a float can hold", is_value=True)
        return super().find_problem(value)


class Member(ValueType):
    """A member of an enumeration, kept as its value.

    Args:
        enumeration: Its class.
        value_type: The type that the values of all members have.
    """

    def __init__(self, enumeration: type[Enum], value_type: ValueType) -> None:
        self.python_type = value_type.python_type
        self.iris_type = value_type.iris_type
        self._enumeration = enumeration
        self._value_type = value_type

    def find_problem(self, value: Any) -> Problem | None:
        """Accept members only, not their values."""
        if isinstance(value, self._enumeration):
            return self._value_type.find_problem(value.value)
        return wrong_type(self._enumeration.__name__, value)

    def encode(self, value: Any) -> object:
        """Return the value of the member."""
        return None if value is None else self._value_type.encode(value.value)

    def decode(self, raw: Any) -> object:
        """Return the member that has this value."""
        return None if raw is None else self._enumeration(self._value_type.decode(raw))


class Json(ValueType):
    """A list or dict of anything that JSON has."""

    def __init__(self, python_type: type, iris_type: str) -> None:
        self.python_type = python_type
        self.iris_type = iris_type

    def find_problem(self, value: Any) -> Problem | None:
        """Accept only what comes back unchanged."""
        if not isinstance(value, self.python_type):
            return wrong_type(self.python_type.__name__, value)
        return _find_json_problem(value, 0)

    def encode(self, value: Any) -> object:
        """Return the value as it is."""
        return value

    def decode(self, raw: Any) -> object:
        """Return the value as it is, when it is of the right type."""
        return _expect(self.python_type, raw)


class ListOf(ValueType):
    """A list of values of one type."""

    python_type = list

    def __init__(self, item: ValueType, *, takes_none: bool) -> None:
        self.item = item
        self.iris_type = item.iris_type
        self._takes_none = takes_none

    def find_problem(self, value: Any) -> Problem | None:
        """Look at every item."""
        if not isinstance(value, list):
            return wrong_type("list", value)
        for index, item in enumerate(cast("list[object]", value)):
            problem = _find_item_problem(self.item, item, takes_none=self._takes_none)
            if problem is not None:
                return problem.within(f"[{index}]")
        return None

    def encode(self, value: Any) -> object:
        """Return an array."""
        return None if value is None else [self.item.encode(item) for item in value]

    def decode(self, raw: Any) -> object:
        """Return the list of an array."""
        return None if raw is None else [self.item.decode(item) for item in _expect(list, raw)]


class DictOf(ValueType):
    """A dict from text to values of one type."""

    python_type = dict

    def __init__(self, item: ValueType, *, takes_none: bool) -> None:
        self.item = item
        self.iris_type = item.iris_type
        self._takes_none = takes_none

    def find_problem(self, value: Any) -> Problem | None:
        """Look at every key and item."""
        if not isinstance(value, dict):
            return wrong_type("dict", value)
        for key, item in cast("dict[object, object]", value).items():
            problem = _find_key_problem(key) or _find_item_problem(self.item, item, takes_none=self._takes_none)
            if problem is not None:
                return problem.within(f"[{key!r}]")
        return None

    def encode(self, value: Any) -> object:
        """Return an object."""
        return None if value is None else {key: self.item.encode(item) for key, item in value.items()}

    def decode(self, raw: Any) -> object:
        """Return the dict of an object."""
        return None if raw is None else {key: self.item.decode(item) for key, item in _expect(dict, raw).items()}


def find_length_problem(value: object, max_length: int | None) -> Problem | None:
    """Return why a text or binary value is too long; None when it is not."""
    if max_length is None or not isinstance(value, (str, bytes, bytearray)):
        return None
    length = len(cast("Sized", value))
    return Problem(f"is {length} long, max_length is {max_length}", is_value=True) if length > max_length else None


def _find_item_problem(item_type: ValueType, item: object, *, takes_none: bool) -> Problem | None:
    if item is None:
        return None if takes_none else Problem("null is not allowed", is_value=True)
    return item_type.find_problem(item)


def _find_key_problem(key: object) -> Problem | None:
    if not isinstance(key, str):
        return Problem(f"expected a str key, got {type(key).__qualname__}")
    return Problem(_half_character(key), is_value=True) if _half_character(key) else None


def _find_json_problem(value: object, depth: int) -> Problem | None:
    if depth > MAX_DEPTH:
        return Problem(f"is nested deeper than {MAX_DEPTH} levels", is_value=True)
    if value is None or type(value) is bool:
        return None
    if type(value) is str:
        return Problem(_half_character(value), is_value=True) if _half_character(value) else None
    if type(value) is int:
        return Problem(_too_large(value), is_value=True) if _too_large(value) else None
    if type(value) is float:
        return None if math.isfinite(value) else Problem(f"{value} cannot be kept in JSON", is_value=True)
    steps: Iterator[tuple[str, Problem | None, object]]
    if isinstance(value, list):
        steps = ((f"[{index}]", None, item) for index, item in enumerate(cast("list[object]", value)))
    elif isinstance(value, dict):
        entries = cast("dict[object, object]", value).items()
        steps = ((f"[{key!r}]", _find_key_problem(key), item) for key, item in entries)
    else:
        return Problem(f"{type(value).__qualname__} cannot be kept in JSON")
    found = ((step, problem or _find_json_problem(item, depth + 1)) for step, problem, item in steps)
    return next((problem.within(step) for step, problem in found if problem is not None), None)


def _half_character(text: str) -> str:
    if text.isascii():
        return ""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "the text holds half of a surrogate pair, which UTF-8 cannot carry"
    return ""


def _too_large(value: int) -> str:
    return "" if -(2**63) <= value < 2**63 else "an integer can have 64 bits"


def _encode_float(value: float) -> object:
    # JSON has no such numbers; float() reads the texts back.
    return float(value) if math.isfinite(value) else str(float(value))


def _expect(expected: type, raw: Any) -> Any:
    if raw is not None and not isinstance(raw, expected):
        raise TypeError(f"expected {expected.__name__}, got {type(raw).__name__}")
    return raw


def _exactly(expected: type) -> Callable[[Any], Any]:
    return lambda raw: _expect(expected, raw)


def _text(value: bytes) -> str:
    return b64encode(value).decode("ascii")


def _binary(raw: str) -> bytes:
    return b64decode(raw, validate=True)


SCALARS: dict[type, ValueType] = {
    str: Scalar(str, "%Library.String", encode=str.__str__, decode=_exactly(str), find_misfit=_half_character),
    int: Scalar(
        int, "%Library.Integer", encode=int.__int__, decode=_exactly(int), but_not=bool, find_misfit=_too_large
    ),
    float: Float(),
    bool: Scalar(bool, "%Library.Boolean", decode=_exactly(bool)),
    bytes: Scalar(bytes, "%Stream.GlobalBinary", encode=_text, decode=_binary),
    bytearray: Scalar(bytearray, "%Stream.GlobalBinary", encode=_text, decode=lambda raw: bytearray(_binary(raw))),
    Decimal: Scalar(Decimal, "%Library.Decimal", encode=str, decode=Decimal),
    datetime: Scalar(datetime, "%Library.TimeStamp", encode=datetime.isoformat, decode=datetime.fromisoformat),
    date: Scalar(date, "%Library.Date", encode=date.isoformat, decode=date.fromisoformat, but_not=datetime),
    time: Scalar(time, "%Library.Time", encode=time.isoformat, decode=time.fromisoformat),
    UUID: Scalar(UUID, "%Library.String", encode=str, decode=UUID),
    dict: Json(dict, "%Library.DynamicObject"),
    list: Json(list, "%Library.DynamicArray"),
}


def find_member_type(kind: type) -> Member | None:
    """Return the type of an enumeration whose values are all texts, or all whole numbers; else None."""
    if not issubclass(kind, Enum):
        return None
    values = [cast("object", member.value) for member in kind]
    for value_kind in (str, int):
        if values and all(type(value) is value_kind for value in values):
            return Member(kind, SCALARS[value_kind])
    return None
