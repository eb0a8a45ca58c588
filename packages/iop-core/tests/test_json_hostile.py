"""Ten thousand hostile bodies: a message or a SerializationError, no import, no more memory than ten times."""

from __future__ import annotations

import json
import random
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, make_dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Union

import pydantic
import pytest

from iop_core.errors import SerializationError
from iop_core.json_serializer.memory import allowed_memory
from iop_core.messages import Message
from iop_core.pydantic_messages import PydanticMessage

from .json_cases import Frozen, Line, Node, Order, Report, Simple, Slotted, Strict, decode

Fifty = make_dataclass("Fifty", [(f"f{n}", list, field(default_factory=list)) for n in range(50)])


@dataclass
class Anything(Message):
    value: Any = None


@dataclass
class Many(Message):
    value: list[Union[Fifty, Line]] = None
    when: list[datetime] = None
    amounts: dict[str, Decimal] = None


@dataclass
class Choice(Message):
    value: list[Union[Choice, Many]] = None


class LinesModel(PydanticMessage):
    value: list[Line] = []
    amounts: dict[str, Decimal] = {}


class Closed(pydantic.BaseModel, extra="forbid"):
    value: Any = None


CLASSES = [
    *(Anything, Many, Choice, LinesModel, Closed),
    *(Frozen, Node, Order, Report, Simple, Slotted, Strict),
]
KEYS = [
    *("value", "when", "amounts", "lines", "line", "children", "a", "integer", "by_name", "title", "place", "extra"),
    *("py/object", "__class__", "__init__", "__dict__", "__reduce__", "__module__", "_iris_id", "get_iris_id"),
    *("__pydantic_fields_set__", "__pydantic_extra__", "model_config", "_stored_id", "", "\x00", "$type"),
]
HONEST = {
    "integer": 1, "string": "a", "value": [{"sku": "a", "qty": 1}], "lines": [{"sku": "b", "qty": 2}],
    "children": [{"name": "c"}], "when": ["2026-11-22T10:00:00"], "amounts": {"a": "1.5"}, "place": {"theTown": "d"},
}  # fmt: skip
WRONG = [
    *([], {}, [[]], [{}], "x", "", 5, -1.5, None, True, 10**30, [None], [[1]], {"a": {"a": None}}),
    *({"$type": "antigravity"}, {"py/object": "antigravity"}, "antigravity.fly", ["2026-13-45T99:00"], "NaN"),
]


def honest(chance: random.Random) -> bytes:
    size = chance.choice([1, 1, 5, 5, 100])
    body = {key: value * size if isinstance(value, list) else value for key, value in HONEST.items()}
    return json.dumps({key: body[key] for key in chance.sample(list(body), chance.randrange(1, len(body)))}).encode()


def truncated(chance: random.Random) -> bytes:
    body = honest(chance)
    return body[: chance.randrange(len(body))]


def deep(chance: random.Random) -> bytes:
    key, depth = chance.choice(KEYS[:8]), chance.choice([10, 10, 199, 200, 201, 400, 5000])
    start, end = chance.choice([("[", "]"), (f'{{"{key}":', "}"), (f'[{{"{key}":', "}]"), (f'{{"{key}":[', "]}")])
    return f'{{"{key}":{start * depth}1{end * chance.choice([depth, depth, 0])}}}'.encode()


def huge(chance: random.Random) -> bytes:
    key, size = chance.choice(KEYS[:8]), chance.choice([300] * 12 + [3_000] * 3 + [15_000])
    part = chance.choice(['{"sku":"a"}', "{}", "[]", "0", "1.5", '""', '{"value":[]}', '{"when":[1]}', "null"])
    return f'{{"{key}":[{",".join([part] * (size // len(part)))}]}}'.encode()


def huge_number(chance: random.Random) -> bytes:
    digits = "1" * chance.choice([30, 4300, 4301, 9000])
    number = chance.choice([digits, "-" + digits, f"1e{digits[:9]}", f"0.{digits}"])
    return f'{{"{chance.choice(KEYS[:8])}":{number}}}'.encode()


def wrong_type(chance: random.Random) -> bytes:
    return json.dumps({key: chance.choice(WRONG) for key in chance.sample(KEYS[:12], 5)}).encode()


def double_keys(chance: random.Random) -> bytes:
    key = json.dumps(chance.choice(KEYS))
    parts = [f"{key}:{json.dumps(chance.choice(WRONG))}" for _ in range(chance.choice([2, 3, 2, 3, 300]))]
    return "{{{}}}".format(",".join(parts)).encode()


def dunder_keys(chance: random.Random) -> bytes:
    inner = {key: chance.choice(WRONG) for key in chance.sample(KEYS[12:], 6)}
    return json.dumps({**inner, chance.choice(KEYS[:8]): chance.choice([inner, [inner], {"a": inner}])}).encode()


def no_json(chance: random.Random) -> bytes:
    part = chance.choice(
        [b"1e999", b"NaN", b'"\\ud800"', b"tru", b"\xff", b"-", b"[,]", b'"\xc3', b"//", b"'a'", b"\x00"]
    )
    return chance.choice([b"", b"\xef\xbb\xbf", b"[1]"]) + b'{"value":' + part + b"}"


KINDS: list[Callable[[random.Random], bytes]] = [
    *(truncated, deep, huge, huge_number, wrong_type, double_keys, dunder_keys, no_json, honest),
]


def outcome_of(message_class: type, payload: bytes) -> str:
    """Return what became of a body; fails on anything but a message and a SerializationError."""
    try:
        message = decode(message_class, payload)
    except SerializationError as exc:
        return "refused" if len(str(exc)) < 2000 else "refused at length"
    assert type(message) is message_class
    # The id, methods and the class itself are never taken from a body.
    assert callable(getattr(message, "get_iris_id", len))
    assert getattr(message, "_stored_id", None) is None
    return "read"


@pytest.mark.filterwarnings("ignore")
def test_ten_thousand_hostile_bodies_do_no_harm():
    chance, outcomes = random.Random(1), Counter[tuple[str, str]]()
    for message_class in CLASSES:  # what is compiled and imported once per class is no part of a body
        for kind in KINDS * 20:
            outcome_of(message_class, kind(chance))
    modules, greediest = set(sys.modules), (0.0, "", b"")
    for number in range(10_000):
        kind = KINDS[number % len(KINDS)]
        payload, message_class = kind(chance), chance.choice(CLASSES)
        if number % 5:  # being watched takes three times as long
            outcome = outcome_of(message_class, payload)
        else:
            tracemalloc.start()
            outcome = outcome_of(message_class, payload)
            taken = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            greediest = max(
                greediest, (taken / allowed_memory(message_class, len(payload)), message_class.__name__, payload[:100])
            )
        outcomes[kind.__name__, outcome] += 1
    assert set(sys.modules) - modules == set()
    assert "antigravity" not in sys.modules
    assert greediest[0] <= 1.1, greediest
    assert outcomes.total() == 10_000
    # Hostile enough: bodies of each kind were refused; and not senseless: of most kinds some were read.
    assert {name for (name, outcome) in outcomes if outcome == "refused"} == {kind.__name__ for kind in KINDS}
    assert len({name for (name, outcome) in outcomes if outcome == "read"}) >= len(KINDS) - 1
