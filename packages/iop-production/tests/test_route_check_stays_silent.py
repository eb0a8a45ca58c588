"""What is not certain is not reported: code that may never run as it looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from typing_extensions import Self

from iop_core import BusinessOperation, BusinessProcess, Message, PollingBusinessService, handler, setting, target
from iop_production import Production


@dataclass
class Order(Message):
    number: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        return cls(text)


@dataclass
class RushOrder(Order):
    pass


@dataclass
class Cancel(Message):
    number: str = ""


class Orders(BusinessOperation):
    @handler(Order)
    def order(self, request: Order) -> None: ...


class Sender(PollingBusinessService):
    """Base of the senders of these tests."""

    Output = target()
    Other = target()
    Mode = setting("")


class Plain(Sender):
    """Wrong, as a test elsewhere shows; what derives from it here is not."""

    def on_poll(self) -> None:
        self.send_request_async(self.Output, Cancel("1"))


def wants_mode() -> bool:
    return True


def make_cancel() -> Cancel:
    return Cancel()


def make_anything() -> Any:
    return Order()


def make_maybe(text: str) -> Cancel | None:
    return Cancel() if text else None


def make_either() -> Cancel | Order:
    return Order()


def make_base() -> Order:
    return RushOrder()


def make_message() -> Message:
    return Order()


def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        return Order(function(*args).number)

    call.__annotations__ = function.__annotations__
    call.__wrapped__ = function  # type: ignore[attr-defined]
    return call


@wrapped
def make_wrapped() -> Cancel:
    return Cancel()


class Factory(Cancel):
    def __new__(cls) -> Any:
        return Order()


FLAG = False
KIND: Any = Order
MESSAGES = {"order": Order}


class Reassigned(Sender):
    def on_poll(self) -> None:
        message: Any = Cancel()
        message = Order()
        self.send_request_async(self.Output, message)


class Conditional(Sender):
    def on_poll(self) -> None:
        message: Any = Order()
        if wants_mode():
            message = Cancel()
        self.send_request_async(self.Output, message)


class ByConfiguration(Sender):
    def on_poll(self) -> None:
        if self.Mode == "cancel":
            self.send_request_async(self.Output, Cancel())
        self.Mode == "cancel" and self.send_request_async(self.Output, Cancel())
        _ = self.send_request_async(self.Output, Cancel()) if self.Mode else None


class ByConstant(Sender):
    def on_poll(self) -> None:
        if FLAG:
            self.send_request_async(self.Output, Cancel())
        while FLAG:
            self.send_request_async(self.Output, Cancel())
        if False:
            self.send_request_async(self.Output, Cancel())


class ByAnswer(Sender):
    def on_poll(self) -> None:
        if wants_mode():
            return
        self.send_request_async(self.Output, Cancel())


class AfterReturn(Sender):
    def on_poll(self) -> None:
        self.send_request_async(self.Output, Order())
        return
        self.send_request_async(self.Output, Cancel())


class NeverCalled(Sender):
    def on_poll(self) -> None:
        def inner() -> None:
            self.send_request_async(self.Output, Cancel())

        self.send_request_async(self.Output, KIND())
        _ = lambda: self.send_request_async(self.Output, Cancel())  # noqa: E731

    def unused(self) -> None:
        self.send_request_async(self.Output, Cancel())


class Dynamic(Sender):
    def on_poll(self) -> None:
        setattr(self, "Output", "")  # noqa: B010
        self.send_request_async(self.Output, Cancel())


class ByGetattr(Sender):
    def on_poll(self) -> None:
        self.send_request_async(getattr(self, "Out" + "put"), Cancel())
        self.send_request_async(self.Output, MESSAGES["order"]())
        self.send_request_async(self.Output, globals()["Order"]())


class PortChanged(Sender):
    def on_init(self) -> None:
        self.Output = "Elsewhere"

    def on_poll(self) -> None:
        self.send_request_async(self.Output, Cancel())


class GivenAway(Sender):
    def on_poll(self) -> None:
        print(self)
        configure(self)
        self.send_request_async(self.Output, Cancel())


def configure(component: Sender) -> None:
    component.Output = "Elsewhere"


class MethodReplaced(Sender):
    def on_init(self) -> None:
        self.make = Order

    def make(self) -> Cancel:
        return Cancel()

    def on_poll(self) -> None:
        self.send_request_async(self.Output, self.make())


class OwnSend(Sender):
    def send_request_async(self, target: Any, request: object, description: str | None = None) -> None:
        super().send_request_async(target, Order())

    def on_poll(self) -> None:
        self.send_request_async(self.Output, Cancel())


class Overriding(Plain):
    def on_poll(self) -> None:
        self.send_request_async(self.Output, Order())


class Unknowns(Sender):
    def on_poll(self) -> None:
        self.send_request_async(self.Output, make_anything())
        self.send_request_async(self.Output, make_maybe(""))
        self.send_request_async(self.Output, make_either())
        self.send_request_async(self.Output, make_wrapped())
        self.send_request_async(self.Output, make_message())
        self.send_request_async(self.Output, Factory())
        self.send_request_async(self.Output, self.send_request_sync(self.Output, Order()))


class Derived(Sender):
    def on_poll(self) -> None:
        self.send_request_async(self.Output, RushOrder())
        self.send_request_async(self.Output, make_base())
        self.send_request_async(self.Output, Order.parse("x"))


class Shadowing(Sender):
    def on_process_input(self, message_input: Any) -> None:
        Cancel = Order
        self.send_request_async(self.Output, Cancel())
        for RushOrder in message_input:
            self.send_request_async(self.Output, RushOrder())
        with message_input as Invoice:
            self.send_request_async(self.Output, Invoice())


class Imported(Sender):
    def on_poll(self) -> None:
        from collections import OrderedDict as Cancel

        self.send_request_async(self.Output, Cancel())


class NoItems(Sender):
    def on_poll(self) -> None:
        for name in self.Mode.split(","):
            self.send_request_async(self.Output, Cancel(name))
        for _ in range(len(self.Mode)):
            self.send_request_async(self.Output, Cancel())
        _ = [self.send_request_async(self.Output, Cancel()) for _ in self.Mode]


class Narrowed(BusinessProcess):
    Output = target()

    def on_request(self, request: Cancel | Order) -> None:
        if isinstance(request, Order):
            self.send_request_async(self.Output, request)


def twice(cls: type) -> Any:
    return type(cls.__name__, (cls,), {"on_poll": lambda self: self.send_request_async(self.Output, Order())})


@twice
class Decorated(Sender):
    def on_poll(self) -> None:
        self.send_request_async(self.Output, Cancel())


def skip(method: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self: None


class DecoratedMethod(Sender):
    @skip
    def on_poll(self) -> None:
        self.send_request_async(self.Output, Cancel())


class Patched(Sender):
    def on_poll(self) -> None:
        self.send_request_async(self.Output, Cancel())


Patched.on_poll = Overriding.on_poll  # type: ignore[method-assign]


class TargetChoice(Sender):
    def on_poll(self) -> None:
        self.send_request_async(self.Output if self.Mode else self.Other, Cancel())
        self.send_request_async(self.Mode or self.Output, Cancel())
        self.send_request_async(f"{self.Mode}x", Cancel())


class NotItself(Sender):
    peer: Any = None

    def on_poll(self) -> None:
        self.peer.send_request_async("R", Cancel())
        print("send", Cancel())


class ImportGuard(Sender):
    def on_poll(self) -> None:
        try:
            import json as reader
        except ImportError:
            self.send_request_async(self.Output, Cancel())
        else:
            self.send_request_async(self.Output, Order(reader.dumps(1)))


class Contradicting(Sender):
    def on_process_input(self, message_input: Any) -> None:
        if message_input.old:
            if not message_input.old:
                self.send_request_async(self.Output, Cancel())
            return
        _ = [] if not message_input.old else [self.send_request_async(self.Output, Cancel())]
        message_input.old and message_input.new and self.send_request_async(self.Output, Cancel())


class Refusing(Sender):
    def on_poll(self) -> None:
        self.require()
        self.send_request_async(self.Output, Cancel())

    def on_init(self) -> None:
        self.send_request_async(self.Output, self.refuse())

    def require(self) -> None:
        if not self.Mode:
            raise ValueError("no mode")

    def refuse(self) -> Cancel:
        raise NotImplementedError


RIGHT = [
    Reassigned, Conditional, ByConfiguration, ByConstant, ByAnswer, AfterReturn, NeverCalled, Dynamic, ByGetattr,
    PortChanged, GivenAway, MethodReplaced, OwnSend, Overriding, Unknowns, Derived, Shadowing, Imported, NoItems,
    Narrowed, Decorated, DecoratedMethod, Patched, TargetChoice, NotItself, ImportGuard, Contradicting, Refusing,
]  # fmt: skip


def validate(sender: type) -> None:
    """Validate a production in which the port of a sender leads to what takes orders alone."""
    prod = Production("P")
    kind = "process" if issubclass(sender, BusinessProcess) else "service"
    source = prod.component("S", sender, kind=kind)  # type: ignore[arg-type]
    source.connect("Output", prod.operation("R", Orders))
    prod.validate(strict=True)


@pytest.mark.parametrize("sender", RIGHT, ids=lambda cls: cls.__name__)
def test_what_is_not_certain_is_not_reported(sender: type) -> None:
    validate(sender)


def test_class_without_source_is_passed_over() -> None:
    made: dict[str, Any] = {"Sender": Sender, "Cancel": Cancel}
    exec("class Made(Sender):\n def on_poll(self):\n  self.send_request_async(self.Output, Cancel())", made)
    validate(made["Made"])


def test_the_same_checks_do_report_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="and Orders takes"):
        validate(Plain)
