"""Components send to a port of the production; it is resolved before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from iop import BusinessOperation, Message, Production
from iop_core.errors import RequestFailedError
from iop_testing import run_production


@dataclass
class Text(Message):
    text: str = ""


class Upper(BusinessOperation):
    def on_message(self, request: Text) -> Text:
        return Text(request.text.upper())


def relay(prod: Production) -> None:
    """Add an operation that sends what it gets to the port ``Relay.Out``."""

    class Relay(BusinessOperation):
        def on_message(self, request: Text) -> object:
            return self.send_request_sync(port, request)  # type: ignore[arg-type]  # a port is taken, too

    port = prod.operation("Relay", Relay).port("Out")
    prod.operation("Upper", Upper)


def test_a_port_stands_for_the_item_that_it_leads_to() -> None:
    prod = Production("Test.Ports")
    relay(prod)
    prod.connect("Relay.Out", "Upper")
    with run_production(prod) as run:
        assert run.call("Relay", Text("a")).text == "A"
        assert [header.target for header in run.messages(type="Request")] == ["Relay", "Upper"]


@pytest.mark.parametrize(
    ("targets", "error"),
    [
        ([], "Production target setting is not connected: Relay.Out"),
        (["Upper", "Relay"], "Production target setting is ambiguous: Relay.Out resolves to multiple targets"),
    ],
)
def test_nothing_is_sent_to_a_port_that_does_not_resolve(targets: list[str], error: str) -> None:
    prod = Production("Test.Ports")
    relay(prod)
    for target in targets:
        prod.connect_add("Relay.Out", target)
    with run_production(prod) as run:
        with pytest.raises(RequestFailedError) as raised:
            run.call("Relay", Text("a"))
        assert error in str(raised.value)
        assert [header.target for header in run.messages(type="Request")] == ["Relay"]
