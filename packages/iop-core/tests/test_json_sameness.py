"""Nothing changes silently: what would be read back as another value is refused when it is sent."""

# ruff: noqa: UP035 - users write the old spellings of types as well
from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field, make_dataclass
from datetime import date, datetime, timezone
from decimal import Decimal
from enum import Enum
from math import nan
from typing import Any, Dict, List, Literal, NamedTuple, Optional, Set, Tuple, Union
from uuid import UUID

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_core.errors import SerializationError
from iop_core.json_serializer.sameness import require_same
from iop_core.messages import Message
from iop_core.pydantic_messages import PydanticMessage
from iop_core.refusals import Refusal

from .json_cases import Color, Foreign, Line, Slotted, SlottedLine, again, decode, encode, typed


@dataclass
class Cat:
    name: str


@dataclass
class Dog:
    name: str


@dataclass
class LongLine(Line):
    length: int = 0


@dataclass(slots=True)
class LongSlottedLine(SlottedLine):
    length: int = 0


class Place(pydantic.BaseModel):
    town: str


class Capital(Place):
    country: str = ""


class Pair(NamedTuple):
    left: int
    right: str


class Alike(Enum):
    NUMBER = 1
    TEXT = "1"


class Trip(PydanticMessage):
    stops: List[Place] = []
    way: Union[bytes, str] = ""
    anything: Any = None


@pytest.mark.parametrize(
    ("annotation", "value", "path"),
    [
        (Union[Cat, Dog], Dog("a"), ""),
        (List[Union[Cat, Dog]], [Cat("a"), Dog("b")], r"\[1\]"),
        (Line, LongLine("a"), ""),
        (List[Line], [Line(), LongLine("a")], r"\[1\]"),
        (Dict[str, Line], {"k": LongLine("a")}, r"\.k"),
        (Optional[Line], LongLine(), ""),
        (SlottedLine, LongSlottedLine("x", 7), ""),
        (Place, Capital(town="Rome"), ""),
        (List[Place], [Capital(town="Rome")], r"\[0\]"),
        (Union[bytes, str], "text", ""),
        (Union[datetime, str], "2024-01-02T00:00:00", ""),
        (Union[Decimal, str], "1.5", ""),
        (Union[float, str], nan, ""),
        (Union[List[int], Set[int]], {1}, ""),
        (Dict[Optional[str], int], {None: 1}, ""),
        (Dict[str, int], {1: 1}, ""),
        (Dict[int, int], {True: 1}, ""),
        (int, "5", ""),
        (float, "NaN", ""),
        (bytes, "text", ""),
        (date, datetime(2024, 1, 2, 3), ""),
        (List[int], {1}, ""),
        (List[int], [1, "2"], r"\[1\]"),
        (Color, "r", ""),
    ],
    ids=str,
)
@pytest.mark.parametrize("has_extra", [False, True], ids=["fast", "careful"])
def test_what_would_change_is_refused_with_path_type_and_advice(
    annotation: object, value: object, path: str, has_extra: bool
):
    message = typed(annotation)(value)
    if has_extra:
        message.extra = 1
    with pytest.raises(SerializationError) as caught:
        encode(message)
    text = str(caught.value)
    assert caught.match(rf"Typed\.value{path}: .* would be read back as ")
    assert "'value' is declared as " in text
    assert "or add a field that says which type it is" in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (Union[Cat, Dog], Cat("a")),
        (Line, Line("a")),
        (Place, Place(town="Rome")),
        (Union[bytes, str], b"x"),
        (Union[datetime, str], "text"),
        (Union[datetime, str], datetime(2024, 1, 2)),
        (Union[int, str], "7"),
        (Dict[Optional[str], int], {"a": 1}),
        (Dict[Tuple[int, int], int], {}),
        (List[int], (1, 2)),
        (List[int], deque([1])),
        (Tuple[int, ...], [1]),
        (Pair, (1, "a")),
        (Optional[List[Line]], ()),
        (int, {"a": {"b": 1}}),
        (int, "abc"),
        (float, 5),
        (int, True),
        (Alike, Alike.TEXT),
        (Literal["a"], "a"),
        (Dict[float, int], {1.5: 1}),
        (datetime, datetime(2024, 1, 2, tzinfo=timezone.utc)),
    ],
    ids=str,
)
def test_what_comes_back_equal_is_sent(annotation: object, value: object):
    message = typed(annotation)(value)
    require_same(value, again(message).value)
    message.extra = 1
    require_same(value, again(message).value)


def test_a_slotted_field_is_checked_too():
    with pytest.raises(SerializationError, match=r"Slotted\.line: LongSlottedLine"):
        encode(Slotted(1, LongSlottedLine("x", 7)))


def test_what_no_annotation_describes_is_sent_as_plain_data_and_logged_once(caplog: pytest.LogCaptureFixture):
    for annotation in (Any, dict, Dict[str, Any], object):
        loose = typed(annotation)
        with caplog.at_level(logging.WARNING, logger="iop.messages"):
            caplog.clear()
            assert again(loose({"plain": [1, None, "x", 1.5]})).value == {"plain": [1, None, "x", 1.5]}
            assert not caplog.records
            for _ in range(3):
                assert again(loose({"when": date(2024, 1, 2)})).value == {"when": "2024-01-02"}
        (record,) = caplog.records
        assert "field 'value' does not say of what type its parts are" in record.getMessage()


def test_a_strict_class_refuses_what_no_annotation_describes():
    @dataclass
    class Exact(Message, strict=True):
        value: dict = None

    assert again(Exact({"a": 1})) == Exact({"a": 1})
    with pytest.raises(SerializationError, match=r"Exact\.value"):
        encode(Exact({1: 2}))


def test_models_refuse_what_would_change():
    trip = Trip(stops=[Place(town="Rome")], way=b"x")
    assert again(trip) == trip

    class Route(PydanticMessage):
        stops: List[Place] = []
        way: Union[bytes, str] = b""

    assert again(Route(stops=[Place(town="Rome")])) == Route(stops=[Place(town="Rome")])
    with pytest.raises(SerializationError, match=r"Route\.stops\[0\]: Capital\(.* would be read back as Place\("):
        encode(Route(stops=[Capital(town="Rome")]))
    with pytest.raises(SerializationError, match=r"Route\.way: 'text' \(str\) would be read back as b'text'"):
        encode(Route(way="text"))


def test_a_form_that_the_user_chose_is_not_questioned():
    class Short(pydantic.BaseModel):
        when: date

        @pydantic.field_serializer("when")
        def year(self, value: date) -> str:
            return f"{value.year}-01-01"

    message = typed(Short)(Short(when=date(2024, 5, 6)))
    assert encode(message) == b'{"value":{"when":"2024-01-01"}}'
    assert encode(message.value) == b'{"when":"2024-01-01"}'


def test_values_that_cannot_be_compared_are_not_called_the_same():
    class Odd:
        def __eq__(self, other: object) -> bool:
            raise RuntimeError("no")

        __hash__ = None

    with pytest.raises(Refusal):
        require_same(Odd(), Odd())
    with pytest.raises(Refusal):
        require_same(Foreign(), Foreign())
    require_same([nan, Decimal("nan")], [nan, Decimal("nan")])


HINTS: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([int, str, bytes, bool, date, datetime, Decimal, UUID, Cat, Dog, Line, Color, Alike]),
    lambda inner: (
        st.tuples(inner, inner).map(lambda pair: Union[pair])
        | inner.map(lambda hint: Optional[hint])
        | inner.map(lambda hint: List[hint])
        | inner.map(lambda hint: Tuple[hint, ...])
        | st.tuples(st.sampled_from([str, int, Optional[str], bytes, Union[int, str]]), inner).map(
            lambda pair: Dict[pair]
        )
    ),
    max_leaves=4,
)
KEYS = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["1", "None", "a", b"1"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(["1", "r", "true", "2024-01-02", "2024-01-02T00:00:00", "base64:", "NaN", b"1", b"\xff"])
    | st.sampled_from([date(2024, 1, 2), datetime(2024, 1, 2), Decimal(1), UUID(int=1), *Color, *Alike])
    | st.builds(Cat, st.sampled_from(["a", "1"]))
    | st.builds(Dog, st.sampled_from(["a", 1]))
    | st.builds(LongLine, st.just("a"))
    | st.builds(Line, st.just("a"), st.sampled_from([1, "1"])),
    lambda inner: (
        st.lists(inner, max_size=2) | st.lists(inner, max_size=2).map(tuple) | st.dictionaries(KEYS, inner, max_size=2)
    ),
    max_leaves=4,
)


@given(HINTS, VALUES, st.booleans())
def test_whatever_is_sent_is_refused_or_comes_back_the_same(hint: Any, value: Any, has_extra: bool):
    message = make_dataclass("Generated", [("value", hint, field(default=None))], bases=(Message,))(value)
    if has_extra:
        message.extra = 1
    try:
        payload = encode(message)
    except SerializationError:
        return
    require_same(value, decode(type(message), payload).value)
