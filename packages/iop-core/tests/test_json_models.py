"""Pydantic models as JSON: strict to the model, and readable whenever they were written."""

# ruff: noqa: UP035 - users write the old spellings of types as well
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from math import isnan, nan
from typing import List
from uuid import UUID

import pydantic
import pytest

from iop_core.errors import SerializationError
from iop_core.messages import Message, set_iris_id
from iop_core.pydantic_messages import PydanticMessage

from .json_cases import SERIALIZER, Color, Line, Place, Report, again, decode, encode, typed


@pytest.mark.parametrize("extra", ["ignore", "allow", "forbid"])
def test_a_model_neither_writes_nor_reads_the_id(extra: str):
    class Open(PydanticMessage, extra=extra):
        a: int = 0

    read = decode(Open, '{"a":1,"_iris_id":"999"}')
    assert read == Open(a=1)
    assert read.get_iris_id() is None
    set_iris_id(read, "17")
    assert encode(read) == b'{"a":1}'


def test_pydantic_messages_come_back():
    report = Report(title="é", score=1.5, place=Place(theTown="Rome", founded=date(2024, 1, 1)), lines=[Line("a", 1)])
    assert again(report) == report
    assert again(Report()) == Report()
    assert encode(Report()) == b'{"title":null,"score":null,"place":null,"lines":[],"data":""}'
    assert isnan(again(Report(score=nan)).score)


def test_plain_models_are_messages_and_aliases_can_be_read():
    place = Place(theTown="Rome")
    assert encode(place) == b'{"town":"Rome","founded":null}'
    assert again(place) == place
    assert decode(Place, '{"theTown":"Rome"}') == place


def test_crossed_aliases_are_not_mixed_up():
    class Crossed(pydantic.BaseModel):
        a: int = pydantic.Field(alias="b")
        b: int = pydantic.Field(alias="a")

    assert again(Crossed(b=1, a=2)) == Crossed(b=1, a=2)


def test_computed_fields_and_forbidden_extras_do_not_prevent_reading():
    class Box(PydanticMessage, extra="forbid"):
        side: int

        @pydantic.computed_field
        @property
        def area(self) -> int:
            return self.side**2

    assert again(Box(side=2)) == Box(side=2)


def test_pydantic_is_strict_to_the_model():
    with pytest.raises(SerializationError, match=r"Report\.place\.founded: ") as caught:
        decode(Report, '{"place":{"town":"x","founded":"never"}}')
    assert isinstance(caught.value.__cause__, pydantic.ValidationError)
    with pytest.raises(SerializationError, match=r"Place\.theTown: Field required"):
        decode(Place, "{}")
    assert not hasattr(decode(Report, '{"unknown":1}'), "unknown")


def test_a_model_that_could_not_be_read_back_is_refused_when_written():
    report = Report()
    report.title = 5
    with pytest.raises(SerializationError, match=r"Report: cannot be kept"):
        encode(report)
    with pytest.raises(SerializationError, match="ser_json_bytes"):
        encode(Report(data=b"\xff"))

    class Lossy(pydantic.BaseModel):
        value: float

    with pytest.raises(SerializationError, match=r"Lossy\.value"):
        encode(Lossy(value=nan))


def test_crossed_aliases_inside_a_dataclass_are_not_mixed_up():
    class Crossed(pydantic.BaseModel):
        a: int = pydantic.Field(alias="b")
        b: int = pydantic.Field(alias="a")

    message = typed(List[Crossed])([Crossed(b=1, a=2)])
    assert again(message) == message
    message.extra = 1
    assert again(message) == message


def test_none_that_a_model_would_not_take_back_is_refused_when_written():
    report = Report(lines=[Line("a", 1)])
    report.lines[0].qty = None
    with pytest.raises(SerializationError, match=r"Report\.lines\[0\]\.qty: is None or NaN"):
        encode(report)


def test_models_and_dataclasses_inside_each_other():
    @dataclass
    class Trip(Message):
        start: Place = None
        stops: List[Place] = field(default_factory=list)

    trip = Trip(Place(theTown="Rome"), [Place(theTown="Bari")])
    assert again(trip) == trip
    trip.extra = 1
    assert again(trip) == trip
    assert decode(Trip, '{"start":{"x":1}}').start == {"x": 1}


def test_fields_may_be_named_like_the_parts_of_a_schema():
    class Named(PydanticMessage):
        type: str
        schema_: list[int] = []
        default: list[int] = []
        fields: dict[str, int] = {}
        cls: bytes = b""

    sent = Named(type="list", schema_=[1], default=[2], fields={"type": 3}, cls=b"a")
    assert again(sent) == sent
    assert again(typed(List[Named])([sent])).value == [sent]
    with pytest.raises(SerializationError, match=r"Named\.type: Field required"):
        decode(Named, "{}")


class Branch(PydanticMessage):
    name: str
    size: int
    inner: List[Branch] = []


@pytest.mark.parametrize("depth", [1, 40])
def test_what_is_missing_deep_inside_is_told_however_large_the_body_is(depth: int):
    body = '{"name":"a","size":1,"inner":[' * depth + '{"name":"b","x":[' + "[0]," * 100 + "0]}" + "]}" * depth
    with pytest.raises(
        SerializationError, match=r"Branch" + r"\.inner\[0\]" * depth + r"\.size: Field required"
    ) as caught:
        decode(Branch, body)
    assert isinstance(caught.value.__cause__, pydantic.ValidationError)


def test_dataclass_above_a_plain_model_is_refused():
    class Mixed(pydantic.BaseModel):
        a: int = 0

    Mixed.__dataclass_fields__ = {}
    with pytest.raises(SerializationError, match="combines @dataclass with PydanticMessage"):
        SERIALIZER.codec_for(Mixed)


def test_a_pydantic_dataclass_keeps_the_rules_of_pydantic():
    @pydantic.dataclasses.dataclass
    class Checked(Message):
        a: int

    assert again(Checked(1)) == Checked(1)
    with pytest.raises(SerializationError, match=r"Checked\.a"):
        decode(Checked, '{"a":"x"}')


class Inner(PydanticMessage):
    dates: List[date] = []


class Everything(PydanticMessage):
    raw: bytes = b""
    amount: Decimal = Decimal(0)
    key: UUID = UUID(int=0)
    at: datetime = datetime(2024, 1, 1)
    span: timedelta = timedelta(0)
    color: Color = Color.RED
    inner: Inner = Inner()
    many: List[Inner] = []


@dataclass
class Holder(Message):
    one: Everything = None
    several: List[Everything] = field(default_factory=list)


def test_all_kinds_of_values_of_a_model_come_back():
    sent = Everything(
        raw="é".encode(),
        amount=Decimal("3.140"),
        key=UUID(int=7),
        at=datetime(2024, 1, 2, 3, 4, 5, 678, timezone.utc),
        span=timedelta(days=1, seconds=2),
        inner=Inner(dates=[date(2024, 1, 2)]),
        many=[Inner(), Inner(dates=[date(2024, 1, 3)])],
    )
    assert again(sent).model_dump() == sent.model_dump()

    assert again(Holder(sent, [sent])) == Holder(sent, [sent])


def test_a_text_of_five_megabytes_comes_back():
    sent = Report(title="é," * 2_500_000)
    assert again(sent) == sent
    message = typed(str)(sent.title)
    assert again(message) == message
