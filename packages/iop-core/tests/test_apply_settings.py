from __future__ import annotations

import enum
import typing
from typing import Annotated, Optional

import pytest

from iop_core.errors import SettingError
from iop_core.operations import BusinessOperation
from iop_core.setting_discovery import apply_settings, missing_required
from iop_core.settings import Setting, setting


class Colour(enum.Enum):
    RED = "r"
    BLUE = "b"


class Filled(BusinessOperation):
    Limit = setting(5)
    Name = "n"
    Nothing = None
    Count: Optional[int] = None
    Active = False
    Items = [1]
    Colour: Colour = Colour.RED
    Needed = setting("", required=True)
    Also: Annotated[int, Setting(required=True)]
    Default = setting("x", required=True)
    Hidden = setting(1, exclude=True)
    _private = 1

    @property
    def fixed(self) -> int:
        return 1

    @property
    def checked(self) -> str:
        return ""

    @checked.setter
    def checked(self, value: str) -> None:
        raise ValueError("not today")


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("Limit", "7", 7),
        ("Limit", 8, 8),
        ("Limit", 8.0, 8),
        ("Limit", "", None),
        ("Name", "bar", "bar"),
        ("Name", 5, "5"),
        ("Name", "", ""),
        ("Nothing", "x", "x"),
        ("Nothing", None, None),
        ("Count", "3", 3),
        ("Count", "", None),
        ("Active", 1, True),
        ("Active", "0", False),
        ("Items", "[2, 3]", [2, 3]),
        ("Colour", "b", Colour.BLUE),
        ("Hidden", "4", 4),
        ("Also", "4", 4),
    ],
)
def test_values_of_a_production_get_their_type(name: str, given: object, expected: object) -> None:
    one = Filled()
    assert apply_settings(one, {name: given}) == []
    found = getattr(one, name)
    assert found == expected
    assert type(found) is type(expected)


def test_unknown_names_are_returned_and_not_set() -> None:
    one = Filled()
    names = ["Limt", "_private", "fixed", "logger", "on_init", "__class__", "adapter"]
    assert apply_settings(one, {"Limit": "6", **dict.fromkeys(names, "x")}) == names
    assert one.Limit == 6
    assert not hasattr(one, "Limt")
    assert (one._private, type(one)) == (1, Filled)


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("Limit", "many", ["Limit", "Item1", "'many'", "whole number"]),
        ("Limit", 2.5, ["2.5", "whole number"]),
        ("Count", "x", ["Count", "Item1"]),
        ("Name", ["a"], ["['a']", "text"]),
        ("Colour", "green", ["'green'", "r, b"]),
        ("checked", "x", ["checked", "Item1", "'x'", "not today"]),
    ],
)
def test_wrong_values_are_refused(name: str, given: object, words: list[str]) -> None:
    with pytest.raises(SettingError) as caught:
        apply_settings(Filled(), {name: given}, owner="Item1")
    assert [word for word in words if word not in str(caught.value)] == []
    assert "\n" not in str(caught.value)


def test_without_an_item_the_class_is_named() -> None:
    with pytest.raises(SettingError, match="Limit of Filled"):
        apply_settings(Filled(), {"Limit": "many"})


def test_required_settings_without_a_value() -> None:
    assert missing_required(Filled) == ["Needed", "Also"]
    one = Filled()
    assert missing_required(one) == ["Needed", "Also"]
    apply_settings(one, {"Needed": "x", "Also": "0"})
    assert missing_required(one) == []
    apply_settings(one, {"Default": ""})
    assert missing_required(one) == ["Default"]


def test_annotations_of_this_file_are_text() -> None:
    assert typing.cast("dict[str, object]", Filled.__annotations__)["Count"] == "Optional[int]"
