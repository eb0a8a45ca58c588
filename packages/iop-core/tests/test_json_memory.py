"""Hostile bodies take no more than ten times their size in memory; honest large ones are read."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

import pydantic
import pytest

from iop_core.errors import SerializationError
from iop_core.json_serializer.memory import ALWAYS_ALLOWED
from iop_core.messages import Message
from iop_core.pydantic_messages import PydanticMessage

from .json_cases import Line, decode


@dataclass
class Anything(Message):
    value: Any = None


@dataclass
class Ints(Message):
    value: list[int] = None


@dataclass
class Lines(Message):
    value: list[Line] = None


@dataclass
class Texts(Message):
    value: dict[str, str] = None


class Model(PydanticMessage):
    value: list[int] = []


class Closed(pydantic.BaseModel, extra="forbid"):
    value: Any = None


CLASSES = [Anything, Ints, Lines, Texts, Model, Closed]
# What a body of a class of dense data may take at most, as a multiple of its size.
GROWTH = 16
TINY = ["[]", "{}", "0", "300", "1.5", '""', '"x"', "null", "true", "[0]", '{"a":0}', '{"a":{}}', '{"sku":"a","qty":1}']
MEMBER = ['"a":1', '"value":[]', '"%d":1', '"%d":{}', '"%d":[0]', '"k%d":"x"', '"__class__":{}', '"_iris_id":"9"']


def body_of(unit: str, size: int, *, is_object: bool, at_top: bool) -> bytes:
    """Return a body of about that size, made of many copies of one piece."""
    units = [unit % n if "%" in unit else unit for n in range(size // (len(unit) + 1))]
    inner = ",".join(units)
    if at_top:
        return f"{{{inner}}}".encode()
    return (f'{{"value":{{{inner}}}}}' if is_object else f'{{"value":[{inner}]}}').encode()


def peak_of(message_class: type, payload: bytes) -> int:
    """Return the most memory that was taken while the body was read."""
    try:
        decode(message_class, b"{}")
    except SerializationError:
        pass
    tracemalloc.start()
    try:
        decode(message_class, payload)
    except SerializationError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


@pytest.mark.parametrize(
    ("message_class", "unit"),
    [
        (Anything, "[]"),
        (Ints, "0"),
        (Lines, '{"sku":"a","qty":1}'),
        (Texts, '{"a":{}}'),
        (Model, '"x"'),
        (Closed, "[0]"),
    ],
    ids=lambda part: part if isinstance(part, str) else part.__name__,
)
def test_a_dense_body_stays_within_its_bound(message_class: type, unit: str):
    payload = body_of(unit, 1_000_000, is_object=False, at_top=False)
    assert peak_of(message_class, payload) <= max(GROWTH * len(payload), ALWAYS_ALLOWED) + 2**20


@pytest.mark.slow
@pytest.mark.parametrize("message_class", CLASSES, ids=lambda c: c.__name__)
def test_all_dense_bodies_stay_within_their_bound(message_class: type):
    size = 1_000_000
    bodies = [body_of(unit, size, is_object=False, at_top=False) for unit in TINY]
    bodies += [body_of(unit, size, is_object=True, at_top=at_top) for unit in MEMBER for at_top in (False, True)]
    for payload in bodies:
        peak = peak_of(message_class, payload)
        assert peak <= max(GROWTH * len(payload), ALWAYS_ALLOWED) + 2**20, (payload[:60], peak / len(payload))


PEAK = """
import pathlib, re, resource, sys

def peak():
    status = pathlib.Path("/proc/self/status")
    if status.exists():  # ru_maxrss of Linux is also that of the process before exec: of pytest
        return int(re.search(r"VmHWM:\\s*(\\d+)", status.read_text()).group(1)) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
"""
CHILD = """
from dataclasses import dataclass
from typing import Any
from iop_core.errors import SerializationError
from iop_core.json_serializer import JsonSerializer
from iop_core.messages import Message

@dataclass
class Anything(Message):
    value: Any = None

@dataclass
class Ints(Message):
    value: list[int] = None

payload = sys.stdin.buffer.read()
before = peak()
for message_class in (Anything, Ints):
    codec = JsonSerializer().codec_for(message_class)
    codec.decode(b'{"value":["x"]}')
    before = max(before, peak())
    try:
        codec.decode(payload)
    except SerializationError:
        pass
print(peak() - before)
"""


@pytest.mark.parametrize("unit", ["[]", "0", '{"a":{}}'])
def test_the_process_stays_within_the_bound_too(unit: str):
    payload = body_of(unit, 4_000_000, is_object=False, at_top=False)
    done = subprocess.run([sys.executable, "-c", PEAK + CHILD], input=payload, capture_output=True, check=True)
    assert int(done.stdout) <= GROWTH * len(payload) + ALWAYS_ALLOWED


NESTED = """
from dataclasses import dataclass
from typing import Union
from iop_core.errors import SerializationError
from iop_core.json_serializer import JsonSerializer
from iop_core.messages import Message
from iop_core.pydantic_messages import PydanticMessage

@dataclass
class Leaf:
    size: int = 0

@dataclass
class Tree(Message):
    name: str
    size: int
    inner: list["Tree"] = None

@dataclass
class Choice(Message):
    inner: list[Union["Choice", Leaf]] = None

class TreeModel(PydanticMessage):
    name: str
    size: int
    inner: list["TreeModel"] = []

codec = JsonSerializer().codec_for(globals()[sys.argv[1]])
def attempt(payload):
    try:
        codec.decode(payload)
    except SerializationError:
        pass
attempt(b'{"inner":[{"zz":["x"]}]}')
before = peak()
attempt(b'{"inner":[' * 60 + b'{"zz":[' + b",".join([b"[0]"] * 2000) + b"]}" + b"]}" * 60)
print(peak() - before)
"""


@pytest.mark.parametrize("message_class", ["Tree", "Choice", "TreeModel"])
def test_objects_inside_each_other_are_not_copied_for_every_level(message_class: str):
    done = subprocess.run([sys.executable, "-c", PEAK + NESTED, message_class], capture_output=True, check=True)
    assert int(done.stdout) <= ALWAYS_ALLOWED + 2**20  # beside the body: what is loaded at its first use


@pytest.mark.parametrize(
    ("message_class", "value"),
    [
        (Ints, list(range(100_000, 220_000))),
        (Ints, [1, 0] * 250_000),
        (Lines, [{"sku": f"article number {n}", "qty": n} for n in range(30_000)]),
        (Anything, [{"sku": f"article number {n}", "qty": n} for n in range(30_000)]),
        (Texts, {"report": "1,2,[3],{4}\n" * 200_000}),
        (Anything, '"quoted", \\ and : more' * 100_000),
    ],
    ids=lambda part: part.__name__ if isinstance(part, type) else "value",
)
def test_an_honest_large_body_is_read(message_class: type, value: Any):
    payload = json.dumps({"value": value}, separators=(",", ":")).encode()
    read = decode(message_class, payload).value
    assert read == ([Line(**part) for part in value] if message_class is Lines else value)
    assert peak_of(message_class, payload) <= max(GROWTH * len(payload), ALWAYS_ALLOWED) + 2**20


def test_a_dense_body_is_refused_with_numbers_and_the_way_out():
    payload = body_of("[]", 1_000_000, is_object=False, at_top=False)
    with pytest.raises(SerializationError) as caught:
        decode(Anything, payload)
    text = str(caught.value)
    assert "Anything: its 1,000,010 bytes hold about 666,667 values, which take more memory than the " in text
    assert "declare 'class Anything(..., max_growth=" in text

    growth = int(text.rsplit("max_growth=", 1)[1].rstrip(")'"))

    @dataclass
    class Dense(Message, max_growth=growth):
        value: list[Any] = None

    assert len(decode(Dense, payload).value) == payload.count(b"[]")

    class DenseModel(PydanticMessage, max_growth=200):
        value: list[Any] = []

    assert len(decode(DenseModel, payload).value) == payload.count(b"[]")
    with pytest.raises(SerializationError, match="max_growth"):
        decode(Model, payload)


def test_a_bad_item_of_a_large_list_leaves_the_others_as_they_are():
    items = [*range(1000, 101_000)]
    items[70_000] = "many"
    read = decode(Ints, json.dumps({"value": items}))
    assert read.value == items
    lines: list[Any] = [{"sku": f"number {n}", "qty": str(n)} for n in range(50_000)]
    lines[40_000] = 5
    read = decode(Lines, json.dumps({"value": lines}))
    assert read.value[40_000] == 5
    assert read.value[40_001] == Line("number 40001", 40_001)


def test_too_many_unknown_keys_are_refused():
    payload = json.dumps({f"key {n}": n for n in range(10_001)})
    with pytest.raises(SerializationError, match="more than 10,000 unknown keys; declare a dict"):
        decode(Anything, payload)


@dataclass
class Point:
    x: float
    y: float


class PointModel(PydanticMessage):
    x: float
    y: float


@dataclass
class Points(Message):
    value: list[Point]


class Unit(Enum):
    KILOGRAM = "kg"


@dataclass
class Sample:
    at: datetime
    value: float
    unit: Unit


@dataclass
class Samples(Message):
    value: list[Sample]


class PointModels(PydanticMessage):
    value: list[PointModel]


@pytest.mark.parametrize(
    ("message_class", "unit", "count"),
    [
        (Ints, "10", 100_000),
        (Anything, "1.5", 100_000),
        (Anything, '{"a":1,"b":"c"}', 30_000),
        (Points, '{"x":1.5,"y":2.5}', 30_000),
        (Samples, '{"at":"2026-01-01T00:00:00","value":1.5,"unit":"kg"}', 30_000),
        (PointModels, '{"x":1.5,"y":2.5}', 30_000),
    ],
    ids=lambda part: part.__name__ if isinstance(part, type) else str(part),
)
def test_complete_data_is_read_however_dense_it_is(message_class: type, unit: str, count: int):
    """Whoever sends a long list of small things need not declare anything."""
    payload = f'{{"value":[{",".join([unit] * count)}]}}'.encode()
    assert len(decode(message_class, payload).value) == count
