"""Names of classes on IRIS, made from Python names and turned back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_core.errors import IrisNameError
from iop_core.persistent.iris_names import check_iris_name, iris_name_of, python_name_of

NAMES = {
    "msg.OrderMessage": "msg.OrderMessage",
    "my_app.msgs.Order_zMessage": "myzUapp.msgs.OrderzUzzMessage",
    "__main__.X": "zUzUmainzUzU.X",
    "pkg.mod_v2.Order_Message_V3": "pkg.modzUv2.OrderzUMessagezUV3",
    "a.été": "a.zXE9ztzXE9z",
    "a.世界": "a.zX4E16zzX754Cz",
    "a.𝒳": "a.zX1D4B3z",  # noqa: RUF001
    "zoo.Zebra": "zzoo.Zebra",
    "z.z": "zz.zz",
    "A.zX41z": "A.zzX41zz",
    "a.<locals>.C": "a.zX3CzlocalszX3Ez.C",
    "%Foo.Bar": "zX25zFoo.Bar",
    "demo.my_msg.Order": "demo.myzUmsg.Order",
    "a.buzz.Fizz": "a.buzzzz.Fizzzz",
    "é.Ü": "zXE9z.zXDCz",
    "mod.Cls-x": "mod.ClszX2Dzx",
    "_x._Y": "zUx.zUY",
    "1a.b": "1a.b",
}


@pytest.mark.parametrize(("python_name", "iris_name"), NAMES.items())
def test_known_names(python_name: str, iris_name: str) -> None:
    assert iris_name_of(python_name) == iris_name
    assert python_name_of(iris_name) == python_name


@pytest.mark.parametrize("name", ["a..b", ".a", "a.", ""])
def test_empty_part_is_refused(name: str) -> None:
    with pytest.raises(IrisNameError, match="empty part") as caught:
        iris_name_of(name)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("name", ["az", "azX", "azX41", "azXZZz", "azQ", "zX110000z", "zXFFFFFFFFz", "zX" + "F" * 9999])
def test_malformed_marker_stays(name: str) -> None:
    assert python_name_of(name) == name


def test_foreign_name_gives_some_result() -> None:
    assert python_name_of("a.fizz") == "a.fiz"


PARTS = st.text(alphabet=st.characters(exclude_characters=".", exclude_categories=["Cs"]), min_size=1)


@given(st.lists(PARTS, min_size=1).map(".".join))
def test_every_name_comes_back(name: str) -> None:
    encoded = iris_name_of(name)
    assert python_name_of(encoded) == name
    assert all(part.isascii() and part.isalnum() for part in encoded.split("."))


@given(st.text())
def test_any_text_can_be_decoded(name: str) -> None:
    python_name_of(name)


@pytest.mark.parametrize("name", ["Demo.Msg.Order", "%Foo.Bar", "msg.Order2", "modul.Größe"])
def test_name_that_iris_takes(name: str) -> None:
    assert check_iris_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "Order", "bad name!", "Demo.", ".Order", "Demo.1Order", "1a.b", "Demo.My_Order", 'Demo.O"; --', "A.B\n"],
)
def test_name_that_iris_refuses(name: str) -> None:
    with pytest.raises(IrisNameError, match="no name of a class"):
        check_iris_name(name)


def test_length_of_a_name() -> None:
    assert check_iris_name("A." + "b" * 218)
    with pytest.raises(IrisNameError, match="has 221 characters"):
        check_iris_name("A." + "b" * 219)
