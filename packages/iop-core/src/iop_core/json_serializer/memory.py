"""How much memory a body would take, found out before it is parsed.

A few bytes of JSON become an object of many: ``[],`` of 3 bytes a list of 64. So a body may
take ``max_growth`` times its size, ten unless its class says otherwise, and a small body is
never refused. What is counted is what CPython and pydantic allocate, rounded up.
"""

from __future__ import annotations

import re
import sys
from contextvars import ContextVar
from typing import Final, NamedTuple

from iop_core.messages import MAX_GROWTH
from iop_core.refusals import Refusal

UNCHECKED: Final = 64 * 1024
"""Bodies up to this size, in bytes, are not looked at: they cannot take much."""
ALWAYS_ALLOWED: Final = 8 * 2**20
"""Memory, in bytes, that every body may take."""

ROOM: ContextVar[int] = ContextVar("room", default=ALWAYS_ALLOWED)
"""Memory, in bytes, that pydantic may take for one part of the body that is being read."""

_PIECE = 64 * 1024
# Python keeps the numbers from -5 to 256 ready; most of them have one or two digits.
# An object in an array is a small one of its own; one in a member may be a part of something large.
_CONTAINER_IN_MEMBER = re.compile(rb":\s*[\[{]")
_NEW_NUMBER = re.compile(rb"[-+.\deE]{3,}|-\d")
_LIST = 64
_PLACE_IN_LIST = 19
_DICT = sys.getsizeof({"a": 0})
_FREE_MEMBERS = 5
_MEMBER = 72
_STRING = 57
_NUMBER = 32


class Contents(NamedTuple):
    """What a JSON text holds.

    Attributes:
        values: Items of arrays and members of objects.
        arrays: Arrays.
        objects: Objects.
        members: Keys of objects.
        crowded: Of these, the ones for which a dict of the least size might have no place.
        strings: Strings and keys, those that repeat within a short distance counted once.
        text: Bytes that the characters of those strings take.
        numbers: Numbers that become objects of their own.
    """

    values: int
    arrays: int
    objects: int
    members: int
    crowded: int
    strings: int
    text: int
    numbers: int

    @property
    def as_objects(self) -> int:
        """Bytes that dicts, lists and plain values take."""
        return (
            self.arrays * _LIST
            + max(0, self.values - self.members) * _PLACE_IN_LIST
            + self.objects * _DICT
            + self.crowded * _MEMBER
            + self.strings * _STRING
            + self.text
            + self.numbers * _NUMBER
        )

    @property
    def at_once(self) -> int:
        """Bytes that pydantic takes to make instances of it: its own tree, and what it keeps of them."""
        return 3 * self.as_objects // 2 + self.values * 40 + self.objects * 300 + self.members * 60

    def with_errors(self) -> int:
        """Return the bytes that pydantic takes when no key is one that it knows."""
        return self.at_once + self.members * 300


def contents_of(payload: bytes) -> Contents:
    """Count what is in a text; one that is no JSON gives some numbers as well."""
    if b"\\" in payload:
        # Without escapes every quote begins or ends a string.
        payload = payload.replace(b"\\\\", b"").replace(b'\\"', b"")
    text_factor = 1 if payload.isascii() and b"\\u" not in payload else 4
    is_inside, counts = False, [0] * len(Contents._fields)
    for start in range(0, len(payload), _PIECE):
        parts = payload[start : start + _PIECE].split(b'"')
        outside = b'"'.join(parts[is_inside::2])
        strings = set(parts[not is_inside :: 2])
        is_inside ^= len(parts) % 2 == 0
        arrays, objects, members = outside.count(b"["), outside.count(b"{"), outside.count(b":")
        nested = len(_CONTAINER_IN_MEMBER.findall(outside))
        found = (
            outside.count(b",") + arrays + objects,
            arrays,
            objects,
            members,
            nested + max(0, members - nested - max(0, objects - nested) * _FREE_MEMBERS),
            len(strings),
            sum(map(len, strings)) * text_factor,
            len(_NEW_NUMBER.findall(outside)),
        )
        counts = [total + more for total, more in zip(counts, found, strict=True)]
    return Contents(*counts)


def allowed_memory(message_class: type, size: int) -> int:
    """Return how many bytes of memory a body of that class and size may take."""
    return max(ALWAYS_ALLOWED, size * getattr(message_class, MAX_GROWTH, 10))


def is_surely_small(payload: bytes, allowed: int) -> bool:
    """Return whether a body cannot take more than is allowed; quick, and false says nothing."""
    if len(payload) <= UNCHECKED:
        return True
    marks = sum(map(payload.count, (b",", b"[", b"{", b":")))
    return marks * 900 + len(payload) * 8 <= allowed


def too_much(message_class: type, payload: bytes, contents: Contents, needed: int) -> Refusal:
    """Return the refusal of a body that would take more memory than is allowed."""
    size, values = len(payload), contents.values
    growth = -(-needed // size)
    allowed = allowed_memory(message_class, size)
    return Refusal(
        f"its {size:,} bytes hold about {values:,} values and would take about {needed // 2**20:,} MiB of memory; "
        f"allowed are {allowed // 2**20:,} MiB. If messages are meant to be like that, "
        f"declare 'class {message_class.__name__}(..., max_growth={growth})'",
        is_fatal=True,
    )
