from __future__ import annotations

import asyncio
import datetime
import enum
import functools
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, List, Literal, Optional, Union  # noqa: UP035

import pytest

from iop_core import controls
from iop_core.adapters import InboundAdapter, OutboundAdapter
from iop_core.component import Component
from iop_core.errors import SettingError, SettingsMetadataError
from iop_core.operations import BusinessOperation
from iop_core.processes import BusinessProcess
from iop_core.services import BusinessService, PollingBusinessService
from iop_core.setting_discovery import apply_settings, get_properties, settings_of
from iop_core.settings import Category, Setting, setting, target


class Colour(enum.Enum):
    RED = "r"
    BLUE = "b"


class Custom:
    pass


def rows(cls: type) -> dict[str, list[object]]:
    return {str(row[0]): row[1:] for row in get_properties(cls)}


def plain(iris_type: str, default: object) -> list[object]:
    return [iris_type, default, False, "", "", ""]


@pytest.mark.parametrize(
    "cls",
    [
        Component, BusinessService, PollingBusinessService, BusinessOperation, BusinessProcess, InboundAdapter,
        OutboundAdapter,
    ],
)  # fmt: skip
def test_base_classes_expose_none(cls: type) -> None:
    assert get_properties(cls) == []
    assert get_properties(type("Mine", (cls,), {})) == []


def test_plain_attributes() -> None:
    class Op(BusinessOperation):
        a = 1
        b = 1.5
        c = True
        d = "s"
        e = None
        f = 1j

    assert rows(Op) == {
        "a": plain("Integer", 1),
        "b": plain("Numeric", 1.5),
        "c": plain("Boolean", True),
        "d": plain("String", "s"),
        "e": plain("String", ""),
        "f": plain("Numeric", 1j),
    }
    assert rows(Op)["c"][1] is True


def test_values_without_a_name_on_iris_become_text() -> None:
    class Op(BusinessOperation):
        items = [1, "ä"]
        pair = (1, 2)
        table = {"a": 1}
        day = datetime.date(2026, 1, 31)
        moment = datetime.datetime(2026, 1, 31, 1, 2)
        amount = Decimal("1.50")
        colour = Colour.RED
        folder = Path("a/b")

    assert rows(Op) == {
        "items": plain("String", '[1, "ä"]'),
        "pair": plain("String", "[1, 2]"),
        "table": plain("String", '{"a": 1}'),
        "day": plain("String", "2026-01-31"),
        "moment": plain("String", "2026-01-31 01:02:00"),
        "amount": plain("String", "1.50"),
        "colour": plain("String", "r"),
        "folder": plain("String", str(Path("a/b"))),
    }


def test_what_no_configuration_can_hold_is_no_setting() -> None:
    class Op(BusinessOperation):
        module = asyncio
        builtin = print
        anonymous = lambda self: 1  # noqa: E731
        partial = functools.partial(int)
        thing = object()
        made = Custom()
        raw = b"x"
        unsayable = [object()]
        constant: ClassVar[int] = 4
        bare: ClassVar = 4
        final: Final = 4
        final_int: Final[int] = 4
        _private = 5
        __very = 5

        class Nested:
            pass

        @property
        def read_only(self) -> int:
            raise RuntimeError("not connected yet")

        @functools.cached_property
        def kept(self) -> int:
            raise RuntimeError("not connected yet")

        @staticmethod
        def static(): ...

        @classmethod
        def of_class(cls): ...

        def method(self): ...

    assert get_properties(Op) == []


def test_names_that_mean_something_to_iop_are_no_settings() -> None:
    names = (
        "INFO_URL ICON_URL PERSISTENT_PROPERTY_LIST log_to_console logger iris_handle DISPATCH adapter Adapter buffer "
        "BusinessHost business_host business_host_python"
    ).split()
    assert rows(type("Op", (BusinessOperation,), dict.fromkeys(names, "x"))) == {}
    assert rows(type("Ad", (InboundAdapter,), dict.fromkeys(names, "x"))) == {}
    assert rows(type("Op", (BusinessOperation,), {"context": "x", "on_init": "x", "mine": "x"})) == {
        "mine": plain("String", "x")
    }


def test_annotations() -> None:
    class Op(BusinessOperation):
        number: int
        none: str = None  # type: ignore[assignment]
        optional: Optional[int] = None
        piped: int | None = None
        many: List[str]
        either: Union[int, str]
        quoted: "int" = 5
        numeric: float = 1
        switch: bool = 0  # type: ignore[assignment]
        anything: Any = 3
        thing: object = 3
        day: datetime.date = None  # type: ignore[assignment]
        custom: Custom = None  # type: ignore[assignment]
        choice: Literal["a", "b"] = "a"
        levels: Literal[1, 2] = 1
        as_text: int = "5"  # type: ignore[assignment]
        colour: Colour = Colour.RED

    assert rows(Op) == {
        "number": plain("Integer", ""),
        "none": plain("String", ""),
        "optional": plain("Integer", ""),
        "piped": plain("Integer", ""),
        "many": plain("String", ""),
        "either": plain("String", ""),
        "quoted": plain("Integer", 5),
        "numeric": plain("Numeric", 1),
        "switch": plain("Boolean", 0),
        "anything": plain("String", 3),
        "thing": plain("String", 3),
        "day": plain("String", ""),
        "custom": plain("String", ""),
        "choice": plain("String", "a"),
        "levels": plain("Integer", 1),
        "as_text": plain("Integer", 5),
        "colour": plain("String", "r"),
    }


def test_one_bad_annotation_does_not_spoil_the_others() -> None:
    class Op(BusinessOperation):
        bad: Missing = None  # type: ignore[name-defined]  # noqa: F821
        native: Ens.DataType.ConfigName = "x"  # type: ignore[name-defined]  # noqa: F821
        worse: List[Missing] = None  # type: ignore[name-defined]  # noqa: F821
        constant: ClassVar[Missing] = 1  # type: ignore[name-defined]  # noqa: F821
        F: Annotated[str, Setting("None", category=Category.CONNECTION)]

    assert rows(Op) == {
        "bad": plain("Missing", ""),
        "native": plain("Ens.DataType.ConfigName", "x"),
        "worse": plain("String", ""),
        "F": ["String", "None", False, "Connection", "", ""],
    }
    assert Op().F == "None"


def test_settable_property_is_a_setting_and_is_not_read() -> None:
    class Op(BusinessOperation):
        @property
        def level(self) -> int:
            raise RuntimeError("not connected yet")

        @level.setter
        def level(self, value: int) -> None:
            self._level = value

    assert rows(Op) == {"level": plain("Integer", "")}
    one = Op()
    assert apply_settings(one, {"level": "3"}) == []
    assert one._level == 3


def test_inherited_settings_come_first_and_can_be_changed() -> None:
    class Upper(BusinessOperation):
        zed = 1
        shared: int = 2
        gone = 3

    class Lower(Upper):
        alpha = 4
        shared = 5
        gone = print  # type: ignore[assignment]

    assert get_properties(Lower) == [
        ["zed", *plain("Integer", 1)],
        ["shared", *plain("Integer", 5)],
        ["alpha", *plain("Integer", 4)],
    ]


def test_annotation_of_a_base_class_counts() -> None:
    class Upper(BusinessOperation):
        rate: float

    class Lower(Upper):
        rate = 5

    assert rows(Lower) == {"rate": plain("Numeric", 5)}


def test_declared_settings() -> None:
    class Op(BusinessOperation):
        empty = setting()
        needed = setting("x", required=True)
        full = setting(5, category="Custom", description="d", control="ctl")
        typed = setting(data_type=int)
        named = setting(3, data_type="number")
        foreign = setting(data_type="My.Type")
        native = setting(iris_type="Ens.DataType.ConfigName")
        alias = setting(iris_type="INTEGER")
        beats = setting("5", data_type=str, iris_type="boolean")
        developer = setting(True, category=Category.DEV)
        none = setting(None)
        hidden = setting("1", exclude=True)
        annotated: int = setting()
        about_the_setting: Setting[int] = setting(5)
        constant: ClassVar[Setting[float]] = setting(5.5)
        items = setting([1])

    assert rows(Op) == {
        "empty": plain("String", ""),
        "needed": ["String", "x", True, "", "", ""],
        "full": ["Integer", 5, False, "Custom", "d", "ctl"],
        "typed": plain("Integer", ""),
        "named": plain("Numeric", 3),
        "foreign": plain("My.Type", ""),
        "native": plain("Ens.DataType.ConfigName", ""),
        "alias": plain("Integer", ""),
        "beats": plain("Boolean", "5"),
        "developer": ["Boolean", True, False, "Dev", "", ""],
        "none": plain("String", ""),
        "annotated": plain("Integer", ""),
        "about_the_setting": plain("Integer", 5),
        "constant": plain("Numeric", 5.5),
        "items": plain("String", "[1]"),
    }


@pytest.mark.parametrize(
    ("alias", "iris_type"),
    [
        ("int", "Integer"), ("Integer", "Integer"), ("float", "Numeric"), ("complex", "Numeric"), ("number", "Numeric"),
        ("NUMERIC", "Numeric"), ("bool", "Boolean"), ("boolean", "Boolean"), ("str", "String"), ("String", "String"),
        ("Ens.X", "Ens.X"), ("Other", "Other"),
    ],
)  # fmt: skip
def test_names_of_types(alias: str, iris_type: str) -> None:
    made = {"x": setting(iris_type=alias), "y": setting(data_type=alias)}
    assert [row[1] for row in get_properties(type("Op", (BusinessOperation,), made))] == [iris_type, iris_type]


def test_annotated_settings() -> None:
    class Op(BusinessOperation):
        none: Annotated[str, Setting("None", category=Category.CONNECTION, control=controls.framing())]
        given: Annotated[int, Setting(5, required=True)] = 7
        optional: Annotated[Optional[int], Setting()]
        other: Annotated[str, "other"] = "q"
        hidden: Annotated[str, Setting("x", exclude=True)] = "y"
        hidden_too: Annotated[str, Setting("x", exclude=True)]
        beaten: Annotated[str, Setting("x", category="A")] = setting("y", category="B")  # type: ignore[assignment]

    assert rows(Op) == {
        "none": ["String", "None", False, "Connection", "", controls.framing()],
        "given": ["Integer", 7, True, "", "", ""],
        "optional": plain("Integer", ""),
        "other": plain("String", "q"),
        "beaten": ["String", "y", False, "B", "", ""],
    }
    assert Op().hidden_too == "x"


def test_targets() -> None:
    class Op(BusinessOperation):
        T = target()
        U = target("Def", required=True, description="z")

    native, picker = "Ens.DataType.ConfigName", controls.production_item()
    assert get_properties(Op) == [
        ["T", native, "", False, "Basic", "", picker],
        ["U", native, "Def", True, "Basic", "z", picker],
    ]


def test_plain_value_of_a_subclass_takes_the_place_of_a_setting() -> None:
    class Upper(BusinessOperation):
        limit = setting(5, category="C", required=True)

    class Lower(Upper):
        limit = "7"  # type: ignore[assignment]

    assert rows(Lower) == {"limit": plain("String", "7")}


def test_infos_tell_more() -> None:
    class Op(BusinessOperation):
        limit = setting(5)
        plain: Optional[int] = None
        either: Union[int, str] = 5

    infos = settings_of(Op)
    assert list(infos) == ["limit", "plain", "either"]
    assert (infos["limit"].python_type, infos["limit"].descriptor) == (int, Op.__dict__["limit"])
    assert (infos["plain"].python_type, infos["plain"].descriptor) == (int, None)
    assert infos["either"].python_type is None
    assert settings_of(Op) is infos
    with pytest.raises(TypeError):
        infos["new"] = infos["limit"]  # type: ignore[index]


def test_info_functions_say_more() -> None:
    class Op(BusinessOperation):
        port = 80
        host = "h"
        secret = "s"
        mode = "m"
        left = "l"

        @staticmethod
        def port_info() -> {"IsRequired": True, "Category": "Connection", "Description": "d", "DataType": "number"}:  # type: ignore[syntax]  # noqa: F821
            return 8080

        def host_info() -> {"EditorContext": "ctl", "Category": Category.BASIC}:  # type: ignore[syntax]  # noqa: F821
            pass

        @classmethod
        def secret_info(cls) -> {"ExcludeFromSettings": True}:  # type: ignore[syntax]  # noqa: F821
            pass

        @staticmethod
        def mode_info():
            return "n"

        def left_info(self):
            raise AssertionError

    assert rows(Op) == {
        "port": ["Numeric", 8080, True, "Connection", "d", ""],
        "host": ["String", "h", False, "Basic", "", "ctl"],
        "mode": plain("String", "n"),
        "left": plain("String", "l"),
    }


def test_info_function_that_cannot_be_called() -> None:
    class Op(BusinessOperation):
        port = 80

        def port_info(self) -> {"IsRequired": True}:  # type: ignore[syntax]  # noqa: F821
            return 8080

    with pytest.raises(RuntimeError, match=r"'port'.*port_info"):
        get_properties(Op)


@pytest.mark.parametrize(
    ("namespace", "words"),
    [
        ({"__annotations__": {"x": int}, "x": "notint"}, ["'x'", "'notint'", "whole number"]),
        ({"x": setting("abc", data_type=int)}, ["'x'", "'abc'", "whole number"]),
        ({"x": setting(object())}, ["'x'", "object"]),
        ({"x": 1, "x_info": staticmethod(lambda: 1 / 0)}, ["'x'", "x_info", "division by zero"]),
    ],
)
def test_errors_name_class_and_setting(namespace: dict[str, object], words: list[str]) -> None:
    cls = type("Wrong", (BusinessOperation,), {**namespace, "__module__": "shop.parts", "__qualname__": "Wrong"})
    with pytest.raises(SettingsMetadataError) as caught:
        get_properties(cls)
    text = str(caught.value)
    assert text.startswith("Failed to build settings metadata for shop.parts.Wrong")
    assert [word for word in words if word not in text] == []
    assert isinstance(caught.value, RuntimeError)
    assert isinstance(caught.value, SettingError)
    assert caught.value.__cause__ is not None


def test_class_made_by_code_without_a_module() -> None:
    namespace = {"base": BusinessOperation}
    made = eval("type('Made', (base,), {'x': 1, '__annotations__': {'y': 'int'}})", namespace)
    assert rows(made) == {"x": plain("Integer", 1), "y": plain("Integer", "")}
