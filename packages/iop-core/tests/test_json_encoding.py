"""What is written for each value, and what is refused because it could not be read back."""

# ruff: noqa: UP035 - users write the old spellings of types as well
from __future__ import annotations

import collections
import warnings
from collections.abc import Iterable
from dataclasses import InitVar, dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from math import inf, isnan, nan
from pathlib import Path
from typing import Annotated, Any, Dict, List, NamedTuple, Optional, Set, Tuple, Union
from uuid import UUID

import pydantic
import pytest

from iop_core.errors import SerializationError
from iop_core.messages import Message

from .json_cases import (
    SERIALIZER,
    Color,
    Foreign,
    Level,
    Line,
    Loose,
    Node,
    Order,
    Place,
    Simple,
    Slotted,
    SlottedLine,
    again,
    decode,
    encode,
    typed,
)


class Pair(NamedTuple):
    left: int
    right: str


def test_the_text_of_a_simple_message_is_compact_and_in_order():
    assert encode(Simple(integer=1, string="a")) == b'{"integer":1,"string":"a"}'


@pytest.mark.parametrize(
    ("annotation", "value", "text"),
    [
        (str, None, "null"),
        (str, 'é☃"\n', '"é☃\\"\\n"'),
        (int, 10**30, "1" + "0" * 30),
        (float, 1.5, "1.5"),
        (bool, True, "true"),
        (datetime, datetime(2024, 1, 2, 3, 4, 5), '"2024-01-02T03:04:05"'),
        (datetime, datetime(2024, 1, 2, 3, 4, 5, 678, timezone.utc), '"2024-01-02T03:04:05.000678Z"'),
        (
            datetime,
            datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2))),
            '"2024-01-02T03:04:05+02:00"',
        ),
        (date, date(2024, 1, 2), '"2024-01-02"'),
        (time, time(3, 4, 5), '"03:04:05"'),
        (timedelta, timedelta(days=1, seconds=2), '"P1DT2S"'),
        (Decimal, Decimal("3.140"), '"3.140"'),
        (UUID, UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (bytes, b"abc", '"abc"'),
        (bytearray, bytearray(b"abc"), '"abc"'),
        (Color, Color.RED, '"r"'),
        (Level, Level.LOW, "1"),
        (List[Color], [Color.RED], '["r"]'),
        (Dict[str, int], {"k": 2}, '{"k":2}'),
        (Dict[int, str], {1: "a"}, '{"1":"a"}'),
        (Tuple[int, str], (1, "a"), '[1,"a"]'),
        (Pair, Pair(1, "a"), '[1,"a"]'),
        (Set[int], {1}, "[1]"),
        (frozenset, frozenset({1}), "[1]"),
        (complex, 1j, '"1j"'),
        (Path, Path("a/b"), '"a/b"'),
        (List[Line], [Line("a", 1)], '[{"sku":"a","qty":1}]'),
        (float, nan, '"NaN"'),
        (float, inf, '"Infinity"'),
        (float, -inf, '"-Infinity"'),
        (bytes, b"\xff\x00", '"base64:/wA="'),
        (bytes, b"base64:", '"base64:YmFzZTY0Og=="'),
    ],
)
@pytest.mark.parametrize("has_extra", [False, True], ids=["fast", "careful"])
def test_each_type_has_its_text_and_comes_back(annotation: object, value: object, text: str, has_extra: bool):
    message = typed(annotation)(value)
    if has_extra:
        message.extra = 1
    rest = ',"extra":1' if has_extra else ""
    payload = encode(message)
    assert payload.decode() == f'{{"value":{text}{rest}}}'
    value_read = decode(type(message), payload).value
    if value != value:
        assert isnan(value_read)
    else:
        assert value_read == value
        assert type(value_read) is type(value) or annotation is Path


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (collections.deque([1]), "[1]"),
        (collections.OrderedDict(a=1), '{"a":1}'),
        (collections.defaultdict(int, a=1), '{"a":1}'),
        ({1: 1, None: 3, (1, 2): 4}, '{"1":1,"None":3,"1,2":4}'),
        ({True: 1, 1.5: 2, date(2024, 1, 2): 3}, '{"true":1,"1.5":2,"2024-01-02":3}'),
        ([[Color.RED], {"k": Level.LOW}], '[["r"],{"k":1}]'),
        (nan, '"NaN"'),
        ({"x": inf}, '{"x":"Infinity"}'),
        (b"\xff", '"base64:/w=="'),
        (Line("a", 1), '{"sku":"a","qty":1}'),
        (SlottedLine("x"), '{"b":"x"}'),
        (datetime(2024, 1, 2), '"2024-01-02T00:00:00"'),
        (Path("x"), '"x"'),
        (Place(theTown="Rome"), '{"town":"Rome","founded":null}'),
    ],
)
def test_a_field_of_any_type_writes_values_by_their_own_type(value: object, text: str):
    assert encode(Loose(value)).decode() == f'{{"value":{text}}}'


def selfish() -> list[object]:
    inner: list[object] = []
    inner.append(inner)
    return inner


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (Foreign(), "Foreign"),
        (lambda: 1, "function"),
        (object(), "object"),
        (Line, "class Line"),
        ((n for n in [1]), "generator"),
        (range(3), "range"),
        (selfish(), "contains itself"),
        ("\ud800", "surrogate"),
        (10**5000, "4300 digits"),
        ({1: "a", "1": "b"}, "same JSON key '1'"),
        (time(1, tzinfo=timezone(timedelta(seconds=61))), "offset"),
    ],
    ids=lambda part: part if isinstance(part, str) else "value",
)
@pytest.mark.parametrize("annotation", [Any, List[int], int], ids=str)
def test_what_cannot_be_kept_is_refused_with_class_path_and_reason(value: object, reason: str, annotation: object):
    message = typed(annotation)({"deep": [0, value]})
    with pytest.raises(SerializationError) as caught:
        encode(message)
    assert "Typed.value.deep[1]" in str(caught.value)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("annotation", [object, Iterable[int], Foreign, "Unknown"], ids=str)
def test_a_generator_is_refused_whatever_the_annotation(annotation: object):
    with pytest.raises(SerializationError, match=r"Typed\.value: .*read only once"):
        encode(typed(annotation)(n for n in [1]))


def test_a_huge_int_in_an_int_field_is_refused_because_it_could_not_be_read():
    for digits in (4301, 9000):
        with pytest.raises(SerializationError, match=r"Typed\.value: an int of more than 4300 digits"):
            encode(typed(int)(10 ** (digits - 1)))
    message = typed(int)(10**4299)
    assert again(message) == message


def test_a_message_that_contains_itself_is_refused():
    node = Node("a")
    node.children.append(node)
    with pytest.raises(SerializationError, match=r"Node\.children\[0\].*contains itself"):
        encode(node)


def chain(levels: int) -> Node:
    node = Node("leaf")
    for _ in range(levels):
        node = Node("n", [node])
    return node


def test_whatever_depth_can_be_written_can_be_read():
    assert again(chain(98)) == chain(98)
    with pytest.raises(SerializationError, match="deeper than 200 levels"):
        encode(chain(120))
    extras = chain(98)
    extras.ad_hoc = 1
    assert again(extras).children == extras.children
    deep: list[object] = []
    for _ in range(195):
        deep = [deep]
    assert again(Loose(deep)).value == deep


def test_a_moment_with_an_odd_offset_is_kept_as_the_same_moment():
    odd = datetime(1890, 1, 1, tzinfo=timezone(timedelta(seconds=561)))
    for annotation in (datetime, Any):
        message = typed(annotation)(odd)
        assert encode(message) == b'{"value":"1889-12-31T23:50:39Z"}'
    assert again(typed(datetime)(odd)).value == odd


def test_slots_lose_nothing():
    message = Slotted(3, SlottedLine("x"))
    assert encode(message) == b'{"a":3,"line":{"b":"x"}}'
    assert again(message) == message
    message.line.b = 5
    assert again(message) == message


def test_added_attributes_follow_the_fields_at_every_level_and_come_back():
    message = Order(lines=[Line("a", 1)], one=Line("b"))
    message.extra = {"x": date(2024, 1, 1)}
    message.lines[0].note = "n"
    message._private = 1
    assert b'"lines":[{"sku":"a","qty":1,"note":"n"}]' in encode(message)
    assert encode(message).endswith(b',"extra":{"x":"2024-01-01"},"_private":1}')
    read = again(message)
    assert read.extra == {"x": "2024-01-01"}
    assert read.lines[0].note == "n"
    assert not hasattr(read, "_private")


def test_a_deleted_field_is_left_out_even_when_another_attribute_takes_its_place():
    message = Order()
    del message.several
    message.other = 1
    assert encode(message).endswith(b'"grid":null,"other":1}')


def test_text_with_types_never_seen_together_before_is_still_checked():
    codec = SERIALIZER.codec_for(Simple)
    warnings.simplefilter("ignore")  # as in production, where no warning becomes an error
    assert codec.encode(Simple(1, "a")) == b'{"integer":1,"string":"a"}'
    with pytest.raises(SerializationError, match="4300 digits"):
        codec.encode(Simple(10**5000, "a"))
    assert codec.encode(Simple("a", 1)) == b'{"integer":"a","string":1}'
    with pytest.raises(SerializationError, match=r"Simple\.integer: nan \(float\) would be read back as 'NaN'"):
        codec.encode(Simple(nan, "a"))
    with pytest.raises(SerializationError, match="surrogate"):
        codec.encode(Simple(1, "\ud800"))
    with pytest.raises(SerializationError, match="Foreign"):
        codec.encode(Simple(1, Foreign()))
    with pytest.raises(SerializationError, match="read only once"):
        codec.encode(Simple(1, (n for n in [1])))


@pytest.mark.parametrize(
    ("annotation", "raw", "value"),
    [
        (int, '"5"', 5),
        (int, "1.0", 1),
        (int, "true", 1),
        (float, '"1.5"', 1.5),
        (bool, '"yes"', True),
        (date, '"2024-01-02"', date(2024, 1, 2)),
        (datetime, "0", datetime(1970, 1, 1, tzinfo=timezone.utc)),
        (Decimal, "3.1", Decimal("3.1")),
        (bytes, '"a"', b"a"),
        (bytes, '"base64:?"', b"base64:?"),
        (Color, '"r"', Color.RED),
        (Optional[int], '"7"', 7),
        ("int | None", '"7"', 7),
        (Union[int, str], '"7"', "7"),
        (Union[int, str], "7", 7),
        (List[int], '["1",2]', [1, 2]),
        (List[int], '["1",null]', [1, None]),
        (Dict[str, int], '{"a":"1","b":null}', {"a": 1, "b": None}),
        (Set[int], "[1,2]", {1, 2}),
        (Tuple[int, str], '[1,"a"]', (1, "a")),
        (Iterable[int], '["1"]', [1]),
        (int, "null", None),
        (List[int], "null", None),
        (Any, "NaN", None),
    ],
)
@pytest.mark.parametrize("rest", ["", ',"unknown":1'], ids=["fast", "tolerant"])
def test_values_that_fit_are_converted(annotation: object, raw: str, value: object, rest: str):
    read = decode(typed(annotation), f'{{"value":{raw}{rest}}}').value
    if raw == "NaN":
        assert isnan(read)
    else:
        assert read == value
        assert type(read) is type(value)


def test_an_init_var_without_default_is_refused_before_it_is_lost():
    @dataclass
    class Needy(Message):
        a: int
        secret: InitVar[int]

    with pytest.raises(SerializationError, match="InitVar without a default: secret"):
        encode(Needy(1, 2))


def test_an_annotation_may_say_how_to_write():
    @dataclass
    class Custom(Message):
        value: Annotated[datetime, pydantic.PlainSerializer(lambda d: d.year)] = None

    for message in (Custom(datetime(2024, 1, 2)), Custom(datetime(2024, 1, 2))):
        assert encode(message) == b'{"value":2024}'
        message.extra = 1
        assert encode(message) == b'{"value":2024,"extra":1}'
