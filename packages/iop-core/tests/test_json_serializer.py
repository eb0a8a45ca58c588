"""The JSON serializer: exact text, refusals, tolerance, strictness, hostile bodies."""

# ruff: noqa: UP035 - users write the old spellings of types as well
from __future__ import annotations

import collections
import json
import logging
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import InitVar, dataclass, field, make_dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from functools import cache
from math import inf, isnan, nan
from pathlib import Path
from typing import Annotated, Any, Dict, List, Literal, NamedTuple, Optional, Set, Tuple, Union
from uuid import UUID

import pydantic
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from iop_core.errors import MessageDefinitionError, SerializationError
from iop_core.json_serializer import JsonSerializer
from iop_core.messages import Message, set_iris_id
from iop_core.pydantic_messages import PydanticMessage
from iop_core.serializers import Codec

SERIALIZER = JsonSerializer()


@cache
def codec_of(message_class: type) -> Codec:
    return SERIALIZER.codec_for(message_class)


def encode(message: object) -> bytes:
    return codec_of(type(message)).encode(message)


def decode(message_class: type, payload: str | bytes) -> Any:
    data = payload if isinstance(payload, bytes) else payload.encode()
    return codec_of(message_class).decode(data)


def again(message: object) -> Any:
    return decode(type(message), encode(message))


class Color(Enum):
    RED = "r"


class Level(IntEnum):
    LOW = 1


class Pair(NamedTuple):
    left: int
    right: str


@dataclass
class Line:
    sku: str = None
    qty: int = None


@dataclass
class Simple(Message):
    integer: int
    string: str


@dataclass
class Order(Message):
    lines: List[Line] = field(default_factory=list)
    by_name: Dict[str, Line] = field(default_factory=dict)
    one: Line = None
    maybe: Optional[Line] = None
    pair: Tuple[Line, int] = None
    several: Tuple[Line, ...] = ()
    grid: List[List[Line]] = None


@dataclass
class Loose(Message):
    """One field for every value that is tried."""

    value: Any = None


@dataclass
class Node(Message):
    name: str = None
    children: List[Node] = field(default_factory=list)
    extra: Any = None


@dataclass(slots=True)
class Slotted(Message):
    a: int = 0
    line: SlottedLine = None


@dataclass(slots=True)
class SlottedLine:
    b: str = ""


@dataclass(frozen=True)
class Frozen(Message):
    a: int = 0


@dataclass
class Strict(Message, strict=True):
    a: int = 0
    line: Line = None
    lines: List[Line] = field(default_factory=list)
    maybe: Optional[Line] = None


@dataclass
class StrictChild(Strict):
    b: List[Optional[int]] = field(default_factory=list)


class Place(pydantic.BaseModel):
    town: str = pydantic.Field(alias="theTown")
    founded: date | None = None


def typed(annotation: object) -> type:
    """Return a message class with one field of that type."""
    return make_dataclass("Typed", [("value", annotation, field(default=None))], bases=(Message,))


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


class Foreign:
    def __init__(self):
        self.q = 1


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


def test_an_inner_value_of_a_derived_class_keeps_its_own_fields():
    @dataclass
    class LongLine(Line):
        length: int = 0

    assert b'"one":{"sku":"a","qty":null,"length":7}' in encode(Order(one=LongLine("a", length=7)))


def test_a_deleted_field_is_left_out_even_when_another_attribute_takes_its_place():
    message = Order()
    del message.several
    message.other = 1
    assert encode(message).endswith(b'"grid":null,"other":1}')


def test_text_with_types_never_seen_together_before_is_still_checked():
    codec = SERIALIZER.codec_for(Simple)
    assert codec.encode(Simple(1, "a")) == b'{"integer":1,"string":"a"}'
    assert codec.encode(Simple("a", 1)) == b'{"integer":"a","string":1}'
    assert codec.encode(Simple(nan, b"\xff")) == b'{"integer":"NaN","string":"base64:/w=="}'
    with pytest.raises(SerializationError, match="surrogate"):
        codec.encode(Simple(1, "\ud800"))
    with pytest.raises(SerializationError, match="Foreign"):
        codec.encode(Simple(1, Foreign()))


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


@pytest.mark.parametrize(
    ("annotation", "raw"),
    [
        (int, "abc"),
        (int, 1.5),
        (int, {"a": {"b": 1}}),
        (str, 5),
        (Color, "x"),
        (Literal["a"], "b"),
        (date, "yesterday"),
        (List[int], ["x"]),
        (Set[int], ["x"]),
        (Line, 5),
        (List[Line], {"a": 1}),
        (Dict[str, Line], [1]),
        (Foreign, {"q": 1}),
        ("Unknown", {"q": [1, None]}),
        ("List[Unknown]", [1]),
        (Annotated[int, pydantic.Field(gt=5)], 1),
    ],
)
def test_a_value_that_does_not_fit_is_kept(annotation: object, raw: object):
    assert decode(typed(annotation), json.dumps({"value": raw})).value == raw


def test_what_does_not_fit_is_logged_once_per_class_and_field(caplog: pytest.LogCaptureFixture):
    @dataclass
    class Misfit(Message):
        a: int = 0
        b: List[Line] = None

    with caplog.at_level(logging.WARNING, logger="iop.messages"):
        for _ in range(3):
            decode(Misfit, '{"a":"x","b":[1,{"qty":"many"}],"__class__":1,"get_iris_id":2,"_x":3}')
    texts = [record.getMessage() for record in caplog.records]
    assert len([text for text in texts if "field 'a'" in text]) == 1
    assert len([text for text in texts if "field 'b'" in text]) == 1
    assert len([text for text in texts if "ignores a key" in text]) == 1
    assert "Misfit" in texts[0]
    assert "'x'" in texts[0]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_null_in_a_field_without_none_does_not_turn_lines_into_dicts():
    order = Order(
        lines=[Line("a", 1), Line("b")],
        by_name={"x": Line("c")},
        one=Line("d"),
        maybe=Line(),
        pair=(Line("e"), 1),
        several=(Line(), Line("f")),
        grid=[[Line("g")], [Line()]],
    )
    assert again(order) == order


def test_one_bad_line_leaves_the_others_as_they_are():
    read = decode(Order, '{"lines":[{"sku":"a"},null,5,{"sku":"b","qty":"many","note":1}],"pair":[{"sku":"c"},"x"]}')
    assert read.lines == [Line("a"), None, 5, Line("b", "many")]
    assert read.lines[3].note == 1
    assert read.pair == (Line("c"), "x")


def test_a_union_of_dataclasses_takes_the_one_that_shares_most_keys():
    @dataclass
    class Cat(Message):
        name: str
        lives: int = 9

    @dataclass
    class Dog(Message):
        name: str
        tricks: List[str] = field(default_factory=list)

    pets = typed(List[Union[Cat, Dog, int]])
    read = decode(
        pets, '{"value":[{"name":"a","lives":"x"},{"name":"b","tricks":["sit"]},3,{"name":"c","tricks":1,"z":1}]}'
    )
    assert read.value == [Cat("a", "x"), Dog("b", ["sit"]), 3, Dog("c", 1)]
    message = pets([Cat("a"), Dog("b")])
    assert again(message) == message


def test_unknown_keys_become_attributes_but_never_hide_behaviour():
    @dataclass
    class Rich(Message):
        a: int = 0

        @property
        def double(self) -> int:
            return self.a * 2

        def method(self) -> int:
            return 1

    read = decode(Rich, '{"a":2,"extra":"x","two words":1,"double":9,"method":9,"get_iris_id":9,"__class__":9,"_p":9}')
    assert (read.extra, read.double, read.method(), read.get_iris_id()) == ("x", 4, 1, None)
    assert vars(read) == {"a": 2, "extra": "x", "two words": 1}


def test_frozen_and_slotted_classes_ignore_unknown_keys():
    assert decode(Frozen, '{"a":1,"extra":2}') == Frozen(1)
    assert decode(Slotted, '{"a":1,"line":{"b":"x","c":1},"extra":2}') == Slotted(1, SlottedLine("x"))


def test_the_id_is_neither_written_nor_read():
    message = Simple(1, "a")
    set_iris_id(message, "17")
    assert encode(message) == b'{"integer":1,"string":"a"}'
    assert message.get_iris_id() == "17"
    for body in ('{"integer":1,"string":"a","_iris_id":"999"}', '{"integer":"x","string":"a","_iris_id":"999"}'):
        assert decode(Simple, body).get_iris_id() is None


def test_defaults_required_fields_and_the_last_of_two_keys():
    first, second = decode(Order, "{}"), decode(Order, "{}")
    assert first == Order()
    assert first.lines is not second.lines
    assert decode(Simple, '{"integer":1,"integer":2,"string":"a"}').integer == 2
    with pytest.raises(SerializationError, match=r"Simple\.string: is missing and has no default"):
        decode(Simple, '{"integer":1}')


def test_post_init_init_var_kw_only_inheritance_and_computed_fields():
    @dataclass
    class Parent(Message):
        a: int
        factor: InitVar[int] = 2
        total: int = field(init=False, default=0)

        def __post_init__(self, factor: int) -> None:
            self.total = self.a * factor

    @dataclass(kw_only=True)
    class Child(Parent):
        b: str

    class Undecorated(Child):
        pass

    child = Child(a=2, b="x")
    child.total = 5
    assert encode(child) == b'{"a":2,"total":5,"b":"x"}'
    assert again(child) == child
    assert decode(Child, '{"a":"3","b":"x","factor":"4"}').total == 12
    assert encode(Undecorated(a=1, b="y")) == b'{"a":1,"total":2,"b":"y"}'


def test_an_own_init_is_called():
    @dataclass
    class Own(Message):
        a: int = 0

        def __init__(self, a: int = 0) -> None:
            self.a = a + 1

    assert decode(Own, '{"a":1}').a == 2
    assert decode(typed(Own), '{"value":{"a":1}}').value.a == 2


def test_post_init_that_fails_is_a_serialization_error():
    @dataclass
    class Picky(Message):
        a: int

        def __post_init__(self) -> None:
            raise KeyError("no")

    with pytest.raises(SerializationError, match=r"Picky: cannot be built: KeyError") as caught:
        decode(Picky, '{"a":1}')
    assert isinstance(caught.value.__cause__, KeyError)


def test_an_init_var_without_default_is_refused_before_it_is_lost():
    @dataclass
    class Needy(Message):
        a: int
        secret: InitVar[int]

    with pytest.raises(SerializationError, match="InitVar without a default: secret"):
        encode(Needy(1, 2))


def test_annotations_of_local_classes_resolve_as_far_as_they_can():
    @dataclass
    class Local(Message):
        when: date = None
        me: Optional[Local] = None
        unknown: Nowhere = None  # noqa: F821

    read = decode(Local, '{"when":"2024-01-02","me":{"when":"2024-01-03"},"unknown":{"x":null}}')
    assert read == Local(date(2024, 1, 2), Local(date(2024, 1, 3)), {"x": None})
    assert again(read) == read


def test_an_annotation_may_say_how_to_write():
    @dataclass
    class Custom(Message):
        value: Annotated[datetime, pydantic.PlainSerializer(lambda d: d.year)] = None

    for message in (Custom(datetime(2024, 1, 2)), Custom(datetime(2024, 1, 2))):
        assert encode(message) == b'{"value":2024}'
        message.extra = 1
        assert encode(message) == b'{"value":2024,"extra":1}'


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ('{"a":"x"}', r"Strict\.a: .*'x'"),
        ('{"a":null}', r"Strict\.a: .*None"),
        ('{"unknown":1}', r"Strict\.unknown: unknown key; fields: a, line, lines, maybe"),
        ('{"line":{"qty":"many"}}', r"Strict\.line\.qty"),
        ('{"line":{"x":1}}', r"Strict\.line\.x: unknown key"),
        ('{"lines":[{},{"qty":[]}]}', r"Strict\.lines\[1\]\.qty"),
        ('{"lines":[null]}', r"Strict\.lines\[0\]"),
    ],
)
def test_a_strict_class_refuses_what_does_not_fit(body: str, path: str):
    with pytest.raises(SerializationError, match=path):
        decode(Strict, body)
    with pytest.raises(SerializationError, match=path.replace("Strict", "StrictChild").replace("maybe", "maybe, b")):
        decode(StrictChild, body)


def test_a_strict_class_reads_what_fits_and_writes_only_that():
    message = StrictChild(1, None, [Line("a")], None, [1, None])
    assert again(message) == message
    assert decode(Strict, '{"a":"5","maybe":null}') == Strict(5)
    with pytest.raises(SerializationError, match=r"Strict\.a"):
        encode(Strict("x"))
    message.extra = 1
    with pytest.raises(SerializationError, match=r"StrictChild\.extra"):
        encode(message)


def test_a_strict_class_needs_annotations_that_resolve():
    @dataclass
    class Vague(Message, strict=True):
        a: Nowhere = None  # noqa: F821

    with pytest.raises(MessageDefinitionError, match=r"Vague is strict.*of a names something"):
        encode(Vague())


def test_what_is_no_message_is_refused_both_ways():
    assert not SERIALIZER.accepts(Line)
    assert not SERIALIZER.accepts(str)
    with pytest.raises(SerializationError, match="Line is not a message"):
        SERIALIZER.codec_for(Line)


def test_a_message_without_dataclass_is_told_so():
    class Bare(Message):
        a: int = 0

    assert SERIALIZER.accepts(Bare)
    with pytest.raises(SerializationError, match=r"Bare has to be a dataclass") as caught:
        SERIALIZER.codec_for(Bare)
    assert isinstance(caught.value, TypeError)


def test_a_field_named_like_the_id_is_refused():
    with pytest.raises(MessageDefinitionError, match="_iris_id"):
        SERIALIZER.codec_for(make_dataclass("Taken", [("_iris_id", str)], bases=(Message,)))


class Report(PydanticMessage):
    title: str = None
    score: float = None
    place: Place | None = None
    lines: list[Line] = []
    data: bytes = b""


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
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
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


def test_pydantic_is_imported_only_when_a_codec_is_compiled():
    code = (
        "import sys; from dataclasses import dataclass; import iop_core; from iop_core.messages import Message;"
        "from iop_core.json_serializer import JsonSerializer;"
        "Order = dataclass(type('Order', (Message,), {}));"
        "assert JsonSerializer().accepts(Order); assert 'pydantic' not in sys.modules, 'too early';"
        "JsonSerializer().codec_for(Order); assert 'pydantic' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
