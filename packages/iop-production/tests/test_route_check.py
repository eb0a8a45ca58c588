"""Routes whose target cannot take what is sent, found without running anything."""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from pydantic import BaseModel
from typing_extensions import Self

from iop_core import (
    BusinessOperation,
    BusinessProcess,
    BusinessService,
    Message,
    PollingBusinessService,
    handler,
    setting,
    target,
)
from iop_production import Production, ProductionValidationError, ProductionValidationWarning


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


class Invoice(BaseModel):
    total: int = 0


class Orders(BusinessOperation):
    @handler(Order)
    def order(self, request: Order) -> None: ...


class RushOrders(BusinessOperation):
    @handler(RushOrder)
    def order(self, request: RushOrder) -> None: ...


class Anything(BusinessOperation):
    def on_message(self, request: Order) -> None: ...


class Deaf(BusinessOperation):
    pass


class Sender(PollingBusinessService):
    """Base of the senders of these tests."""

    Output = target()
    Other = target()
    Mode = setting("")


def issues(sender: type, receiver: type = Orders, kind: str = "service", **settings: object) -> list[tuple[str, str]]:
    """Return kind of mistake and its text for a sender whose port leads to a receiver."""
    prod = Production("P")
    source = prod.component("S", sender, kind=kind, settings=settings)  # type: ignore[arg-type]
    prod.operation("R", receiver)
    if "Output" not in settings and "Output" in source.ports:
        source.connect("Output", "R")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ProductionValidationWarning)
        return [(issue.path, issue.message) for issue in prod.validate().issues if issue.kind == "route"]


def mistakes(sender: type, receiver: type = Orders, kind: str = "service", **settings: object) -> list[str]:
    return [text.partition(") ")[2] for _, text in issues(sender, receiver, kind, **settings)]


def make_cancel() -> Cancel:
    return Cancel()


def test_text_of_a_mismatch() -> None:
    class Wrong(Sender):
        def on_poll(self) -> None:
            self.send_request_async(self.Output, Cancel("1"))

    line = Wrong.on_poll.__code__.co_firstlineno + 1
    prod = Production("P")
    prod.service("S", Wrong).connect("Output", prod.operation("R", Orders))
    with pytest.raises(ProductionValidationError) as caught:
        prod.validate(strict=True)
    module = __name__
    assert str(caught.value) == (
        "Production validation: P\n"
        "  route items.S.settings.Host.Output: "
        f"Wrong.on_poll (test_route_check.py:{line}) sends {module}.Cancel to 'R', "
        f"and Orders takes {module}.Order. Add a method with @handler(Cancel) to Orders, or send to an "
        "item that takes Cancel."
    )


class Plain(Sender):
    def on_poll(self) -> None:
        self.send_request_async(self.Output, Cancel("1"))


class ByKeyword(Sender):
    def on_poll(self) -> None:
        self.send_request_sync(request=Cancel(), target=self.Output, timeout=3)


class ByVariable(Sender):
    def on_poll(self) -> None:
        port = self.Output
        message = Cancel()
        self.send_request_async(port, message)


class ByClassVariable(Sender):
    def on_poll(self) -> None:
        kind = Cancel
        self.send_request_async(self.Output, kind())


class ByFunction(Sender):
    def on_poll(self) -> None:
        self.send_request_async(self.Output, make_cancel())


class ByOwnMethod(Sender):
    def on_poll(self) -> None:
        self.send_request_async(self.Output, self.make())

    def make(self) -> Annotated[Cancel, "always"]:
        return Cancel()


class ByClassMethod(Sender):
    def on_poll(self) -> None:
        self.send_request_async(self.Output, Other.parse("x"))


@dataclass
class Other(Cancel):
    @classmethod
    def parse(cls, text: str) -> Self:
        return cls(text)


class ByCopy(Sender):
    def on_poll(self) -> None:
        self.send_request_async(self.Output, copy.copy(Cancel()))


class ByHelper(Sender):
    def on_poll(self) -> None:
        for row in self.adapter.rows():
            if row.startswith("x"):
                self.forward(row)

    def forward(self, row: str) -> None:
        self.send_request_async(self.Output, Cancel(row))


class ByBranches(Sender):
    def on_process_input(self, message_input: Any) -> None:
        self.send_request_async(self.Output, Cancel() if message_input.old else Invoice())


class ByMulti(Sender):
    def on_poll(self) -> None:
        self.send_request_multi = 1
        self.send_multi_request_sync([(self.Output, Order()), (self.Output, Cancel())])


class ByText(Sender):
    def on_poll(self) -> None:
        self.send_request_async("R", Cancel())


class BySetting(Sender):
    Name = "R"

    def on_poll(self) -> None:
        self.send_request_async(self.Name, Cancel())


class ByModel(Sender):
    def on_poll(self) -> None:
        self.send_request_async(self.Output, Invoice(total=1))


class ByInheritance(Plain):
    pass


class BySuper(Plain):
    def on_poll(self) -> None:
        super().on_poll()


class ByCallback(BusinessService):
    Output = target()

    def on_init(self) -> None:
        self.adapter.listen(self.receive)

    def receive(self, data: bytes) -> None:
        if not data:
            return
        self.send_request_async(self.Output, Cancel(data.decode()))


class AfterFailure(Sender):
    def on_process_input(self, message_input: Any) -> None:
        try:
            int(message_input)
        except ValueError as error:
            self.send_request_async(self.Output, Cancel(str(error)))


class InMatch(Sender):
    def on_process_input(self, message_input: Any) -> None:
        match message_input:
            case "cancel":
                self.send_request_async(self.Output, Cancel())
            case _:
                self.send_request_async(self.Output, Order())


WRONG = [
    Plain, ByKeyword, ByVariable, ByClassVariable, ByFunction, ByOwnMethod, ByClassMethod, ByCopy, ByHelper, ByBranches,
    ByMulti, ByText, BySetting, ByModel, ByInheritance, BySuper, ByCallback, AfterFailure, InMatch,
]  # fmt: skip


@pytest.mark.parametrize("sender", WRONG, ids=lambda cls: cls.__name__)
def test_mismatch_is_found(sender: type) -> None:
    found = mistakes(sender)
    assert len(found) == 1, found
    assert found[0].endswith(f"to 'R', and Orders takes {__name__}.Order.")
    assert mistakes(sender, Anything) == []


class Routing(BusinessProcess):
    Output = target()

    @handler(Order)
    def order(self, request: Order) -> None:
        self.send_request_async(self.Output, request)


class Typed(BusinessProcess):
    Output = target()

    def on_request(self, request: Order) -> None:
        self.send_request_async(self.Output, request)


@pytest.mark.parametrize("sender", [Routing, Typed])
def test_request_that_is_passed_on_has_the_type_of_its_handler(sender: type) -> None:
    class Cancels(BusinessOperation):
        @handler(Cancel)
        def cancel(self, request: Cancel) -> None: ...

    assert len(mistakes(sender, Cancels, "process")) == 1
    assert mistakes(sender, Orders, "process") == []
    # A derived order can come in, and then it fits.
    assert mistakes(sender, RushOrders, "process") == []


def test_receivers() -> None:
    class Base(BusinessOperation):
        @handler(Cancel)
        def cancel(self, request: Cancel) -> None: ...

    class ByName(BusinessOperation):
        @handler("somewhere.else.Cancel")
        def cancel(self, request: Any) -> None: ...

    class ByTypedMethod(BusinessOperation):
        def cancel(self, request: Order | Cancel) -> None: ...

    class ByTable(BusinessOperation):
        DISPATCH = ((Cancel, "cancel"),)

        def cancel(self, request: Any) -> None: ...

    class Derived(Base):
        def cancel(self, request: Any) -> None: ...

    class Late(BusinessOperation):
        def on_init(self) -> None:
            self.on_message = print  # type: ignore[assignment]

    class Process(BusinessProcess):
        def on_request(self, request: Any) -> None: ...

    for receiver in (Base, ByName, ByTypedMethod, ByTable, Derived, Late, Process, Anything):
        assert mistakes(Plain, receiver) == [], receiver
    assert mistakes(Plain, Deaf)[0].endswith("and Deaf takes no message at all.")


def test_services_are_called_by_their_input_hooks_only() -> None:
    class Inert(BusinessService):
        @handler(Cancel)
        def cancel(self, request: Cancel) -> None: ...

    class Takes(BusinessService):
        def on_message(self, request: Any) -> None: ...

    assert mistakes(Plain, Inert)[0].endswith("and Inert takes no message at all.")
    assert mistakes(Plain, Takes) == []


def test_port_that_is_not_connected() -> None:
    class Open(Sender):
        def on_poll(self) -> None:
            self.send_request_async(self.Other, Order())

    class Guarded(Sender):
        def on_poll(self) -> None:
            if self.Other:
                self.send_request_async(self.Other, Order())

    class Leaving(Sender):
        def on_poll(self) -> None:
            if not self.Other:
                return
            self.send_request_async(self.Other, Order())

    class Trying(Sender):
        def on_poll(self) -> None:
            try:
                self.send_request_async(self.Other, Order())
            except ValueError:
                pass

    assert mistakes(Open) == ["sends to port 'Other', which is not connected."]
    assert mistakes(Open, Other="R") == []
    for careful in (Guarded, Leaving, Trying):
        assert mistakes(careful) == [], careful


def test_disabled_item_sends_nothing() -> None:
    prod = Production("P")
    prod.service("S", Plain, enabled=False)
    assert not prod.validate(strict=True).has_issues


def test_text_that_names_no_item() -> None:
    class Literal(BusinessService):
        def on_message(self, request: Any) -> None:
            self.send_request_async("R, Recieved", Order())
            self.send_request_async("Ens.Alert", Order())

    prod = Production("P")
    prod.service("S", Literal)
    prod.operation("R", Orders)
    prod.operation("Received", Orders)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        prod.validate()
    assert [str(one.message).partition(") ")[2] for one in caught] == [
        "sends to 'Recieved', and the production has no item of that name. Did you mean 'Received'?"
    ]


def test_port_that_the_class_does_not_have() -> None:
    prod = Production("P")
    source = prod.service("S", Sender)
    out = prod.operation("R", Orders)
    prod.connect(source.port("Outptu"), out)
    prod.connect(source.port("Nope"), out)
    with pytest.raises(ProductionValidationError) as caught:
        prod.validate(strict=True)
    nope, outptu = (issue.to_dict() for issue in caught.value.report.issues)
    assert outptu["kind"] == "route"
    assert outptu["path"] == "items.S.settings.Host.Outptu"
    assert outptu["suggestion"] == "Did you mean 'Output'?"
    assert nope["message"].startswith("Sender has neither a port nor a setting of that name")
    assert nope["suggestion"] == "Ports of Sender: Output, Other."
    # What only IRIS knows can have any port.
    other = Production("P")
    other.connect(other.service("S", class_name="D.S").port("Nope"), other.operation("R", Orders))
    assert not other.validate(strict=True).has_issues


def test_pool_below_zero_and_handlers_that_cannot_work() -> None:
    class Broken(BusinessOperation):
        DISPATCH = ((Order, "gone"),)

    prod = Production("P")
    prod.operation("R", Broken, pool_size=-1)
    with pytest.raises(ProductionValidationError) as caught:
        prod.validate(strict=True)
    texts = [str(issue) for issue in caught.value.report.issues]
    assert texts[0] == "item items.R.pool_size: Value -1 is not a whole number from 0 up."
    assert "Broken cannot dispatch to 'gone': there is no such method" in texts[1]


def test_validation_runs_no_code_of_components() -> None:
    class Explosive(Sender):
        @property
        def boom(self) -> str:
            raise RuntimeError("run")

        def on_poll(self) -> None:
            self.send_request_async(self.Output, explode())
            self.send_request_async(self.boom, Cancel())

    def explode() -> Cancel:
        raise RuntimeError("run")

    assert len(mistakes(Explosive)) == 1
