import enum
import functools
from dataclasses import dataclass
from typing import Any, Optional, Union

import pytest
from pydantic import BaseModel

from iop_core.dispatch import DispatchTable, handler
from iop_core.errors import DispatchError, IopError, MessageTypeError
from iop_core.messages import Message
from iop_core.operations import BusinessOperation
from iop_core.pydantic_messages import PydanticMessage


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


@pytest.mark.parametrize("message", [Order, Invoice, Plain, Outer.Inner, Message, PydanticMessage])
def test_takes_every_kind_of_message_class(message: type) -> None:
    class Op(BusinessOperation):
        @handler(message)
        def take(self, request): ...

    assert entries(Op) == [(key(message), "take")]
    assert DispatchTable.of(Op).find(message()) == "take"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("orders.messages.CreateOrder", "orders.messages.CreateOrder"),
        ("__main__.X", "__main__.X"),
        ("iris.Ens.StringRequest", "Ens.StringRequest"),
        ("%Net.HttpRequest", "%Net.HttpRequest"),
    ],
)
def test_takes_names_with_their_module(name: str, shown: str) -> None:
    class Op(BusinessOperation):
        @handler(name)
        def take(self, request): ...

    assert entries(Op) == [(shown, "take")]


@pytest.mark.parametrize(
    "given",
    [
        "", " ", "CreateOrder", "iris.Bare", "a b.C", "a.C[int]", "a.'C'", ".C", "a.", "a..C", "1a.C", None, int, str,
        object, dict, Any, 5, Order(), Plain(), Optional[Order], list[Order], Union[Order, Cancel], Order | Cancel,
        lambda: None, [Order], (Order, Cancel), enum.Enum,
    ],
)  # fmt: skip
def test_refuses_what_is_no_message_type(given: object) -> None:
    with pytest.raises(MessageTypeError, match="message class") as caught:
        handler(given)  # type: ignore[arg-type]
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, IopError)
    assert repr(given) in str(caught.value)


def test_wants_at_least_one_type() -> None:
    with pytest.raises(TypeError):
        handler()


def test_gives_back_the_same_function() -> None:
    def take(self, request): ...

    assert handler(Order)(take) is take


def test_refuses_to_decorate_what_is_no_method() -> None:
    with pytest.raises(DispatchError, match="no method"):
        handler(Order)(property(lambda self: 1))  # type: ignore[type-var]
    with pytest.raises(DispatchError, match="no method"):
        handler(Order)(Order)


def test_several_types_and_stacked_decorators() -> None:
    class Op(BusinessOperation):
        @handler(Order)
        @handler(Cancel, "a.B")
        def take(self, request): ...

    assert entries(Op) == [(key(Order), "take"), (key(Cancel), "take"), ("a.B", "take")]
    assert DispatchTable.of(Op).find(Cancel()) == "take"


def test_private_static_and_class_methods_can_be_handlers() -> None:
    class Op(BusinessOperation):
        @handler(Order)
        def _take(self, request: int): ...

        @handler(Cancel)
        @staticmethod
        def above(request): ...

        @staticmethod
        @handler(Invoice)
        def below(request): ...

        @classmethod
        @handler(Plain)
        def of_class(cls, request): ...

    found = [DispatchTable.of(Op).find(message) for message in (Order(), Cancel(), Invoice(), Plain())]
    assert found == ["_take", "above", "below", "of_class"]


def test_a_wrapping_decorator_keeps_the_handler() -> None:
    def retried(function):
        @functools.wraps(function)
        def run(*args, **kwargs):
            return function(*args, **kwargs)

        return run

    class Op(BusinessOperation):
        @retried
        @handler(Order)
        def take(self, request): ...

        @retried
        def typed(self, request: Cancel): ...

    assert entries(Op) == [(key(Order), "take"), (key(Cancel), "typed")]
