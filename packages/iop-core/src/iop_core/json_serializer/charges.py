"""What the values of a class take in memory, more than plain JSON data; found out once per class.

``{}`` becomes an object with a place for each of its fields, ``[]`` may become a set of 216 bytes
and ``1`` a Decimal of 104. A body of nothing else must not take a hundred times its size.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple, cast
from uuid import uuid1, uuid4

from iop_core.json_serializer.contents import Contents, dict_size
from iop_core.json_serializer.rules import Node
from iop_core.json_serializer.sizes import size_of

# The object, array, member or value of a text: in pydantic's own tree, and as plain data.
_OBJECT = 560
_DICT = dict_size(1)
_MEMBER = 112 + 57
_ARRAY = 300 + 64
_VALUE = 64 + 19 + 57
_ERROR = 300
_LEAST_TEXT: Final = {"object": 3, "array": 3, "value": 2, "member": 5}

_INSTANCE = 80
# Of a factory that we must not call to see what it makes: it may number the messages. Dataclasses of
# which much is taken are made one by one, and looked at; models are not, and most defaults are small.
_UNKNOWN_DEFAULT = 16 * 1024
_UNKNOWN_DEFAULT_OF_MODEL = 512
_KNOWN_FACTORIES: Final[dict[Callable[..., object], int]] = {
    list: 64, dict: 64, set: 224, tuple: 0, frozenset: 0, str: 0, int: 0, float: 0, bool: 0, bytes: 0, deque: 800,
    uuid1: 140, uuid4: 140, datetime.now: 64, date.today: 48,
}  # fmt: skip
_ARRAYS: Final = {"set": 224, "frozenset": 224, "deque": 800}
_VALUES: Final = {
    "decimal": 120, "datetime": 96, "date": 48, "time": 64, "timedelta": 64, "uuid": 140, "complex": 48, "url": 600,
    "multi-host-url": 900, "function-after": 400, "function-plain": 400, "function-wrap": 400, "call": 400,
    "custom-error": 0,
}  # fmt: skip


LEAST_GROWTH: Final = 10
"""The memory that a body of any class may take, as a multiple of its size."""
# What honest data takes that is as dense as can be: numbers of two digits, objects with short names.
_GROWTH_OF_PLAIN_DATA = 14
_MOST_NATURAL_GROWTH = 16
_NUMBERS = frozenset({"int", "float", "bool", "none", "any"})


class Charges(NamedTuple):
    """Bytes that parts of a text take beside what plain JSON data takes.

    Attributes:
        growth: What bodies in which every field is written out may take, as a multiple of their size.
        an_object: One object.
        an_array: One array.
        a_value: One item of an array, or one member of an object.
        records: In how many places of the type there are fields; 0 when objects can be nested without a limit.
    """

    an_object: int
    an_array: int
    a_value: int
    records: int
    growth: float = LEAST_GROWTH

    def small_size(self, room: int) -> int:
        """Return the length of the longest text that surely takes no more than so many bytes."""
        most = max(
            (_OBJECT + self._an_instance + self.a_value) / _LEAST_TEXT["object"],
            (_ARRAY + self.an_array + self.a_value) / _LEAST_TEXT["array"],
            (_VALUE + self.a_value) / _LEAST_TEXT["value"],
            (_MEMBER + _ERROR + _VALUE + self.a_value) / _LEAST_TEXT["member"],
        )
        return int(room / (most + 4))

    @property
    def _an_instance(self) -> int:
        return max(_DICT, self.an_object)

    def at_once(self, contents: Contents) -> int:
        """Return the bytes that pydantic takes at most to read such a text, or to see that it does not fit."""
        return (
            contents.tree
            + contents.parsed
            + contents.objects * max(0, self.an_object - _DICT)
            + contents.arrays * self.an_array
            + contents.values * self.a_value
            # Lists are left at the first item with an error.
            + min(contents.members, contents.most_members * (self.records or contents.members)) * _ERROR
        )

    def is_surely_small(self, payload: bytes, room: int) -> bool:
        """Return whether a text cannot take more than so many bytes; quick, and false says nothing."""
        per_byte = 2 if payload.isascii() and b"\\" not in payload else 5
        left = room - len(payload) * per_byte
        if left < 0:
            return False
        objects, arrays = payload.count(b"{"), payload.count(b"[")
        left -= objects * (_OBJECT + self._an_instance) + arrays * (_ARRAY + self.an_array)
        left -= payload.count(b":") * (_MEMBER + _ERROR)
        return left >= (payload.count(b",") + objects + arrays) * (_VALUE + 32 + self.a_value)


UNKNOWN: Final = Charges(_UNKNOWN_DEFAULT, 800, 900, 0)
"""Of a class that pydantic does not know."""


def charges_of(nodes: Sequence[Node]) -> Charges:
    """Return what the values of a type take.

    Args:
        nodes: All nodes of pydantic's core schema of the type.
    """
    an_object = an_array = a_value = records = 0
    growth: float = LEAST_GROWTH
    growth_of_outermost: float = LEAST_GROWTH
    is_recursive = False
    unknown = _UNKNOWN_DEFAULT_OF_MODEL if any(node["type"] == "model" for node in nodes) else _UNKNOWN_DEFAULT
    for node in nodes:
        kind = node["type"]
        is_recursive |= kind == "definition-ref"
        records += "fields" in node
        is_outermost = kind in ("dataclass", "model") and not an_object
        if is_outermost:
            growth_of_outermost = _natural_growth(node)  # which is there once, unless it can hold others
        else:
            growth = max(growth, _natural_growth(node))
        if kind in ("dataclass", "model"):
            an_object = max(an_object, _record_size(node, unknown))
        an_array = max(an_array, _ARRAYS.get(kind, 0))
        a_value = max(a_value, _VALUES.get(kind, 0))
    if is_recursive:
        growth = max(growth, growth_of_outermost)
    return Charges(an_object, an_array, a_value, 0 if is_recursive else 1 + records, growth)


def _natural_growth(node: Node) -> float:
    """Return what honest data of a type takes, as a multiple of its text, when it is written as densely as can be."""
    if node["type"] in ("dataclass", "model"):
        names = _fields_of(node["schema"])
        text = 3 + sum(len(name) + len('"":1.5,') for name in names)
        # A part more than the finished instances, for what they are made of.
        memory = 1.4 * (instance_size(len(names)) + 8 + 24 * len(names))
        return min(_MOST_NATURAL_GROWTH, memory / text) if names else LEAST_GROWTH
    items: Any = node.get("items_schema")  # of a tuple there is one for each item
    is_plain = node["type"] in ("any", "dict") or (isinstance(items, dict) and items["type"] in _NUMBERS)
    return _GROWTH_OF_PLAIN_DATA if is_plain else LEAST_GROWTH


def instance_size(fields: int) -> int:
    """Return the bytes of an instance of a dataclass with so many fields, made by its ``__init__``."""
    # Up to 30 names the dict of an instance shares its keys with those of other instances.
    return _INSTANCE + (64 + 8 * fields if fields <= 30 else dict_size(fields))


def _record_size(node: Node, unknown: int) -> int:
    fields = _fields_of(node["schema"])
    size = _INSTANCE + dict_size(len(fields)) + sum(_default_size(field, unknown) for field in fields.values())
    if node["type"] == "model":
        size += sys.getsizeof(set(range(len(fields)))) + 64 + 64
    return size


def _fields_of(schema: Node) -> dict[str, Node]:
    """Return the fields inside the node of a record, by name, behind any validators around them."""
    found: Any = schema
    while isinstance(found, dict):
        node = cast("Node", found)
        fields = node.get("fields")
        if isinstance(fields, dict):
            return cast("dict[str, Node]", fields)
        if isinstance(fields, list):
            return {field["name"]: field for field in cast("list[Node]", fields)}
        found = node.get("schema")
    return {}


def _default_size(field: Node, unknown: int) -> int:
    found: Any = field.get("schema")
    while isinstance(found, dict):
        node = cast("Node", found)
        if node["type"] == "default":
            if "default_factory" in node:
                return _KNOWN_FACTORIES.get(node["default_factory"], unknown)
            return size_of(node["default"]) if "default" in node else 0
        found = node.get("schema")
    return 0
