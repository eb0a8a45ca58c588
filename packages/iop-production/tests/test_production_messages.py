"""Persistent messages that are registered with a production, and the lists of what is registered."""

from __future__ import annotations

import copy
import re

import pytest

from iop_core import BusinessOperation, InboundAdapter, PersistentMessage, PollingBusinessService
from iop_core.errors import ProductionError, ProductionTypeError
from iop_core.persistent.classes import PERSISTENT_CLASSES
from iop_production import PersistentMessageRegistration, Production


class Order(PersistentMessage):
    order_id: str = ""


class Other(PersistentMessage):
    other_id: str = ""


class Named(PersistentMessage):
    named_id: str = ""

    class Meta:
        classname = "Demo.Own.Named"


class Inbound(InboundAdapter):
    pass


class Poll(PollingBusinessService):
    pass


class Out(BusinessOperation):
    pass


def test_message_is_recorded_once_and_not_deployed_with_the_items() -> None:
    prod = Production("P")
    before = prod.to_dict()
    assert prod.message(" Demo.Order ", Order) is prod
    prod.message("Demo.Order", Order).message("Demo.Other", Other, sync_schema=False)
    assert prod.message_registrations() == (
        PersistentMessageRegistration("Demo.Order", Order),
        PersistentMessageRegistration("Demo.Other", Other, sync_schema=False),
    )
    assert prod.to_dict() == before
    copied = copy.deepcopy(prod).message("Demo.Own.Named", Named)
    assert (len(copied.message_registrations()), len(prod.message_registrations())) == (3, 2)
    assert Production.from_dict(prod.to_dict()).message_registrations() == ()


@pytest.mark.parametrize(
    ("name", "message_class", "options", "error", "text"),
    [
        ("", Other, {}, ValueError, "PersistentMessage IRIS classname is required"),
        (None, Other, {}, ValueError, "PersistentMessage IRIS classname is required"),
        ("  ", Other, {}, ValueError, "PersistentMessage IRIS classname is required"),
        ("Demo.X", str, {}, TypeError, "msg_cls must be a concrete PersistentMessage subclass"),
        ("Demo.X", Other(), {}, TypeError, "msg_cls must be a concrete PersistentMessage subclass"),
        ("Demo.X", PersistentMessage, {}, TypeError, "msg_cls must be a concrete PersistentMessage subclass"),
        ("Demo.Order", Other, {}, ValueError, "PersistentMessage IRIS classname already registered: Demo.Order"),
        ("demo.order", Other, {}, ValueError, "PersistentMessage IRIS classname already registered: demo.order"),
        ("Demo.X", Order, {}, ValueError, "PersistentMessage class already registered with IRIS classname Demo.Order"),
        (
            "Demo.Order",
            Order,
            {"sync_schema": False},
            ValueError,
            "PersistentMessage registration has conflicting sync_schema for Demo.Order",
        ),
        ("Demo.X", Named, {}, ValueError, "has Meta.classname 'Demo.Own.Named'"),
        ("no spaces", Other, {}, ValueError, "no spaces"),
    ],
)
def test_message_that_contradicts_is_refused(name, message_class, options, error, text) -> None:
    prod = Production("P").message("Demo.Order", Order)
    with pytest.raises(error, match=re.escape(text)) as raised:
        prod.message(name, message_class, **options)
    assert isinstance(raised.value, (ProductionError, ProductionTypeError))
    assert len(prod.message_registrations()) == 1


def test_definition_makes_messages_known_in_this_process() -> None:
    with PERSISTENT_CLASSES.preserved():
        prod = Production("P").message("Demo.Msg.Order", Order)
        assert PERSISTENT_CLASSES.find("Demo.Msg.Order") is None
        prod.definition()
        assert PERSISTENT_CLASSES.find("Demo.Msg.Order") is Order
        assert PERSISTENT_CLASSES.name_of(Order) == "Demo.Msg.Order"


def test_lists_of_what_is_registered() -> None:
    prod = Production("P")
    poll = prod.service(Poll, adapter_class=Inbound)
    out = prod.operation(Out)
    prod.operation("Iris", class_name="EnsLib.File.PassthroughOperation", adapter_class="EnsLib.File.OutboundAdapter")
    assert prod.component_registrations() == (poll, out)
    assert prod.adapter_registrations() == (poll,)


def test_messages_are_registered_before_components_and_adapters(director_of, tmp_path) -> None:
    class Recorder(director_of):
        def register_component(self, *arguments, **records) -> None:
            self.calls.append(f"register {arguments[4]}")

    prod = Production("P").message("Demo.Order", Order)
    prod.service(Poll, adapter_class=Inbound)
    prod.with_director(Recorder(Production("P")))
    prod.apply(backup_dir=tmp_path)
    expected = ["register Demo.Order", *(f"register {name}" for name in (prod.item("Poll").class_name,))]
    found = [call for call in prod.director.calls if call.startswith("register ")]
    assert found[:2] == expected
    assert found[2].endswith(".Inbound")
    prod.director.calls.clear()
    prod.sync()
    assert [call for call in prod.director.calls if call.startswith("register ")] == found
