"""What every component has: description, adapter type, warnings, logging."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass

import pytest

from iop_core import BusinessOperation, BusinessProcess, BusinessService, InboundAdapter, PollingBusinessService
from iop_core.component import Component
from iop_core.events import EventType, event_type_of


class Described(BusinessOperation):
    """My doc."""

    INFO_URL = "http://i"
    ICON_URL = "http://c"


class Polling(PollingBusinessService):
    pass


class Child(Described):
    pass


class WithClass(BusinessService):
    def get_adapter_type():  # type: ignore[misc]
        return InboundAdapter


class WithSelf(BusinessService):
    name = "My.Adapter"

    def get_adapter_type(self):
        return self.name


class Flow(BusinessProcess):
    def get_adapter_type():  # type: ignore[misc]
        return "Ignored"


@pytest.mark.parametrize(
    ("cls", "info"),
    [
        (Described, ["iop.BusinessOperation", "My doc.", "http://i", "http://c"]),
        (Child, ["iop.BusinessOperation", "", "http://i", "http://c"]),
        (Polling, ["iop.BusinessService", "", "", "", "Ens.InboundAdapter"]),
        (WithClass, ["iop.BusinessService", "", "", "", "iop_core.adapters.InboundAdapter"]),
        (WithSelf, ["iop.BusinessService", "", "", "", "My.Adapter"]),
        (Flow, ["iop.BusinessProcess", "", "", ""]),
        (type("Loose", (Component,), {}), []),
    ],
)
def test_info(cls, info) -> None:
    assert cls._get_info() == info


@pytest.mark.parametrize("cls", [WithClass, WithSelf, Polling, Described, Flow])
def test_adapter_type_can_be_asked_of_class_and_instance(cls) -> None:
    assert cls.get_adapter_type() == cls.__new__(cls).get_adapter_type()


def test_adapter_type_of_a_subclass_sees_the_subclass() -> None:
    class Derived(WithSelf):
        name = "Other.Adapter"

    assert Derived.get_adapter_type() == "Other.Adapter"
    assert WithSelf.get_adapter_type() == "My.Adapter"


def test_custom_init_is_warned_of_when_the_class_is_made() -> None:
    with pytest.warns(RuntimeWarning, match=r"test_component.*Built.*does not call __init__\(\)") as caught:

        class Built(BusinessService):
            def __init__(self):
                self.ready = True

    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        type("Inheriting", (Built,), {})  # its parent was warned of


def test_init_of_a_dataclass_is_logged(caplog) -> None:
    @dataclass
    class Record(BusinessService):
        limit: int = 5

    for cls, expected in ((Record, 1), (Described, 0)):
        caplog.clear()
        cls.__new__(cls)._warn_if_custom_init()
        assert len(caplog.records) == expected
    caplog.clear()
    Record.__new__(Record)._warn_if_custom_init()
    assert "Move startup logic to on_init(), and use class attributes or iop.Setting" in caplog.text


def test_entries_name_the_method_and_have_their_level(caplog) -> None:
    caplog.set_level(logging.DEBUG, "iop.component")
    component = Described.__new__(Described)

    def business() -> None:
        component.log_info(5)
        component.log_warning("100%")
        component.log_error("e")
        component.log_alert("a")
        component.log_assert("must hold")

    business()
    assert [(r.funcName, r.getMessage(), event_type_of(r.levelno)) for r in caplog.records] == [
        ("business", "5", EventType.INFO),
        ("business", "100%", EventType.WARNING),
        ("business", "e", EventType.ERROR),
        ("business", "a", EventType.ALERT),
        ("business", "must hold", EventType.ASSERT),
    ]
    assert {record.name for record in caplog.records} == {"iop.component.Described"}


def test_console_is_chosen_by_call_or_component(caplog) -> None:
    component = Described.__new__(Described)
    component.log_warning("a")
    component.log_warning("b", True)
    component.log_to_console = True
    component.log_warning("c")
    component.log_warning("d", False)
    assert [record.iop_console for record in caplog.records] == [False, True, True, False]
