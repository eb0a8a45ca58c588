"""Several jobs at work at once, and yet each account sees its bookings in the order they came."""

from dataclasses import dataclass

from iop import BusinessOperation, BusinessService, Message, Production, handler, setting, target


@dataclass
class Booking(Message):
    """Money that comes or goes.

    Attributes:
        account: Bookings of one account must stay in order.
        text: What for.
        cents: How much.
        refusals: How often the bank refuses it before it takes it.
    """

    account: str
    text: str
    cents: int
    refusals: int = 0


@dataclass
class Statement(Message):
    """Bookings as a file of the bank lists them."""

    bookings: list[Booking]


class LockedAccountError(Exception):
    """Somebody else works on that account just now."""


class StatementReader(BusinessService):
    """Sends each booking of a statement, in order."""

    Output = target()

    def on_message(self, request: Statement) -> None:
        """Take one statement."""
        for booking in request.bookings:
            self.send_request_async(self.Output, booking)


class Bank(BusinessOperation):
    """Books with four jobs; one that waits for its next try holds up its own account only."""

    OrderBy = "account"
    ReplyCodeActions = setting("E*LockedAccountError=R,E=F")
    RetryInterval = setting(5.0)
    FailureTimeout = setting(-1.0)

    @handler(Booking)
    def book(self, request: Booking) -> None:
        """Try once."""
        if self.retry_count <= request.refusals:
            raise LockedAccountError(f"account {request.account} is locked, try {self.retry_count}")
        self.log_info(f"{request.account}: {request.text} {request.cents}")


production = Production("Patterns.InOrder", testing_enabled=True)
production.connect(production.service(StatementReader).Output, production.operation(Bank, pool_size=4))
