"""What a JSON text holds, found out before it is parsed, and what that takes as Python objects.

What is counted is what CPython and pydantic allocate, rounded up.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Final, NamedTuple

from pydantic_core import from_json

# Pieces are looked at one by one: the parts of a large text would take more than the text itself.
_PIECE = 2 * 1024
# Texts met before; as many as the keys of any class.
_MOST_KNOWN = 512
# The parser keeps one object for equal texts shorter than this; older versions not for single letters.
_SHARED_BELOW = 64
_FIRST, _SECOND = from_json(b'["a","a"]')
_SHARED_FROM = 0 if _FIRST is _SECOND else 2
# Python keeps the numbers from -5 to 256 ready; most of them have one or two digits.
_NEW_NUMBER = re.compile(rb"[-+.\deE]{3,}|-\d")
_SPACES = b" \t\r\n"
_MARKS = bytes(set(range(256)) - set(b"[]{},"))
_NO_BRACES = bytes(set(range(256)) - set(b"{}"))
_LIST = 64
_PLACE_IN_SHORT_LIST = 8
_PLACE_IN_LIST = 19
_SHORT_LIST = 8
_STRING = 57
_WIDE_STRING = 80
_NUMBER = 32
_DEEPEST = 250
# Of pydantic's tree: places for eight parts are there from the beginning.
_INLINE = 8
_TREE_EMPTY = 140
_TREE_ARRAY = 300
_TREE_OBJECT = 560
_TREE_ITEM = 64
_TREE_MEMBER = 112


def _sizes_of_growing_dict() -> list[int]:
    growing: dict[str, None] = {}
    sizes = [sys.getsizeof(growing)]
    for number in range(_LARGE_DICT):
        growing[str(number)] = None
        sizes.append(sys.getsizeof(growing))
    return sizes


_LARGE_DICT = 700
_DICT_SIZES: Final = _sizes_of_growing_dict()
# The index of a large one has wider places, and while it grows the former half of it is still there.
_PLACE_IN_LARGE_DICT = 3 * (-(-_DICT_SIZES[-1] // 2048) + 2) // 2


def dict_size(members: int) -> int:
    """Return the bytes that a dict takes to which so many text keys were added one by one."""
    if members <= _LARGE_DICT:
        return _DICT_SIZES[members]
    # Two thirds of the places are used at most, and their number is a power of two.
    return _PLACE_IN_LARGE_DICT << (members * 3 // 2).bit_length()


class Contents(NamedTuple):
    """What a JSON text holds.

    Attributes:
        values: Items of arrays and members of objects.
        arrays: Arrays.
        objects: Objects.
        members: Keys of objects.
        most_members: Of one object.
        parsed: Bytes that dicts, lists and plain values take.
        tree: Bytes of the tree that pydantic makes of it first.
    """

    values: int
    arrays: int
    objects: int
    members: int
    most_members: int
    parsed: int
    tree: int


def contents_of(payload: bytes, limit: int | None = None) -> Contents:
    """Count what is in a text; one that is no JSON gives some numbers as well.

    Args:
        payload: JSON text.
        limit: In bytes; a text of which the parsed values take more is not looked at to its end.
    """
    values = arrays = objects = members = most_members = parsed = tree = 0
    commas, around = 0, list[int]()

    def close(items: int, *, is_array: bool) -> None:
        nonlocal parsed, tree, members, most_members
        if is_array:
            parsed += _list_size(items)
            tree += _TREE_ARRAY + (items * _TREE_ITEM if items > _INLINE else 0)
        else:
            parsed += dict_size(items)
            tree += _TREE_OBJECT + (items * _TREE_MEMBER if items > _INLINE else 0)
            members += items
            most_members = max(items, most_members)

    known = set[bytes]()
    for outside, strings in _pieces(payload):
        parsed += _texts_size(strings, known) + len(_NEW_NUMBER.findall(outside)) * _NUMBER
        # An empty array or object has no comma either, but holds nothing.
        packed = outside.translate(None, _SPACES)
        empty_arrays, empty_objects = packed.count(b"[]"), packed.count(b"{}")
        arrays += outside.count(b"[")
        objects += outside.count(b"{")
        values += outside.count(b",")
        parsed += empty_arrays * _LIST + empty_objects * _DICT_SIZES[0]
        tree += empty_arrays * _TREE_EMPTY + empty_objects * _TREE_EMPTY
        for mark in packed.replace(b"[]", b"").replace(b"{}", b"").translate(None, _MARKS):
            if mark == 44:  # ,
                commas += 1
            elif mark == 91 or mark == 123:  # [ {
                around.append(commas)
                commas = 0
            else:  # ] }
                close(commas + 1, is_array=mark == 93)
                commas = around.pop() if around else 0
        # The parser stops at a depth of 200.
        if (limit is not None and parsed + commas * _PLACE_IN_SHORT_LIST > limit) or len(around) > _DEEPEST:
            break
    for each in (commas, *around):
        close(each + 1, is_array=True)
    return Contents(values + arrays + objects, arrays, objects, members, most_members, parsed, tree)


def depth_of(payload: bytes) -> int:
    """Return how many objects are inside each other, at most."""
    deepest = depth = 0
    for outside, _ in _pieces(payload):
        for mark in outside.translate(None, _NO_BRACES):
            depth += 1 if mark == 123 else -1
            deepest = max(deepest, depth)
    return deepest


def _list_size(items: int) -> int:
    return _LIST + items * (_PLACE_IN_SHORT_LIST if items <= _SHORT_LIST else _PLACE_IN_LIST)


def _pieces(payload: bytes) -> Iterator[tuple[bytes, list[bytes]]]:
    """Yield, piece by piece, the text outside of strings, each of them replaced by a quote, and the strings."""
    if b"\\" in payload:
        # Without escapes every quote begins or ends a string.
        payload = payload.replace(b"\\\\", b"").replace(b'\\"', b"")
    is_inside = False
    for start in range(0, len(payload), _PIECE):
        parts = payload[start : start + _PIECE].split(b'"')
        yield b'"'.join(parts[is_inside::2]), parts[not is_inside :: 2]
        is_inside ^= len(parts) % 2 == 0


def _texts_size(strings: list[bytes], known: set[bytes]) -> int:
    """Return the bytes of texts, of which equal ones are one object.

    Args:
        strings: As they stand in JSON.
        known: Texts that were counted before; some are added.
    """
    long = [each for each in strings if not _SHARED_FROM <= len(each) < _SHARED_BELOW]
    new = {each for each in strings if _SHARED_FROM <= len(each) < _SHARED_BELOW} - known
    if len(known) < _MOST_KNOWN:
        known |= new
    counted = [*long, *new]
    joined = b"".join(counted)
    if joined.isascii() and b"\\" not in joined:
        return len(counted) * _STRING + len(joined)
    return len(counted) * _STRING + sum(
        len(each) if each.isascii() and b"\\" not in each else _WIDE_STRING - _STRING + 4 * len(each)
        for each in counted
    )
