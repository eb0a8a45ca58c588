"""Generated messages come back equal; generated and hostile bodies do no harm."""

# ruff: noqa: UP035 - users write the old spellings of types as well
from __future__ import annotations

import json
import sys
from dataclasses import field, make_dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, Dict, List, Optional, Tuple
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from iop_core.errors import SerializationError
from iop_core.messages import Message

from .json_cases import (
    Color,
    Frozen,
    Level,
    Loose,
    Node,
    Order,
    Place,
    Report,
    Simple,
    Slotted,
    Strict,
    again,
    decode,
    encode,
)

# Not named zones: in a repeated hour Python calls no two moments of different zones equal.
OFFSETS = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)


SCALARS: dict[object, st.SearchStrategy[Any]] = {
    int: st.integers(),
    str: st.text(),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
    bytes: st.binary() | st.binary().map(lambda tail: b"base64:" + tail),
    date: st.dates(),
    datetime: st.datetimes(timezones=st.none() | OFFSETS),
    time: st.times(),
    timedelta: st.timedeltas(),
    Decimal: st.decimals(allow_nan=False),
    UUID: st.uuids(),
    Color: st.sampled_from(Color),
    Level: st.sampled_from(Level),
    complex: st.complex_numbers(allow_nan=False, allow_infinity=False),
}


def containers(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return pairs of annotation and strategy, built on such pairs."""
    return (
        children.map(lambda pair: (List[pair[0]], st.lists(st.none() | pair[1], max_size=3)))
        | children.map(lambda pair: (Optional[pair[0]], st.none() | pair[1]))
        | children.map(lambda pair: (Tuple[pair[0], ...], st.lists(pair[1], max_size=3).map(tuple)))
        | children.map(lambda pair: (Dict[str, pair[0]], st.dictionaries(st.text(), pair[1], max_size=3)))
        | st.tuples(children, children).map(as_record)
    )


def as_record(pairs: Any) -> tuple[type, st.SearchStrategy[Any]]:
    (first, firsts), (second, seconds) = pairs
    record = make_dataclass("Record", [("a", first), ("b", second, field(default=None))])
    return record, st.builds(record, firsts, st.none() | seconds)


PAIRS = st.recursive(st.sampled_from(list(SCALARS.items())), containers, max_leaves=4)


@given(st.data(), st.lists(PAIRS, min_size=1, max_size=3), st.booleans())
def test_every_message_comes_back_equal(data: st.DataObject, pairs: list[Any], has_extra: bool):
    fields = [(f"f{n}", hint, field(default=None)) for n, (hint, _) in enumerate(pairs)]
    message = make_dataclass("Generated", fields, bases=(Message,))(*(data.draw(values) for _, values in pairs))
    if has_extra:
        message.extra = [1, {"x": None}]
    try:
        payload = encode(message)
    except SerializationError as exc:
        assume("out of range in UTC" not in str(exc))
        raise
    json.loads(payload, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    read = decode(type(message), payload)
    assert read == message
    assert vars(read) == vars(message)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=4), children, max_size=4),
    max_leaves=8,
)


KEYS = st.sampled_from(["lines", "by_name", "one", "maybe", "pair", "several", "grid", "sku", "__class__", "_iris_id"])


@given(st.dictionaries(KEYS | st.text(max_size=5), JSON_VALUES, max_size=6))
def test_any_object_is_read_or_refused_and_what_is_read_can_be_written(body: dict[str, Any]):
    payload = json.dumps(body).encode()
    for message_class in (Order, Strict, Report, Frozen, Slotted, Node):
        try:
            message = decode(message_class, payload)
        except SerializationError:
            continue
        assert type(message) is message_class
        if message_class is not Report:  # a model reads what it would refuse to write: None in a Line
            assert type(again(message)) is message_class


@given(st.binary(max_size=60) | st.text('{}[]":,ab019.-eE\\uNaInfity nul', max_size=60).map(str.encode))
def test_any_bytes_give_a_message_or_a_serialization_error(payload: bytes):
    for message_class in (Order, Strict, Report, Simple):
        try:
            assert type(decode(message_class, payload)) is message_class
        except SerializationError:
            pass


HOSTILE = [
    b"",
    b"null",
    b"[]",
    b'"x"',
    b"{",
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b'{"value":' + b"[" * 100_000,
    b'{"value":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"value":' * 100_000,
    b'{"value":' + b"1" * 100_000 + b"}",
    b'{"value":"\\ud800"}',
    b'{"value":1e999999999}',
    b'{"\\ud800":1}',
]


@pytest.mark.parametrize("payload", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("message_class", [Loose, Node, Order, Strict, Report, Place], ids=lambda c: c.__name__)
def test_hostile_bodies_end_in_a_message_or_a_serialization_error(message_class: type, payload: bytes):
    try:
        assert type(decode(message_class, payload)) is message_class
    except SerializationError as exc:
        text = str(exc)
        assert message_class.__name__ in text
        assert len(text) < 1000


def test_decoding_imports_nothing():
    before = set(sys.modules)
    decode(Loose, '{"value":{"__reduce__":["os.system"],"py/object":"antigravity.x","@class":"antigravity"}}')
    assert "antigravity" not in set(sys.modules) - before
