"""Read a large result page by page; stop early; and notice when it breaks off."""

from collections.abc import Iterator
from dataclasses import dataclass

from iop import BusinessOperation, BusinessProcess, Message, Production, handler, setting, target
from iop_core.errors import RequestFailedError


@dataclass
class Bookings(Message):
    """Asks for all bookings of an account.

    Attributes:
        account: The account.
        count: How many there are, as this ledger makes them up.
        torn_at: Booking that cannot be read; 0 for none.
    """

    account: str
    count: int = 10_000
    torn_at: int = 0


@dataclass
class Page(Message):
    """Some bookings, in cents."""

    first: int
    cents: list[int]


@dataclass
class Balance(Message):
    """Asks for the sum of all bookings."""

    bookings: Bookings


@dataclass
class FindBooking(Message):
    """Asks for the first booking of at least so much."""

    bookings: Bookings
    cents: int


@dataclass
class Answer(Message):
    """What was found.

    Attributes:
        cents: The sum, or the booking.
        pages: How many pages that took.
        is_complete: False: the result broke off, ``cents`` is the sum of what came before.
    """

    cents: int
    pages: int
    is_complete: bool = True


class Ledger(BusinessOperation):
    """Holds one page in memory, however many bookings there are."""

    PageSize = setting(100)

    @handler(Bookings)
    def read(self, request: Bookings) -> Iterator[Page]:
        """Yield one page after the other; it goes on when the next one is asked for."""
        first = 1
        try:
            for first in range(1, request.count + 1, self.PageSize):
                numbers = range(first, min(first + self.PageSize, request.count + 1))
                if request.torn_at in numbers:
                    raise OSError(f"booking {request.torn_at} cannot be read")
                yield Page(first, [number % 1000 for number in numbers])
        finally:
            # Also when the reader wants no more: the place to close a file or cursor.
            self.log_info(f"account {request.account} closed at booking {first}")


class Auditor(BusinessProcess):
    """Reads the pages."""

    Ledger = target()
    TimeoutSeconds = setting(10.0)

    @handler(Balance)
    def add_up(self, request: Balance) -> Answer:
        """Read to the end; a result that breaks off never looks complete."""
        cents = pages = 0
        try:
            for page in self.send_generator_request(self.Ledger, request.bookings, self.TimeoutSeconds):
                cents, pages = cents + sum(page.cents), pages + 1
        except RequestFailedError as exc:
            self.log_warning(f"after {pages} pages: {exc}")
            return Answer(cents, pages, is_complete=False)
        return Answer(cents, pages)

    @handler(FindBooking)
    def find(self, request: FindBooking) -> Answer:
        """Read until it is found; leaving the block closes the stream."""
        pages = 0
        with self.send_generator_request(self.Ledger, request.bookings, self.TimeoutSeconds) as stream:
            for page in stream:
                pages += 1
                for cents in page.cents:
                    if cents >= request.cents:
                        return Answer(cents, pages)
        return Answer(0, pages)


production = Production("Patterns.Pages", testing_enabled=True)
production.connect(production.process(Auditor).Ledger, production.operation(Ledger))
