from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_core import controls
from iop_core.component import Component
from iop_core.errors import ConfigurationError, SettingError
from iop_core.setting_values import read_value, render_value
from iop_core.settings import Category, Setting, TargetSetting, install_annotated_settings, setting, target


class Colour(Enum):
    RED = "r"
    BLUE = "b"


# --- declaring ---------------------------------------------------------------------------------------------


def test_categories_read_as_text() -> None:
    assert [str(each) for each in Category] == ["Info", "Basic", "Connection", "Additional", "Alerting", "Dev"]
    assert Category.DEV == "Dev"
    assert f"{Category.BASIC}" == "Basic"


def test_keeps_what_is_said() -> None:
    made = setting(5, category="Custom", description="d", control="ctl", required=1, exclude=True, iris_type="X.Y")
    assert (made.default, made.category, made.description, made.control) == (5, "Custom", "d", "ctl")
    assert (made.required, made.exclude, made.iris_type) == (True, True, "X.Y")


def test_no_default_and_none_are_told_apart() -> None:
    assert not setting().has_default
    assert setting(None).has_default
    assert setting("").has_default


@pytest.mark.parametrize("make", [setting, Setting, target, TargetSetting])
def test_wrong_arguments_are_refused(make) -> None:
    with pytest.raises(TypeError):
        make("x", nothing=1)
    with pytest.raises(TypeError):
        make("x", "y")


@pytest.mark.parametrize("category", ["A,B", "A:B", "A,B:C", ","])
@pytest.mark.parametrize("make", [setting, target])
def test_category_that_would_break_the_list_of_settings_is_refused(make, category: str) -> None:
    with pytest.raises(SettingError, match=category):
        make("", category=category)


def test_anything_can_be_a_category() -> None:
    assert setting("", category=5).category == "5"  # type: ignore[call-overload]


def test_target_is_a_setting_that_picks_an_item() -> None:
    made = target()
    assert isinstance(made, Setting)
    assert (made.default, made.iris_type, made.category) == ("", "Ens.DataType.ConfigName", "Basic")
    assert made.control == controls.production_item()
    assert not made.required


def test_target_can_be_described_otherwise() -> None:
    made = target("Def", required=True, description="z", category="C", control="c", iris_type="T")
    assert (made.default, made.required, made.description) == ("Def", True, "z")
    assert (made.category, made.control, made.iris_type) == ("C", "c", "T")


@pytest.mark.parametrize("default", [5, None, ["A"], b"A"])
def test_target_wants_the_name_of_an_item(default: object) -> None:
    with pytest.raises(TypeError, match="name of an item") as caught:
        target(default)  # type: ignore[arg-type]
    assert isinstance(caught.value, SettingError)
    assert isinstance(caught.value, ConfigurationError)


# --- reading and writing on instances ----------------------------------------------------------------------


class Reader(Component):
    Limit = setting(5)
    Name = setting("n")
    Empty = setting()
    Nothing = setting(None)
    Rate = setting(1.5)
    Active = setting(False)
    Items = setting([1, 2])
    Output = target()
    Counted: int = setting()
    Started: Optional[date] = setting(None)
    Port = setting("80", data_type=int)
    Ratio = setting(data_type="Numeric")
    Native = setting("", iris_type="Ens.DataType.ConfigName")
    Hidden = setting(1, exclude=True)


def reader() -> Reader:
    return Reader.__new__(Reader)


def test_class_gives_the_setting_and_instance_the_value() -> None:
    assert isinstance(Reader.Limit, Setting)
    assert isinstance(Reader.Output, TargetSetting)
    assert Reader.Output.name == "Output"
    one = reader()
    assert (one.Limit, one.Name, one.Empty, one.Nothing, one.Output, one.Hidden) == (5, "n", None, None, "", 1)


def test_assignment_belongs_to_one_instance() -> None:
    one, other = reader(), reader()
    one.Limit = 9
    assert (one.Limit, other.Limit, Reader.Limit.default) == (9, 5, 5)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("Limit", "7", 7),
        ("Limit", " -7 ", -7),
        ("Limit", "", None),
        ("Name", "7", "7"),
        ("Name", "", ""),
        ("Name", " x ", " x "),
        ("Rate", "2", 2.0),
        ("Rate", "1e3", 1000.0),
        ("Active", "1", True),
        ("Active", "Yes", True),
        ("Active", "0", False),
        ("Active", "false", False),
        ("Active", "", False),
        ("Active", 1, True),
        ("Active", 0, False),
        ("Items", "[3]", [3]),
        ("Counted", "3", 3),
        ("Started", "2026-01-31", date(2026, 1, 31)),
        ("Started", "", None),
        ("Port", "81", 81),
        ("Ratio", "0.5", 0.5),
        ("Empty", "7", "7"),
        ("Nothing", "7", "7"),
        ("Native", "Item", "Item"),
        ("Output", "Item", "Item"),
        ("Limit", 2.5, 2.5),
        ("Limit", None, None),
        ("Name", 5, 5),
    ],
)
def test_text_becomes_the_type_of_the_setting(name: str, text: object, expected: object) -> None:
    one = reader()
    setattr(one, name, text)
    assert getattr(one, name) == expected
    assert type(getattr(one, name)) is type(expected)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("Limit", "seven", ["Reader.Limit", "'seven'", "whole number"]),
        ("Limit", "7.5", ["whole number"]),
        ("Rate", "fast", ["Reader.Rate", "'fast'", "a number"]),
        ("Rate", "nan", ["a number"]),
        ("Active", "maybe", ["'maybe'", "true or false"]),
        ("Active", 2, ["2", "true or false"]),
        ("Items", "1, 2", ["JSON list"]),
        ("Items", '{"a": 1}', ["JSON list"]),
        ("Started", "31.1.2026", ["date"]),
        ("Counted", "x", ["Reader.Counted"]),
    ],
)
def test_text_that_does_not_fit_is_refused(name: str, text: object, words: list[str]) -> None:
    one = reader()
    before = getattr(one, name)
    with pytest.raises(SettingError) as caught:
        setattr(one, name, text)
    assert [word for word in words if word not in str(caught.value)] == []
    assert "\n" not in str(caught.value)
    assert getattr(one, name) == before


def test_delete_goes_back_to_the_default() -> None:
    one = reader()
    one.Limit = 9
    del one.Limit
    assert one.Limit == 5
    with pytest.raises(AttributeError, match=r"Reader\.Limit"):
        del one.Limit


def test_containers_are_not_shared() -> None:
    one, other = reader(), reader()
    one.Items.append(3)
    assert (one.Items, other.Items, Reader.Items.default) == ([1, 2, 3], [1, 2], [1, 2])


def test_one_setting_under_two_names() -> None:
    class Twice(Component):
        P = Q = setting(1)

    one = Twice()
    one.P = 5
    assert (one.P, one.Q) == (5, 1)
    one.Q = "6"
    assert (one.P, one.Q) == (5, 6)
    assert (Twice.P.name, Twice.Q.name) == ("P", "Q")


def test_one_setting_in_two_classes() -> None:
    shared = setting(1)

    class A(Component):
        X = shared

    class B(Component):
        Y = shared

    a, b = A(), B()
    a.X, b.Y = 2, 3
    assert (a.X, b.Y, A.X.name, B.Y.name) == (2, 3, "X", "Y")


def test_setting_put_on_a_class_later() -> None:
    class Late(Component):
        pass

    Late.Limit = setting(5)  # type: ignore[attr-defined]
    one = Late()
    one.Limit = "6"  # type: ignore[attr-defined]
    assert one.Limit == 6  # type: ignore[attr-defined]


def test_plain_value_of_a_subclass_takes_its_place() -> None:
    class Child(Reader):
        Limit = 9  # type: ignore[assignment]

    assert Child.Limit == 9
    assert Child().Limit == 9


# --- Annotated ---------------------------------------------------------------------------------------------


def test_annotated_setting_is_readable() -> None:
    class Framed(Component):
        Framing: Annotated[str, Setting("None", category=Category.CONNECTION)]
        Count: Annotated[Optional[int], Setting()]
        Given: Annotated[int, Setting(5, required=True)] = 7
        Other: Annotated[str, "something else"] = "q"

    one = Framed()
    assert (one.Framing, one.Count, one.Given, one.Other) == ("None", None, 7, "q")
    one.Count = "3"  # type: ignore[assignment]
    assert one.Count == 3
    assert Framed().Count is None
    assert isinstance(Framed.__dict__["Framing"], Setting)


def test_annotated_as_text() -> None:
    class Framed(Component):
        Framing: 'Annotated[str, Setting("None")]'
        Spoiled: "Missing[str]"  # type: ignore[name-defined]  # noqa: F821

    assert Framed().Framing == "None"


def test_annotated_setting_of_a_mixin() -> None:
    class Mixin:
        Framing: Annotated[str, Setting("None")]

    class Framed(Mixin, Component):
        pass

    assert Framed().Framing == "None"


def test_annotation_without_default_keeps_an_inherited_value() -> None:
    class Upper(Component):
        Plain = 5
        Declared = setting(6)

    class Lower(Upper):
        Plain: Annotated[int, Setting(required=True)]
        Declared: Annotated[int, Setting(required=True)]
        Fresh: Annotated[int, Setting(7)]

    one = Lower()
    assert (one.Plain, one.Declared, one.Fresh) == (5, 6, 7)
    assert Upper.Plain == 5


def test_annotated_settings_are_not_shared_between_names() -> None:
    Text = Annotated[str, Setting("x")]

    class Two(Component):
        A: Text
        B: Text

    one = Two()
    one.A = "y"
    assert (one.A, one.B) == ("y", "x")


def test_installing_twice_changes_nothing() -> None:
    class Framed(Component):
        Framing: Annotated[str, Setting("None")]

    before = Framed.__dict__["Framing"]
    install_annotated_settings(Framed)
    assert Framed.__dict__["Framing"] is before


# --- values ------------------------------------------------------------------------------------------------


@given(
    st.one_of(
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.text(min_size=1),
        st.decimals(allow_nan=False),
        st.dates(),
        st.datetimes(),
        st.times(),
        st.sampled_from(Colour),
        st.lists(st.one_of(st.integers(), st.text(), st.none())),
        st.dictionaries(st.text(), st.integers()),
        st.tuples(st.integers(), st.text()),
    )
)
def test_what_is_rendered_reads_back(value: object) -> None:
    python_type = Colour if isinstance(value, Colour) else type(value)
    back = read_value(str(render_value(value)), python_type)
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize(
    ("value", "python_type", "expected"),
    [
        (7.0, int, 7),
        (True, int, 1),
        (5, float, 5.0),
        (5, str, "5"),
        (Path("a"), str, "a"),
        ("r", Colour, Colour.RED),
        ("BLUE", Colour, Colour.BLUE),
        (Colour.RED, Colour, Colour.RED),
        ("a/b", Path, Path("a/b")),
        ("1.50", Decimal, Decimal("1.50")),
        ("12:30", time, time(12, 30)),
        ("2026-01-31T01:02:03", datetime, datetime(2026, 1, 31, 1, 2, 3)),
        ([1], tuple, (1,)),
        ((1,), list, [1]),
        ('{"a": 1}', dict, {"a": 1}),
        ("1+2j", complex, 1 + 2j),
        (None, int, None),
        ("anything", None, "anything"),
        ("anything", frozenset, "anything"),
    ],
)
def test_reads_near_types(value: object, python_type: type | None, expected: object) -> None:
    found = read_value(value, python_type)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("value", "python_type"),
    [
        (7.5, int), ([], int), ("x", Colour), (b"x", str), (["x"], str), ({}, list), ("[1]", dict), (5, date),
        ("abc", Decimal), ("[", list), (float("inf"), int), (5, list), (object(), bool),
    ],
)  # fmt: skip
def test_refuses_what_does_not_fit(value: object, python_type: type) -> None:
    with pytest.raises(SettingError, match=" is not "):
        read_value(value, python_type)


@given(st.text(), st.sampled_from([bool, int, float, complex, str, Decimal, date, datetime, time, list, tuple, dict]))
def test_any_text_is_read_or_refused(text: str, python_type: type) -> None:
    try:
        found = read_value(text, python_type)
    except SettingError:
        return
    assert found is None or isinstance(found, python_type)
