import enum
import types
import typing
from dataclasses import dataclass
from typing import Annotated, Any, Optional, Union

import pytest
from pydantic import BaseModel

from iop_core.dispatch import DispatchTable, handler
from iop_core.messages import Message
from iop_core.operations import BusinessOperation
from iop_core.processes import BusinessProcess
from iop_core.pydantic_messages import PydanticMessage
from iop_core.registry import MESSAGE_CLASSES


@dataclass
class Order(Message):
    number: str = ""


@dataclass
class Cancel(Message):
    number: str = ""


class Invoice(PydanticMessage):
    number: str = ""


class Plain(BaseModel):
    number: str = ""


def key(cls: type) -> str:
    return f"{cls.__module__}.{cls.__name__}"


def entries(cls: type) -> list[tuple[str, str]]:
    return DispatchTable.of(cls).entries


aliased = types.SimpleNamespace(Fut=Cancel)


class Runtime:
    """Stands for IRIS, which starts when something is asked of it."""

    asked: typing.ClassVar[list[str]] = []

    def __getattr__(self, name: str) -> object:
        self.asked.append(name)
        return self


iris = Runtime()


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Order, [Order]),
        (Plain, [Plain]),
        ("Order", [Order]),
        ("aliased.Fut", [Cancel]),
        (Optional[Order], [Order]),
        (Optional["Order"], [Order]),
        ("Optional[Order]", [Order]),
        (Order | None, [Order]),
        ("Order | Cancel", [Order, Cancel]),
        (Union[Order, Cancel, str], [Order, Cancel]),
        (Annotated[Order, "note"], [Order]),
        (Annotated[Optional[Order], "note"], [Order]),
        ("pkg.mod.C", ["pkg.mod.C"]),
        ("iris.Ens.StringRequest", ["Ens.StringRequest"]),
        (Any, []),
        (object, []),
        (str, []),
        ("str", []),
        (enum.Enum, []),
        (list[Order], []),
        (None, []),
        (5, []),
    ],
)
def test_meaning_of_the_annotation(annotation: object, expected: list[object]) -> None:
    def take(self, request): ...

    Runtime.asked.clear()
    take.__annotations__ = {"request": annotation}
    Op = type("Op", (BusinessOperation,), {"take": take, "__module__": __name__})
    keys = [each if isinstance(each, str) else key(each) for each in expected]  # type: ignore[arg-type]
    assert entries(Op) == [(each, "take") for each in keys]
    assert DispatchTable.of(Op).warnings == ()
    assert Runtime.asked == []


def test_type_aliases_are_followed() -> None:
    alias = typing.cast("Any", __import__("typing_extensions")).TypeAliasType("Alias", Union[Order, Cancel])

    class Op(BusinessOperation):
        def take(self, request: alias): ...  # type: ignore[valid-type]

    assert entries(Op) == [(key(Order), "take"), (key(Cancel), "take")]


def test_nested_class_is_found_by_its_short_name() -> None:
    class Op(BusinessOperation):
        @dataclass
        class Nested(Message):
            pass

        Order = 5  # a setting of the same name does not hide the message class

        def nested(self, request: "Nested"): ...
        def order(self, request: "Order"): ...

    table = DispatchTable.of(Op)
    assert table.find(Op.Nested()) == "nested"
    assert table.find(Order()) == "order"


def test_only_public_methods_with_one_positional_argument_are_typed_methods() -> None:
    class Op(BusinessOperation):
        attribute: Order = Order()

        class Nested:
            def __init__(self, request: Order): ...

        def _private(self, request: Order): ...
        def two(self, request: Order, other): ...
        def second_with_default(self, request: Order, other=None): ...
        def star(self, *request: Order): ...
        def keyword(self, *, request: Order): ...
        def keywords(self, **request: Order): ...
        def nothing(self): ...
        def returns(self) -> Order: ...

        @property
        def prop(self) -> Order: ...

    assert entries(Op) == []


def test_static_and_class_methods_can_be_typed() -> None:
    class Op(BusinessOperation):
        @staticmethod
        def a(request: Order): ...

        @classmethod
        def b(cls, request: Cancel): ...

        def c(self, request: Invoice, /): ...

    assert entries(Op) == [(key(Order), "a"), (key(Cancel), "b"), (key(Invoice), "c")]


def test_annotation_without_a_meaning_is_reported() -> None:
    class Op(BusinessOperation):
        def take(self, request: "NotImported"): ...  # noqa: F821
        def fine(self, request: "Order"): ...

    table = DispatchTable.of(Op)
    assert table.entries == [(key(Order), "fine")]
    (text,) = table.warnings
    assert "take" in text
    assert "'NotImported'" in text


def test_overridden_hooks() -> None:
    class Process(BusinessProcess):
        def on_message(self, request: Order): ...
        def on_request(self, request: Cancel): ...
        def reply(self, response: Invoice): ...  # type: ignore[override]

    assert entries(Process) == [(key(Order), "on_message"), (key(Cancel), "on_request")]


def test_handled_classes_are_registered() -> None:
    class Typed(BaseModel):
        pass

    class Listed(BaseModel):
        pass

    class Op(BusinessOperation):
        DISPATCH = [(Listed, "listed")]

        def typed(self, request: Typed): ...
        def listed(self, request): ...

    DispatchTable.of(Op)
    prefix = f"{__name__}.{test_handled_classes_are_registered.__name__}.<locals>"
    assert MESSAGE_CLASSES.get(f"{prefix}.Typed") is Typed
    assert MESSAGE_CLASSES.get(f"{prefix}.Listed") is Listed


def test_a_class_registered_by_a_plugin_is_a_message_class() -> None:
    class Foreign:
        pass

    with pytest.raises(TypeError):
        handler(Foreign)
    MESSAGE_CLASSES.register(Foreign)

    class Op(BusinessOperation):
        def take(self, request: Foreign): ...

    assert DispatchTable.of(Op).find(Foreign()) == "take"
