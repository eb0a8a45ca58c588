"""Ask several warehouses together and wait for all of them, though one fails and one is late."""

from dataclasses import dataclass

from iop import BusinessOperation, BusinessService, Message, Production, setting, target

# The codes that come back with each answer.
ANSWERED, LATE, FAILED = 1, 0, -1


@dataclass
class StockQuestion(Message):
    """How many are there of this?"""

    article: str


@dataclass
class Stock(Message):
    """So many are there."""

    pieces: int


@dataclass
class StockReport(Message):
    """What is known of an article.

    Attributes:
        pieces: Sum of those that answered.
        answered: Warehouses in the sum.
        late: Warehouses that did not answer in time.
        failed: Warehouses that answered with an error.
    """

    pieces: int
    answered: list[str]
    late: list[str]
    failed: list[str]


class Warehouse(BusinessOperation):
    """A warehouse with a computer."""

    Pieces = setting(0)

    def on_message(self, request: StockQuestion) -> Stock:
        """Look it up."""
        return Stock(self.Pieces)


class ClosedWarehouse(BusinessOperation):
    """A warehouse whose inventory is being rebuilt."""

    def on_message(self, request: StockQuestion) -> Stock:
        """Fail."""
        raise RuntimeError("the inventory is being rebuilt")


class SleepyWarehouse(BusinessOperation):
    """A warehouse where somebody has to go and count."""

    def on_message(self, request: StockQuestion) -> None:
        """Put the answer off, and forget it."""
        self.defer_response()


class StockDesk(BusinessService):
    """Answers with what it got in time."""

    Warehouses = target()
    TimeoutSeconds = setting(2.0)

    def on_message(self, request: StockQuestion) -> StockReport:
        """Ask all; the time limit is one for all of them together."""
        answers = self.send_multi_request_sync([(self.Warehouses, request)], timeout=self.TimeoutSeconds)
        names: dict[int, list[str]] = {ANSWERED: [], LATE: [], FAILED: []}
        pieces = 0
        for warehouse, _, stock, code in answers:
            names[code].append(warehouse)
            pieces += stock.pieces if code == ANSWERED else 0
        return StockReport(pieces, names[ANSWERED], names[LATE], names[FAILED])


production = Production("Patterns.AskAll", testing_enabled=True)
desk = production.service(StockDesk)
for warehouse in (
    production.operation("North", Warehouse, settings={"Pieces": 12}),
    production.operation("East", ClosedWarehouse),
    production.operation("South", SleepyWarehouse),
    production.operation("West", Warehouse, settings={"Pieces": 30}),
):
    desk.connect_add("Warehouses", warehouse)
