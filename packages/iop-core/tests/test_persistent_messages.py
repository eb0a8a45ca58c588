"""Persistent messages: their bytes, their names on IRIS, and what is known of them there."""

from __future__ import annotations

import sys
import types
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop import Field, Message, Model, PersistentMessage
from iop_core.bodies import BodyCodec
from iop_core.errors import (
    IrisNameError,
    MessageDefinitionError,
    PersistentMessageError,
    SerializationError,
)
from iop_core.headers import Body
from iop_core.message_types import is_message_class
from iop_core.persistent.classes import (
    PERSISTENT_CLASSES,
    check_persistent_message_class,
    class_parameters,
    find_class_of_iris_object,
    find_schema,
    register_persistent_message_class,
)
from iop_core.persistent.serializer import PersistentSerializer
from iop_core.registry import class_name_of


class Line(Model, serial=True):
    sku: str
    note: Optional[str] = None


class Order(PersistentMessage):
    number: str = Field(required=True, max_length=8)
    total: float = 0.0
    scratch: str = Field(default="", transient=True)
    line: Line = None


class Everything(PersistentMessage):
    text: Optional[str] = None
    whole: Optional[int] = None
    ratio: Optional[float] = None
    flag: Optional[bool] = None
    data: Optional[bytes] = None
    buffer: Optional[bytearray] = None
    price: Optional[Decimal] = None
    moment: Optional[datetime] = None
    day: Optional[date] = None
    hour: Optional[time] = None
    tree: Optional[dict] = None
    array: Optional[list] = None
    names: Optional[list[str]] = None
    prices: Optional[dict[str, Decimal]] = None
    lines: Optional[list[Line]] = None


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
INTEGERS = st.integers(-(2**63), 2**63 - 1)
JSON = st.recursive(
    st.none() | st.booleans() | INTEGERS | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
ZONES = st.none() | st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
VALUES = {
    "text": TEXT,
    "whole": INTEGERS,
    "ratio": st.floats(allow_nan=False),
    "flag": st.booleans(),
    "data": st.binary(),
    "buffer": st.binary().map(bytearray),
    "price": st.decimals(allow_nan=False),
    "moment": st.datetimes(timezones=ZONES),
    "day": st.dates(),
    "hour": st.times(),
    "tree": st.dictionaries(TEXT, JSON, max_size=3),
    "array": st.lists(JSON, max_size=3),
    "names": st.lists(TEXT, max_size=3),
    "prices": st.dictionaries(TEXT, st.decimals(allow_nan=False), max_size=3),
    "lines": st.lists(st.builds(Line, sku=TEXT, note=st.none() | TEXT), max_size=3),
}
MESSAGES = st.builds(Everything, **{name: st.none() | values for name, values in VALUES.items()})


@given(MESSAGES)
def test_every_message_comes_back(message: Everything) -> None:
    codec = BodyCodec()
    body = codec.encode(message)
    assert body.serializer == "persistent"
    found: Any = codec.decode(body)
    assert found == message
    assert [type(value) for value in vars(found).values()] == [type(value) for value in vars(message).values()]


def test_bytes_are_an_object_of_the_stored_fields() -> None:
    body = BodyCodec().encode(Order(number="A1", total=5, scratch="x", line=Line(sku="é")))
    assert body.payload.decode() == '{"number":"A1","total":5.0,"line":{"sku":"é","note":null}}'
    assert body.class_name == class_name_of(Order)
    assert BodyCodec().decode(body) == Order(number="A1", total=5.0, line=Line(sku="é"))


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_infinite_numbers_come_back(value: float) -> None:
    codec = BodyCodec()
    assert codec.decode(codec.encode(Everything(ratio=value))) == Everything(ratio=value)


def test_stored_body_gives_its_id() -> None:
    order: Any = BodyCodec().decode(Body(class_name_of(Order), "persistent", b'{"number":"A1"}', 17))
    assert (order.pk, order.get_iris_id()) == ("17", "17")
    assert order == Order(number="A1")


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"number": 5}, TypeError, "Order.number: expected str, got int"),
        ({"number": None}, ValueError, "Order.number: null is not allowed"),
        ({"number": "A" * 9}, ValueError, "Order.number: is 9 long, max_length is 8"),
        ({"nummer": "A2"}, TypeError, r"Order.nummer: is no field \(did you mean 'number'\?\) and would be lost"),
    ],
)
def test_checked_again_before_it_is_sent(change: dict[str, object], error: type[Exception], text: str) -> None:
    order = Order(number="A1")
    for name, value in change.items():
        setattr(order, name, value)
    with pytest.raises(error, match=text) as caught:
        BodyCodec().encode(order)
    assert isinstance(caught.value, SerializationError)


@pytest.mark.parametrize("payload", [b"", b"\xff", b"{", b"[]", b"null", b"[" * 100_000], ids=lambda p: repr(p[:5]))
def test_foreign_bytes_are_refused(payload: bytes) -> None:
    with pytest.raises(SerializationError, match="Order"):
        PersistentSerializer().codec_for(Order).decode(payload)


def test_what_was_stored_stays_readable(caplog: pytest.LogCaptureFixture) -> None:
    decode = PersistentSerializer().codec_for(Order).decode
    assert decode(b'{"number":"A1","dropped":5}') == Order(number="A1")
    order: Any = decode(b'{"total":"much"}')
    assert (order.number, order.total) == (None, "much")
    decode(b'{"total":"more"}')
    assert [record.message for record in caplog.records if "total" in record.message] == [
        f"{class_name_of(Order)}.total keeps a stored value that does not fit: "
        "could not convert string to float: 'much'"
    ]


def test_what_the_serializer_accepts() -> None:
    serializer = PersistentSerializer()
    assert serializer.accepts(Order)
    assert not any(serializer.accepts(other) for other in (PersistentMessage, Message, Line, int))
    with pytest.raises(MessageDefinitionError, match="not a subclass of PersistentMessage"):
        serializer.codec_for(Line)
    assert is_message_class(Order)
    assert not is_message_class(PersistentMessage)


def test_name_is_derived_from_the_python_name() -> None:
    class Local(PersistentMessage): ...

    class Named(PersistentMessage):
        class Meta:
            classname = "Demo.Msg.Named"

    class Sub(Named): ...

    expected = f"{__name__}.test_name_is_derived_from_the_python_name.<locals>.Local".replace("_", "zU")
    expected = expected.replace("-", "zX2Dz").replace("<", "zX3Cz").replace(">", "zX3Ez")
    assert PERSISTENT_CLASSES.name_of(Local) == expected
    assert PERSISTENT_CLASSES.name_of(Named) == "Demo.Msg.Named"
    assert PERSISTENT_CLASSES.find("Demo.Msg.Named") is Named
    assert PERSISTENT_CLASSES.name_of(Sub).endswith(".Sub")


def test_registering_again_replaces_the_name() -> None:
    class Moved(PersistentMessage): ...

    register_persistent_message_class(Moved, "Demo.Msg.First")
    register_persistent_message_class(Moved, "Demo.Msg.Second")
    assert PERSISTENT_CLASSES.find("Demo.Msg.First") is None
    assert PERSISTENT_CLASSES.find("Demo.Msg.Second") is Moved
    assert PERSISTENT_CLASSES.name_of(Moved) == "Demo.Msg.Second"


def test_registration_is_refused() -> None:
    class Fixed(PersistentMessage):
        class Meta:
            classname = "Demo.Msg.Fixed"

    class Other(PersistentMessage): ...

    with pytest.raises(IrisNameError, match=r"Meta.classname 'Demo.Msg.Fixed'.*'Demo.Msg.Else'"):
        register_persistent_message_class(Fixed, "Demo.Msg.Else")
    with pytest.raises(ValueError, match="'' is no name"):
        register_persistent_message_class(Other, "")
    with pytest.raises(IrisNameError, match=r"'demo.msg.fixed' cannot stand for .*Other: 'Demo.Msg.Fixed' already"):
        register_persistent_message_class(Other, "demo.msg.fixed")
    with pytest.raises(TypeError, match="not a subclass of PersistentMessage"):
        register_persistent_message_class(Line, "Demo.Msg.Line")
    with pytest.raises(TypeError, match="not a subclass of PersistentMessage"):
        check_persistent_message_class(5, "Demo.Msg.Line")
    assert PERSISTENT_CLASSES.find("Demo.Msg.Else") is None


def test_two_classes_cannot_share_a_name() -> None:
    class First(PersistentMessage):
        class Meta:
            classname = "Demo.Msg.Shared"

    assert PERSISTENT_CLASSES.name_of(First) == "Demo.Msg.Shared"
    with pytest.raises(IrisNameError, match="already stands for"):

        class Second(PersistentMessage):
            class Meta:
                classname = "Demo.Msg.Shared"


def test_parameters_on_iris(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("shop.messages.orders")
    module.__file__ = str(tmp_path / "shop" / "messages" / "orders.py")
    monkeypatch.setitem(sys.modules, module.__name__, module)

    class Priced(PersistentMessage):
        __module__ = module.__name__

        class Meta:
            parameters = {"OWNER": "shop"}

    assert class_parameters(Priced) == {
        "OWNER": "shop",
        "IOP_MESSAGE_KIND": "PersistentMessage",
        "IOP_PYTHON_CLASS": class_name_of(Priced),
        "IOP_PYTHON_CLASSPATH": str(tmp_path),
    }


def test_class_of_an_iris_object() -> None:
    name = class_name_of(Order)
    parameters = {"IOP_MESSAGE_KIND": "PersistentMessage", "IOP_PYTHON_CLASS": name}
    assert find_class_of_iris_object(PERSISTENT_CLASSES.name_of(Order), {}) is Order
    assert find_class_of_iris_object("Any.Name", parameters) is Order
    assert find_class_of_iris_object("Ens.StringRequest", {}) is None
    assert find_class_of_iris_object(PERSISTENT_CLASSES.name_of(Order) + "zz", {}) is None
    with pytest.raises(
        PersistentMessageError, match=r"Demo.Any stands for .*no.Such, which could not be imported.*CLASSES"
    ):
        find_class_of_iris_object("Demo.Any", {**parameters, "IOP_PYTHON_CLASS": "no.Such"})
    plain = type("Plain", (Message,), {})
    with pytest.raises(PersistentMessageError, match="not a PersistentMessage subclass"):
        find_class_of_iris_object("Demo.Any", {**parameters, "IOP_PYTHON_CLASS": class_name_of(plain)})


@pytest.mark.parametrize(
    ("meta", "is_synced", "is_synced_on_request"),
    [
        ({}, True, True),
        ({"mode": "managed"}, True, True),
        ({"mode": "observe"}, False, False),
        ({"auto_sync": False}, False, True),
        ({"mode": "observe", "auto_sync": False}, False, False),
    ],
)
def test_who_may_make_the_table(meta: dict[str, Any], is_synced: bool, is_synced_on_request: bool) -> None:
    message_class: Any = type("Synced", (PersistentMessage,), {"Meta": type("Meta", (), meta), "__module__": __name__})
    schema = find_schema(class_name_of(message_class))
    assert schema is not None
    assert schema.may_sync is is_synced
    register_persistent_message_class(message_class, "Demo.Msg.Synced", sync_schema=False)
    assert find_schema(class_name_of(message_class)).may_sync is is_synced
    register_persistent_message_class(message_class, "Demo.Msg.Synced")
    assert find_schema(class_name_of(message_class)).may_sync is is_synced_on_request


def test_schema_of_other_classes() -> None:
    schema = find_schema(class_name_of(Order))
    assert [field.name for field in schema.fields] == ["number", "total", "line"]
    assert find_schema("no.Such") is None
    assert find_schema(class_name_of(type("Plain", (Message,), {}))) is None
