"""Reading JSON into dataclasses: conversion, tolerance, and what becomes of unknown keys."""

# ruff: noqa: UP035 - users write the old spellings of types as well
from __future__ import annotations

import json
import logging
from dataclasses import InitVar, dataclass, field
from datetime import date
from typing import Annotated, Dict, List, Literal, Optional, Set, Union

import pydantic
import pytest

from iop_core.errors import SerializationError
from iop_core.messages import Message, set_iris_id

from .json_cases import (
    Color,
    Foreign,
    Frozen,
    Line,
    Order,
    Simple,
    Slotted,
    SlottedLine,
    Strict,
    again,
    decode,
    encode,
    typed,
)


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
    assert decode(Strict, '{"a":1,"_iris_id":"999"}') == Strict(1)


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


def test_a_field_outside_of_init_is_set_only_by_what_was_written():
    @dataclass
    class Partial(Message):
        a: int = 0
        later: int = field(init=False, default=3)

    assert encode(Partial()) == b'{"a":0}'
    assert vars(decode(Partial, '{"a":1}')) == {"a": 1}
    assert vars(decode(Partial, '{"a":1,"later":"4"}')) == {"a": 1, "later": 4}


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


def test_annotations_of_local_classes_resolve_as_far_as_they_can():
    @dataclass
    class Local(Message):
        when: date = None
        me: Optional[Local] = None
        unknown: Nowhere = None  # noqa: F821

    read = decode(Local, '{"when":"2024-01-02","me":{"when":"2024-01-03"},"unknown":{"x":null}}')
    assert read == Local(date(2024, 1, 2), Local(date(2024, 1, 3)), {"x": None})
    assert again(read) == read
