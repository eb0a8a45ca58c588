from dataclasses import dataclass

import pytest
from pydantic import BaseModel

from iop_core.dispatch import DispatchTable, handler
from iop_core.messages import Message
from iop_core.operations import BusinessOperation
from iop_core.pydantic_messages import PydanticMessage
from iop_core.registry import MESSAGE_CLASSES


@dataclass
class Order(Message):
    number: str = ""


@dataclass
class UrgentOrder(Order):
    pass


@dataclass
class Cancel(Message):
    number: str = ""


class Invoice(PydanticMessage):
    number: str = ""


class Outer:
    @dataclass
    class Inner(Message):
        pass

    @dataclass
    class Order(Message):
        """Same short name as the one of the module."""


def key(cls: type) -> str:
    return f"{cls.__module__}.{cls.__name__}"


def entries(cls: type) -> list[tuple[str, str]]:
    return DispatchTable.of(cls).entries


def test_subclass_of_a_handled_message() -> None:
    class Op(BusinessOperation):
        @handler(Order)
        def order(self, request): ...

    class Both(Op):
        def urgent(self, request: UrgentOrder): ...

    assert DispatchTable.of(Op).find(UrgentOrder()) == "order"
    assert DispatchTable.of(Both).find(UrgentOrder()) == "urgent"

    class Typed(BusinessOperation):
        def order(self, request: Order): ...

    assert DispatchTable.of(Typed).find(UrgentOrder()) == "order"
    assert DispatchTable.of(Both).find(Order()) == "order"


def test_explicit_handler_of_the_base_class_takes_the_rest() -> None:
    class Op(BusinessOperation):
        @handler(Message)
        def rest(self, request): ...

        @handler(Order)
        def order(self, request): ...

    table = DispatchTable.of(Op)
    assert table.find(Cancel()) == "rest"
    assert table.find(UrgentOrder()) == "order"
    assert table.find(Invoice()) is None


def test_an_ordinary_method_for_any_message_takes_nothing_from_on_message() -> None:
    class Op(BusinessOperation):
        def render(self, message: Message): ...
        def check(self, model: BaseModel): ...

        def on_message(self, request): ...

    table = DispatchTable.of(Op)
    assert table.find(Order()) is None
    assert table.find(Invoice()) is None
    assert table.find(Message()) == "render"


def test_a_handler_given_by_name_finds_the_class() -> None:
    class Op(BusinessOperation):
        @handler(key(Order), f"{__name__}.Outer.Inner")
        def take(self, request): ...

    table = DispatchTable.of(Op)
    assert table.find(Order()) == "take"
    assert table.find(UrgentOrder()) == "take"
    assert table.find(Outer.Inner()) == "take"
    assert table.find(Cancel()) is None


def test_a_nested_class_may_be_named_without_the_outer_one() -> None:
    class Op(BusinessOperation):
        @handler(f"{__name__}.Inner")
        def take(self, request): ...

    assert DispatchTable.of(Op).find(Outer.Inner()) == "take"


def test_classes_of_the_same_short_name_are_told_apart() -> None:
    class Op(BusinessOperation):
        @handler(Outer.Order)
        def nested(self, request): ...

    class Both(Op):
        @handler(Order)
        def top(self, request): ...

    assert DispatchTable.of(Op).find(Order()) is None
    assert DispatchTable.of(Both).find(Order()) == "top"
    assert DispatchTable.of(Both).find(Outer.Order()) == "nested"
    assert DispatchTable.of(Both).warnings == ()

    class Top(BusinessOperation):
        @handler(Order)
        def top(self, request): ...

    assert DispatchTable.of(Top).find(Outer.Order()) is None


def test_a_class_defined_anew_is_still_handled() -> None:
    class Op(BusinessOperation):
        @handler(Cancel)
        def take(self, request): ...

    reloaded = type("Cancel", (Message,), {"__module__": __name__, "__qualname__": "Cancel"})
    try:
        assert DispatchTable.of(Op).find(reloaded()) == "take"
    finally:
        MESSAGE_CLASSES.register(Cancel)


@pytest.mark.parametrize("message", [None, "", 5, object()])
def test_what_is_no_message_has_no_handler(message: object) -> None:
    class Op(BusinessOperation):
        def take(self, request: Order): ...

    assert DispatchTable.of(Op).find(message) is None


def native(class_name: str, *, module: str = "iris", ask: str = "_ClassName") -> object:
    python_class = type("IRISObject", (), {"__module__": module, ask: lambda self, full: class_name})
    return python_class()


@pytest.mark.parametrize("named", ["Ens.StringRequest", "iris.Ens.StringRequest"])
@pytest.mark.parametrize("ask", ["_ClassName", "%ClassName"])
def test_native_objects_are_found_by_their_iris_class(named: str, ask: str) -> None:
    class Op(BusinessOperation):
        @handler(named)
        def take(self, request): ...

    table = DispatchTable.of(Op)
    message = native("Ens.StringRequest", ask=ask)
    other = native("Ens.StringResponse", ask=ask)
    assert table.find(message) == "take"
    assert table.find(other) is None


def test_one_python_type_can_stand_for_many_iris_classes() -> None:
    class Native:
        __module__ = "iris"

        def __init__(self, name: str) -> None:
            self.name = name

        def _ClassName(self, full: int) -> str:
            return self.name

    class Op(BusinessOperation):
        @handler(Native("Ens.A"))  # type: ignore[arg-type]
        def a(self, request): ...

        @handler("Ens.B")
        def b(self, request): ...

    table = DispatchTable.of(Op)
    assert [table.find(Native(name)) for name in ("Ens.A", "Ens.B", "Ens.C")] == ["a", "b", None]


def test_native_classes_can_be_given_as_types() -> None:
    request = type("StringRequest", (), {"__module__": "iris.Ens"})

    class Op(BusinessOperation):
        def take(self, request: request): ...  # type: ignore[valid-type]

    assert entries(Op) == [("Ens.StringRequest", "take")]
    assert DispatchTable.of(Op).find(request()) == "take"
