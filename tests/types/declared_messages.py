"""What type checkers have to see in persistent messages; read by mypy and pyright, never run."""

from typing import Annotated

from typing_extensions import assert_type

from iop import Field, Model, PersistentMessage


class Address(Model, serial=True):
    City: str


class OrderMessage(PersistentMessage):
    OrderId: str = Field(required=True, max_length=64)
    Amount: float = 0.0
    ShipTo: Address | None = None
    Tags: list[str] = Field(default_factory=list[str])
    Note: Annotated[str, Field(max_length=9)] = ""

    class Meta:
        classname = "Demo.Typed.Order"


class Express(OrderMessage):
    Hours: int = Field(default=24, index=True)


order = OrderMessage(OrderId="A1", Amount=5, ShipTo=Address(City="Delft"))
assert_type(order.OrderId, str)
assert_type(order.ShipTo, Address | None)
assert_type(order.Tags, list[str])
assert_type(order.pk, str | None)
assert_type(order.get_iris_id(), str | None)
assert_type(Express(OrderId="A1", Hours=2).Hours, int)
assert_type(Express.from_dict({}), Express)


def mistakes() -> None:
    OrderMessage()  # wrong
    OrderMessage("A1")  # wrong
    OrderMessage(OrderId=5)  # wrong
    OrderMessage(OrderId="A1", Amont=5.0)  # wrong
    OrderMessage(OrderId="A1", ShipTo="Delft")  # wrong
    Express(Hours=2)  # wrong
    order.Amonut = 5.0  # wrong
    order.Amount = "5"  # wrong
    Field(max_lenght=5)  # wrong
    Field(max_length="5")  # wrong
