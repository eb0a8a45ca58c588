"""Models and persistent messages: how they are declared, built, compared and checked."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, ClassVar, Dict, List, Optional  # noqa: UP035 - users write them
from uuid import UUID

import pytest

from iop import Field, Model, PersistentMessage
from iop_core.errors import MessageDefinitionError, MessageFieldError, MessageValueError
from iop_core.messages import set_iris_id
from iop_core.persistent.definitions import definition_of
from iop_core.persistent.models import superclasses_of
from iop_core.persistent.serializer import PersistentSerializer


class Address(Model, serial=True):
    City: str
    Zip: Optional[str] = None


class OrderMessage(PersistentMessage):
    OrderId: str = Field(required=True, max_length=64)
    Amount: float = 0.0
    ShipTo: Address = None


class Everything(PersistentMessage):
    text: str = ""
    number: int = 0
    ratio: float = 0.0
    flag: bool = False
    data: bytes = b""
    buffer: Optional[bytearray] = None
    price: Decimal = Decimal(0)
    moment: Optional[datetime] = None
    day: Optional[date] = None
    hour: Optional[time] = None
    anything: dict = Field(default_factory=dict)
    many: list = Field(default_factory=list)
    names: List[str] = Field(default_factory=list)
    counts: Dict[str, int] = Field(default_factory=dict)
    stops: list[Address] = Field(default_factory=list)
    maybe: list[int | None] = Field(default_factory=list)
    limited: Annotated[str, Field(max_length=3)] = ""
    shared: ClassVar[int] = 7


class Color(Enum):
    RED = "r"


class Level(IntEnum):
    LOW = 1


class Chosen(PersistentMessage):
    color: Color = Color.RED
    level: Level | None = None
    colors: list[Color] = Field(default_factory=list)
    key: UUID | None = None


class Tree(Model, serial=True):
    name: str
    child: Optional[Tree] = None


def test_signature_is_keyword_only() -> None:
    assert str(inspect.signature(OrderMessage)) == "(*, OrderId, Amount=0.0, ShipTo=None)"


def test_defaults() -> None:
    order = OrderMessage(OrderId="A1")
    assert (order.OrderId, order.Amount, order.ShipTo) == ("A1", 0.0, None)
    assert (order.pk, order.get_iris_id()) == (None, None)
    assert OrderMessage.Amount == 0.0
    assert not hasattr(OrderMessage, "OrderId")


def test_factory_makes_a_new_value_each_time() -> None:
    first, second = Everything(), Everything()
    first.names.append("a")
    assert second.names == []


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({}, TypeError, "OrderMessage needs a value for 'OrderId'"),
        ({"OrderId": "A", "Amont": 1}, TypeError, r"no field 'Amont' \(did you mean 'Amount'\?\)"),
        ({"OrderId": 5}, TypeError, "OrderMessage.OrderId: expected str, got int"),
        ({"OrderId": "A", "Amount": "5"}, TypeError, "Amount: expected float, got str"),
        ({"OrderId": "A", "Amount": True}, TypeError, "Amount: expected float, got bool"),
        ({"OrderId": "A", "Amount": 2**53 + 1}, ValueError, "more digits than a float"),
        ({"OrderId": "A", "ShipTo": {"City": "Delft"}}, TypeError, "ShipTo: expected Address, got dict"),
        ({"OrderId": "A" * 65}, ValueError, "OrderId: is 65 long, max_length is 64"),
        ({"OrderId": None}, ValueError, "OrderId: null is not allowed"),
    ],
)
def test_refused_on_construction(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        OrderMessage(**arguments)
    assert isinstance(caught.value, (MessageFieldError, MessageValueError))


def test_position_is_refused() -> None:
    with pytest.raises(TypeError, match="takes keywords only, got 2 by position"):
        OrderMessage("A1", 5.0)  # type: ignore[misc]


def test_base_classes_are_refused() -> None:
    for base in (PersistentMessage, Model):
        with pytest.raises(TypeError, match=f"{base.__name__} itself has no fields: derive a class"):
            base()


def test_int_stays_an_int_in_a_float_field() -> None:
    assert type(OrderMessage(OrderId="A", Amount=5).Amount) is int


def test_optional_fields_take_none() -> None:
    assert OrderMessage(OrderId="A", Amount=None).Amount is None


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("number", True, "expected int, got bool"),
        ("number", 1.0, "expected int, got float"),
        ("number", 2**63, "64 bits"),
        ("flag", 1, "expected bool, got int"),
        ("data", "a", "expected bytes, got str"),
        ("price", 1.5, "expected Decimal, got float"),
        ("day", datetime(2024, 1, 2), "expected date, got datetime"),
        ("moment", date(2024, 1, 2), "expected datetime, got date"),
        ("text", "\ud800", "surrogate"),
        ("anything", [], "expected dict, got list"),
        ("anything", {1: 2}, r"\[1\]: expected a str key, got int"),
        ("anything", {"a": [1, {2}]}, r"\['a'\]\[1\]: set cannot be kept"),
        ("anything", {"a": float("nan")}, r"\['a'\]: nan cannot be kept"),
        ("many", [(1, 2)], r"\[0\]: tuple cannot be kept"),
        ("names", ["a", 5], r"names\[1\]: expected str, got int"),
        ("names", [None], r"names\[0\]: null is not allowed"),
        ("names", ("a",), "expected list, got tuple"),
        ("counts", {"a": "b"}, r"counts\['a'\]: expected int, got str"),
        ("counts", {5: 5}, "expected a str key, got int"),
        ("stops", [{"City": "Delft"}], r"stops\[0\]: expected Address, got dict"),
        ("limited", "four", "is 4 long, max_length is 3"),
    ],
)
def test_value_that_does_not_fit(field: str, value: object, text: str) -> None:
    with pytest.raises((TypeError, ValueError), match=text):
        Everything(**{field: value})


def test_what_fits() -> None:
    message = Everything(maybe=[1, None], stops=[Address(City="A")], anything={"a": [1, None, True, 1.5, "x", {}]})
    assert message.maybe == [1, None]
    assert message.shared == 7


def test_nested_problem_names_the_way_to_it() -> None:
    address = Address(City="Delft")
    address.City = 5  # type: ignore[assignment]
    with pytest.raises(TypeError, match=r"Everything.stops\[0\].City: expected str, got int"):
        Everything(stops=[address])


def test_derived_model_would_lose_its_fields() -> None:
    class Home(Address):
        Bell: str = ""

    with pytest.raises(TypeError, match="expected Address, got Home"):
        OrderMessage(OrderId="A", ShipTo=Home(City="Delft"))


def test_equality_is_by_value() -> None:
    one, other = (OrderMessage(OrderId="A", ShipTo=Address(City="Delft")) for _ in range(2))
    set_iris_id(one, "17")
    assert one == other
    assert one != OrderMessage(OrderId="B")
    assert one != "A"
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_id_is_shown_and_left_out_of_copies() -> None:
    order = OrderMessage(OrderId="A")
    set_iris_id(order, "17")
    assert (order.pk, order.get_iris_id()) == ("17", "17")
    for other in (copy.copy(order), copy.deepcopy(order), pickle.loads(pickle.dumps(order))):
        assert other == order
        assert other.get_iris_id() is None
    set_iris_id(order, "")
    assert order.get_iris_id() is None


def test_repr() -> None:
    assert repr(OrderMessage(OrderId="A")) == "OrderMessage(OrderId='A', Amount=0.0, ShipTo=None)"


def test_dict_and_back() -> None:
    message = Everything(stops=[Address(City="Delft"), Address(City="Gent", Zip="9000")], counts={"a": 1})
    values = message.to_dict()
    assert values["stops"][1] == {"City": "Gent", "Zip": "9000"}
    assert Everything.from_dict(values) == message
    with pytest.raises(TypeError, match="no field 'x'"):
        OrderMessage.from_dict({"OrderId": "A", "x": 1})


def test_dataclass_and_back() -> None:
    @dataclass
    class Place:
        City: str
        Zip: str | None = None

    @dataclass
    class Order:
        OrderId: str
        Amount: float
        ShipTo: object = None

    order = OrderMessage(OrderId="A", Amount=5.0)
    assert order.to_dataclass(Order) == Order("A", 5.0)
    assert OrderMessage.from_dataclass(Order("A", 5.0)) == order
    assert OrderMessage.from_dataclass(Order("A", 5.0, Place("Delft"))).ShipTo == Address(City="Delft")
    assert OrderMessage.from_dataclass(order.to_dataclass()) == order
    with pytest.raises(TypeError, match="is no dataclass"):
        order.to_dataclass(int)
    with pytest.raises(TypeError, match="does not fit Place"):
        order.to_dataclass(Place)
    with pytest.raises(TypeError, match="no object of a dataclass"):
        OrderMessage.from_dataclass(order)


def test_fields_are_inherited() -> None:
    class Express(OrderMessage):
        Hours: int

    express = Express(OrderId="A", Hours=2)
    assert list(definition_of(Express).fields) == ["OrderId", "Amount", "ShipTo", "Hours"]
    assert express.Amount == 0.0


def test_model_can_contain_itself() -> None:
    tree = Tree(name="a", child=Tree(name="b"))
    assert Tree.from_dict(tree.to_dict()) == tree
    tree.child = tree
    with pytest.raises(ValueError, match="contains itself"):
        definition_of(Tree).validate(tree)


def test_checks_can_wait_until_the_message_is_sent() -> None:
    class Loose(PersistentMessage):
        number: int = 0

        class Meta:
            validate_on_init = False

    assert Loose(number="x").number == "x"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("declaration", "text"),
    [
        ("class Bad(PersistentMessage):\n    _hidden: str = ''", "_hidden: this name belongs to IoP"),
        ("class Bad(PersistentMessage):\n    pk: str = ''", "pk: this name belongs to IoP"),
        ("class Bad(PersistentMessage):\n    to_dict: str = ''", "to_dict: this name belongs to IoP"),
        ("class Bad(PersistentMessage):\n    _iris_obj: str = ''", "_iris_obj: this name belongs to IoP"),
        ("class Bad(PersistentMessage):\n    a: set = None", "cannot be stored in a column; types: str, int"),
        ("class Bad(PersistentMessage):\n    a: int | str = 0", "cannot be stored in a column"),
        ("class Bad(PersistentMessage):\n    a: dict[int, str] = None", "cannot be stored in a column"),
        ("class Bad(PersistentMessage):\n    a: list[str] = []", "would be shared by all objects"),
        ("class Bad(PersistentMessage):\n    a: str = ''\n    A: str = ''", "differ only in case"),
        ("class Bad(PersistentMessage):\n    a = Field()", "a is a Field\\(\\) without an annotation"),
        ("class Bad(PersistentMessage):\n    a: Annotated[str, Field()] = Field()", "stands both inside of Annotated"),
        ("class Bad(PersistentMessage):\n    a: Annotated[str, Field(default='')] = ''", "default stands twice"),
        ("class Bad(PersistentMessage):\n    a: Annotated[str, Field(), Field()]", "holds two Field"),
        ("class Bad(PersistentMessage):\n    class Meta:\n        mod = 'x'", "Meta.mod does not exist.*'mode'"),
        ("class Bad(PersistentMessage):\n    class Meta:\n        mode = 'replace'", "modes: extend, managed, observe"),
        ("class Bad(PersistentMessage):\n    class Meta:\n        mode='observe'\n        auto_sync=True", "drop one"),
        ("class Bad(PersistentMessage):\n    class Meta:\n        classname = 5", "Meta.classname is 5"),
        ("class Bad(PersistentMessage, superclasses=5): pass", "give names of classes"),
        ("class Bad(PersistentMessage, serial=True): pass", "cannot be serial"),
        ("class Bad(Model, serial=True, persistent=True): pass", "choose one"),
        ("Field(max_lenght=5)", "no keyword 'max_lenght' \\(did you mean 'max_length'"),
        ("Field(default=1, default_factory=int)", "either default or default_factory"),
        ("Field(max_length=0)", "max_length=0"),
        ("Field(sql_field_name='a\\0b')", "give the name of a column"),
    ],
)
def test_declaration_is_refused(declaration: str, text: str) -> None:
    names = {"PersistentMessage": PersistentMessage, "Model": Model, "Field": Field, "Annotated": Annotated}
    with pytest.raises(MessageDefinitionError, match=text) as caught:
        exec(compile(declaration, "declared.py", "exec", dont_inherit=True), {**names, "__name__": "declared"})
    assert isinstance(caught.value, TypeError)


def test_unknown_annotation_is_named_when_the_class_is_used() -> None:
    names: dict[str, Any] = {"PersistentMessage": PersistentMessage, "__name__": "declared_elsewhere"}
    exec("class Late(PersistentMessage):\n    a: 'Nowhere' = None", names)
    with pytest.raises(
        MessageDefinitionError, match=r"Late\.a: the annotation 'Nowhere' names something its module lacks"
    ):
        names["Late"]()


@pytest.mark.parametrize(
    ("options", "is_required", "is_nullable"),
    [
        ({}, True, False),
        ({"required": True}, True, False),
        ({"required": True, "default": "x"}, False, False),
        ({"required": False}, False, True),
        ({"nullable": True}, True, True),
        ({"default": "x"}, False, True),
        ({"default": "x", "nullable": False}, False, False),
        ({"initial_expression": '"x"'}, False, True),
        ({"sql_computed": True}, False, True),
    ],
)
def test_what_a_field_needs(options: dict[str, Any], is_required: bool, is_nullable: bool) -> None:
    class Part(Model, serial=True):
        a: str = Field(**options)

    field = definition_of(Part).fields["a"]
    assert (field.required, field.nullable) == (is_required, is_nullable)


def test_members_of_an_enumeration_are_kept_as_their_values() -> None:
    sent = Chosen(level=Level.LOW, colors=[Color.RED], key=UUID(int=1))
    key = "00000000-0000-0000-0000-000000000001"
    serializer = PersistentSerializer()
    codec = serializer.codec_for(Chosen)
    assert json.loads(codec.encode(sent)) == {"color": "r", "level": 1, "colors": ["r"], "key": key}
    assert codec.decode(codec.encode(sent)) == sent
    fields = definition_of(Chosen).fields
    assert [fields[name].type.iris_type for name in fields] == [
        "%Library.String",
        "%Library.Integer",
        "%Library.String",
        "%Library.String",
    ]
    with pytest.raises(MessageFieldError, match=r"Chosen\.color: expected Color, got str"):
        Chosen(color="r")
    with pytest.raises(MessageFieldError, match=r"Chosen\.key: expected UUID, got str"):
        Chosen(key=key)
    assert codec.decode(b'{"color":"blue","key":null}').color == "blue"


@pytest.mark.parametrize("values", [{"A": 1, "B": "x"}, {"A": True}, {"A": (1, 2)}, {}])
def test_an_enumeration_needs_values_of_one_type(values: dict[str, Any]) -> None:
    mixed = Enum("mixed", values)
    with pytest.raises(MessageDefinitionError, match=r"Wrong\.a: .*an Enum of texts or of whole numbers"):
        type("Wrong", (PersistentMessage,), {"__annotations__": {"a": mixed}, "__module__": __name__})


def test_types_on_iris() -> None:
    found = {name: field.type.iris_type for name, field in definition_of(Everything).fields.items()}
    assert found["text"] == found["names"] == "%Library.String"
    assert found["number"] == "%Library.Integer"
    assert found["ratio"] == "%Library.Double"
    assert found["flag"] == "%Library.Boolean"
    assert found["data"] == found["buffer"] == "%Stream.GlobalBinary"
    assert found["price"] == "%Library.Decimal"
    assert found["anything"] == "%Library.DynamicObject"
    assert found["many"] == "%Library.DynamicArray"
    assert [found[name] for name in ("moment", "day", "hour")] == [
        "%Library.TimeStamp",
        "%Library.Date",
        "%Library.Time",
    ]


def test_superclasses_on_iris() -> None:
    class Special(PersistentMessage, superclasses=("Ens.Request", "Demo.Shared")): ...

    class Sub(Special): ...

    class Stored(Model, persistent=True): ...

    assert superclasses_of(OrderMessage) == ("Ens.MessageBody",)
    assert superclasses_of(Special) == superclasses_of(Sub) == ("Ens.Request", "Demo.Shared")
    assert superclasses_of(Address) == ("%SerialObject",)
    assert superclasses_of(Stored) == ("%Persistent",)
