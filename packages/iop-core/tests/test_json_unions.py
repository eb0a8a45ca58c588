"""Unions of classes that contain themselves: read in a time that grows with the text, not faster."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Union

import pytest

from iop_core.errors import SerializationError
from iop_core.messages import Message
from iop_core.pydantic_messages import PydanticMessage

from .json_cases import again, decode


@dataclass
class Number:
    value: int = 0


@dataclass
class Plus(Message):
    left: Union[Plus, Times, Number] = None
    right: Union[Plus, Times, Number] = None


@dataclass
class Times(Message):
    left: Union[Plus, Times, Number] = None
    right: Union[Plus, Times, Number] = None
    is_exact: bool = False


@dataclass
class Folder(Message):
    name: str = ""
    inner: list[Union[Folder, Number]] = None


class PlusModel(PydanticMessage):
    left: Union[PlusModel, TimesModel, int] = 0


class TimesModel(PydanticMessage):
    left: Union[PlusModel, TimesModel, int] = 0
    factor: int = 1


def calls_of(work: Callable[[], object]) -> int:
    """Return how many functions of Python were called."""
    count = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def folders(depth: int, bottom: str) -> str:
    return '{"name":"a","inner":[' * depth + bottom + "]}" * depth


@pytest.mark.parametrize("bottom", ['{"value":1}', "1", '{"zz":1}', ",".join(["[0]"] * 50)])
def test_a_union_that_contains_itself_takes_as_long_as_it_is(bottom: str):
    decode(Folder, folders(3, bottom))
    short, long = (calls_of(lambda depth=depth: decode(Folder, folders(depth, bottom))) for depth in (20, 80))
    assert long < 5 * short
    assert long < 80 * 100 + 50 * 100


@pytest.mark.parametrize("bottom", ['{"value":1}', "1", '{"zz":1}'])
def test_two_classes_that_contain_each_other_take_as_long_as_they_are(bottom: str):
    def body(depth: int) -> str:
        return '{"left":' * depth + bottom + "}" * depth

    decode(Plus, body(3))
    short, long = (calls_of(lambda depth=depth: decode(Plus, body(depth))) for depth in (20, 80))
    assert long < 5 * short


def test_the_choice_with_the_most_keys_that_fit_is_taken_at_every_level():
    tree = Plus(Times(Number(1), Plus(Number(2), Number(3)), True), Number(4))
    assert again(tree) == tree
    deep = Number(5)
    for _ in range(60):
        deep = Times(deep, Number(1), True)
    assert again(Plus(deep)) == Plus(deep)


def test_of_classes_with_the_same_keys_the_one_is_taken_whose_values_fit():
    @dataclass
    class ByName:
        key: str = ""
        inner: list[Union[ByName, ByNumber]] = None

    @dataclass
    class ByNumber:
        key: int = 0
        inner: list[Union[ByName, ByNumber]] = None

    vars(sys.modules[__name__]).update(ByName=ByName, ByNumber=ByNumber)

    @dataclass
    class Index(Message):
        entries: list[Union[ByName, ByNumber]] = None

    read = decode(Index, '{"entries":[{"key":1,"inner":[{"key":"a"}]},{"key":"b"}]}')
    assert read.entries == [ByNumber(1, [ByName("a")]), ByName("b")]


def test_models_that_contain_each_other_are_refused_when_they_are_too_deep():
    def body(depth: int) -> str:
        return '{"left":' * depth + "1" + "}" * depth

    assert decode(PlusModel, body(8)).left is not None
    with pytest.raises(SerializationError, match=r"nested 90 levels deep in a union of 2 models.*discriminator"):
        decode(PlusModel, body(90))
    with pytest.raises(SerializationError, match="discriminator"):
        decode(PlusModel, body(90)[:-40])
