"""What type checkers have to see in a component; read by mypy and pyright, never run."""

from typing import Annotated

from typing_extensions import assert_type

from iop import BusinessOperation, Category, Message, Setting, TargetSetting, handler, setting, target


class Order(Message):
    number: str = ""


class Shop(BusinessOperation):
    Limit = setting(5, category=Category.BASIC)
    Rate = setting(1.5, required=True)
    Output = target(required=True)
    Counted: int = setting(data_type=int)
    Framing: Annotated[str, Setting("None", category=Category.CONNECTION)]

    @handler(Order)
    def take(self, request: Order) -> int:
        return self.Limit + len(request.number)

    async def ask(self, request: Order) -> str:
        reply = await self.send_request_async_ng(self.Output, request, 5, response_type=Order)
        assert_type(reply, Order)
        return reply.number

    @handler("orders.messages.Cancel", Order)
    @staticmethod
    def count(request: Order) -> int:
        return len(request.number)


def check(shop: Shop) -> None:
    assert_type(shop.send_request_sync("Item", Order(), response_type=Order), Order)
    assert_type(shop.Limit, int)
    assert_type(shop.Rate, float)
    assert_type(shop.Output, str)
    assert_type(shop.Counted, int)
    assert_type(shop.Framing, str)
    assert_type(shop.take(Order()), int)
    assert_type(Shop.count(Order()), int)
    assert_type(Shop.Limit, Setting[int])
    assert_type(Shop.Output, TargetSetting)
    shop.Limit = 7
    shop.Output = "Item"
