"""No body takes more than ten times its size in memory, or what complete data of its class takes."""

from __future__ import annotations

import json
import random
import sys
import tracemalloc
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, make_dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Union

import pydantic
import pytest

from iop_core.errors import SerializationError
from iop_core.json_serializer.charges import charges_of
from iop_core.json_serializer.memory import allowed_memory
from iop_core.json_serializer.nodes import iter_nodes
from iop_core.messages import Message
from iop_core.pydantic_messages import PydanticMessage

from .json_cases import Line, decode

Fifty = make_dataclass("Fifty", [(f"f{n}", str, "") for n in range(50)])
FiftyLists = make_dataclass("FiftyLists", [(f"f{n}", list, field(default_factory=list)) for n in range(50)])
Fat = make_dataclass("Fat", [("f", list, field(default_factory=lambda: [None] * 1000))])


@dataclass
class Tree(Message):
    name: str = None
    value: list[Tree] = None


@dataclass
class Choice(Message):
    value: list[Union[Choice, Line]] = None


class LineModel(pydantic.BaseModel):
    sku: str = ""
    qty: int = 0


FiftyModel = pydantic.create_model("FiftyModel", **{f"f{n}": (str, "") for n in range(50)})
ListsModel = pydantic.create_model("ListsModel", **{f"f{n}": (list, []) for n in range(50)})

DATACLASS_VALUES: dict[str, Any] = {
    "Anything": Any,
    "Ints": list[int],
    "Decimals": list[Decimal],
    "Dates": list[datetime],
    "Sets": list[set[int]],
    "Deques": list[deque[int]],
    "Paths": list[Path],
    "Fifties": list[Fifty],
    "FiftyListsEach": list[FiftyLists],
    "Fats": list[Fat],
    "Lines": list[Line],
    "Texts": dict[str, str],
    "LinesByName": dict[str, Line],
    "LinesOrFifties": list[Union[Line, Fifty]],
}
MODEL_VALUES: dict[str, Any] = {
    "IntsModel": list[int],
    "LinesModel": list[LineModel],
    "FiftiesModel": list[FiftyModel],
    "ListsModels": list[ListsModel],
    "AnyModel": Any,
    "ModelsByName": dict[str, LineModel],
}
CLASSES = {
    **{
        name: make_dataclass(name, [("value", hint, None)], bases=(Message,)) for name, hint in DATACLASS_VALUES.items()
    },
    **{
        name: pydantic.create_model(name, __base__=PydanticMessage, value=(hint, None))
        for name, hint in MODEL_VALUES.items()
    },
    "Tree": Tree,
    "Choice": Choice,
}

SPARSE = {"Decimals", "Dates", "Paths", "Fifties", "FiftiesModel"}

ITEMS = [
    "[]", "{}", "0", "300", "1.5", '""', '"x"', '"%d"', "null", "[0]", "[[[]]]", '{"a":0}', '{"a":{}}', '{"value":[]}',
    '{"sku":"a","qty":1}', '{"sku":"sku-%d","qty":%d}', '{"f1":"a"}', '{"f1":1,"f2":1,"f3":1,"f4":1,"f5":1,"f6":1}',
    '{},{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1}', "[],[1,1,1,1,1,1,1,1,1]", '"€%d"',
]  # fmt: skip
MEMBERS = ['"a":1', '"%d":1', '"%d":{}', '"%d":[0]', '"k%d":"x"', '"f%d":1']
# Valid for their model, with every field: pydantic's own notes about each are more than ten times the text.
# Models that cannot be taken apart: pydantic's tree of a text takes up to forty times as much.
WHOLE = {"AnyModel", "ModelsByName"}
COMPLETE = {("LinesModel", '{"sku":"sku-%d","qty":%d}'), ("LinesModel", '{"sku":"a","qty":1}')}


def bodies(size: int) -> Iterator[tuple[str, bytes]]:
    """Yield bodies of about that size, each of many copies of something small."""
    for unit in ITEMS + MEMBERS:
        count = max(1, size // (len(unit.replace("%d", "10000")) + 1))
        inner = ",".join(unit.replace("%d", str(number)) for number in range(10_000, 10_000 + count))
        if unit in ITEMS:
            yield unit, f'{{"value":[{inner}]}}'.encode()
        else:
            yield unit, f'{{"value":{{{inner}}}}}'.encode()
            yield f"{unit} outermost", f"{{{inner}}}".encode()
    yield "deep", b'{"value":[' * 60 + b",".join([b"{}"] * (size // 3)) + b"]}" * 60


def growth_of(message_class: type, payload: bytes) -> float:
    """Return the most memory that was taken, as a part of what is allowed."""
    tracemalloc.start()
    try:
        decode(message_class, payload)
    except SerializationError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak / allowed_memory(message_class, len(payload), natural_growth(message_class))


@cache
def natural_growth(message_class: type) -> float:
    """Return how many times its size complete data of a class may take."""
    return charges_of(list(iter_nodes(pydantic.TypeAdapter(message_class).core_schema))).growth


@pytest.mark.skipif(sys.version_info < (3, 11), reason="its dicts are larger")
def test_what_is_allowed_is_ten_times_the_size():
    assert allowed_memory(Tree, 1_000_000) == 10_000_000
    assert allowed_memory(Tree, 1) == 256 * 1024


def test_only_classes_of_dense_data_are_allowed_more():
    """Also for them it is no more than complete data takes: their fields and defaults count for nothing."""
    allowed = {name: natural_growth(message_class) for name, message_class in CLASSES.items()}
    assert {name for name, growth in allowed.items() if growth == 10} == SPARSE
    assert max(allowed.values()) <= 16


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """What is compiled for a class once is no part of a body."""
    for message_class in CLASSES.values():
        for body in [payload for _, payload in bodies(3000)]:
            try:
                decode(message_class, body)
            except SerializationError:
                pass


def cases(size: int, count: int | None) -> list[tuple[str, str, bytes]]:
    found = [
        (name, unit, payload) for unit, payload in bodies(size) for name in CLASSES if (name, unit) not in COMPLETE
    ]
    return found if count is None else random.Random(size).sample(found, count)


def require_bound(size: int, count: int | None) -> None:
    over = [
        (name, unit, growth)
        for name, unit, payload in cases(size, count)
        # A tenth is for what is on the way: the text of a part, the exception.
        if (growth := growth_of(CLASSES[name], payload)) > (5.1 if name in WHOLE else 1.1)
    ]
    assert over == []


@pytest.mark.parametrize(("size", "count"), [(1_000, 100), (49_000, 30), (800_000, 1)])
def test_some_bodies_stay_within_ten_times_their_size(size: int, count: int):
    require_bound(size, count)


@pytest.mark.slow
@pytest.mark.parametrize(("size", "count"), [(1_000, None), (49_000, None), (800_000, 20), (8_000_000, 3)])
def test_all_bodies_stay_within_ten_times_their_size(size: int, count: int | None):
    require_bound(size, count)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("Fifties", "{}"),
        ("FiftyListsEach", "{}"),
        ("FiftyListsEach", '{"f1":"a"}'),
        ("Fats", "{}"),
        ("FiftiesModel", "{}"),
        ("ListsModels", '{"f1":1,"f2":1,"f3":1,"f4":1,"f5":1,"f6":1}'),
        ("Deques", "[]"),
        ("Anything", ITEMS[18]),
        ("Lines", ITEMS[18]),
        ("Texts", '"%d":1'),
    ],
)
@pytest.mark.parametrize("size", [900, 3_000, 49_000])
def test_the_worst_bodies_stay_within_ten_times_their_size(name: str, unit: str, size: int):
    payload = dict(bodies(size))[unit]
    assert growth_of(CLASSES[name], payload) <= 1.1


def test_what_pydantic_notes_about_fields_that_were_given_is_the_only_exception():
    payload = dict(bodies(49_000))['{"sku":"sku-%d","qty":%d}']
    assert 1.1 < growth_of(CLASSES["LinesModel"], payload) < 3
    assert len(decode(CLASSES["LinesModel"], payload).value) > 1000


class OrderLine(pydantic.BaseModel):
    sku: str
    description: str
    qty: int
    price: Decimal
    delivery: datetime
    currency: str = "EUR"


class OrderModel(PydanticMessage):
    value: list[OrderLine] = []


def order_line(number: int) -> dict[str, object]:
    return {
        "sku": f"sku-{number}",
        "description": f"Blue widget number {number}, large",
        "qty": number,
        "price": "12.50",
        "delivery": "2026-11-22T10:00:00",
    }


@pytest.mark.parametrize("count", [10, 300, 3_000])
@pytest.mark.parametrize(
    ("message_class", "item"),
    [
        (OrderModel, order_line),
        (CLASSES["LinesModel"], lambda n: {"sku": f"sku-{n}", "qty": n}),
        (CLASSES["Lines"], lambda n: {"sku": f"sku-{n}", "qty": n}),
        (CLASSES["Fifties"], lambda n: {f"f{i}": f"value {n} {i}" for i in range(50)}),
        (CLASSES["FiftiesModel"], lambda n: {f"f{i}": f"value {n} {i}" for i in range(50)}),
        (CLASSES["Ints"], lambda n: n),
        (CLASSES["Anything"], lambda n: {"number": n, "price": n + 0.5}),
    ],
    ids=lambda part: part.__name__ if isinstance(part, type) else "",
)
def test_honest_messages_of_any_size_are_read(message_class: type, item: Any, count: int):
    sent = [item(number) for number in range(10_000, 10_000 + count)]
    payload = json.dumps({"value": sent}, separators=(",", ":")).encode()
    read = decode(message_class, payload).value
    assert len(read) == count
    plain = [vars(part) if hasattr(part, "__dict__") else part for part in read]
    if message_class is OrderModel:
        assert [part["sku"] for part in plain] == [part["sku"] for part in sent]
        assert {part["price"] for part in plain} == {Decimal("12.50")}
    else:
        assert plain == sent


class Basket(pydantic.BaseModel):
    lines: list[OrderLine] = []
    by_name: dict[str, OrderLine] = {}


class BasketModel(PydanticMessage):
    basket: Basket | None = None


def test_models_that_cannot_be_taken_apart_are_read_as_a_whole():
    lines = [order_line(number) for number in range(1_000)]
    basket = {"lines": lines, "by_name": {str(line["sku"]): line for line in lines}}
    read = decode(BasketModel, json.dumps({"basket": basket})).basket
    assert len(read.lines) == len(read.by_name) == 1_000
    dense = json.dumps({"basket": {"lines": [{}] * 100_000}})
    with pytest.raises(SerializationError, match="max_growth"):
        decode(BasketModel, dense)


class Tagged(pydantic.BaseModel):
    name: str = ""
    tag: str = pydantic.Field(default_factory=lambda: "made")


def test_defaults_that_functions_make_are_taken_for_small_ones():
    by_name = pydantic.create_model("ByName", __base__=PydanticMessage, value=(dict[str, Tagged], {}))
    read = decode(by_name, json.dumps({"value": {f"key {n}": {"name": f"name {n}"} for n in range(100)}}))
    assert read.value["key 99"] == Tagged(name="name 99", tag="made")


def test_a_large_model_is_read_as_a_small_one_is():
    class Marked(PydanticMessage):
        number: int
        lines: list[LineModel] = pydantic.Field(default=[], alias="theLines")
        texts: list[str] | None = None

    lines = [{"sku": f"sku-{n}", "qty": n} for n in range(2000)]
    texts = [f"text {n}" for n in range(2000)]
    read = decode(Marked, json.dumps({"number": 1, "theLines": lines, "texts": texts}))
    assert [line.model_dump() for line in read.lines] == lines
    assert read.texts == texts
    assert read.model_fields_set == {"number", "lines", "texts"}
    assert decode(Marked, json.dumps({"number": 1, "lines": lines})).lines[-1] == LineModel(sku="sku-1999", qty=1999)
    lines[1500]["qty"] = "many"
    with pytest.raises(SerializationError, match=r"Marked\.theLines\[1500\]\.qty: Input should be a valid integer"):
        decode(Marked, json.dumps({"number": 1, "theLines": lines}))
    with pytest.raises(SerializationError, match=r"Marked\.number: Field required"):
        decode(Marked, json.dumps({"theLines": lines[:1500]}))
