"""Ask several carriers for a price at once, and answer with what has come when the time is up."""

from dataclasses import dataclass

from iop import BusinessOperation, BusinessProcess, Message, Production, handler, setting, target

DEADLINE = "deadline"


@dataclass
class PriceRequest(Message):
    """What does it cost to send this?"""

    weight_kg: float


@dataclass
class Price(Message):
    """What one carrier wants."""

    euros: float


@dataclass
class Offer(Message):
    """What the customer gets.

    Attributes:
        prices: Euros by carrier.
        refusals: Reasons by carrier.
        missing: Carriers that had not answered in time.
    """

    prices: dict[str, float]
    refusals: dict[str, str]
    missing: list[str]


@dataclass
class MailHasCome(Message):
    """The clerk of a carrier has answered the oldest request by mail."""

    euros: float


class Carrier(BusinessOperation):
    """A carrier whose computer answers at once."""

    EurosPerKg = setting(1.0)
    MaxKg = setting(30.0)

    def on_message(self, request: PriceRequest) -> Price:
        """Return the price, or fail for what is too heavy."""
        if request.weight_kg > self.MaxKg:
            raise ValueError(f"{request.weight_kg:g} kg is more than {self.MaxKg:g} kg")
        return Price(request.weight_kg * self.EurosPerKg)


class CarrierByMail(BusinessOperation):
    """A carrier whose clerk answers some day; no thread waits for that."""

    def on_init(self) -> None:
        """Begin without open requests."""
        self.tokens: list[str] = []

    @handler(PriceRequest)
    def ask_clerk(self, request: PriceRequest) -> None:
        """Keep the request open after this handler has ended."""
        self.tokens.append(self.defer_response())

    @handler(MailHasCome)
    def answer(self, mail: MailHasCome) -> None:
        """Give the answer that was put off."""
        self.send_deferred_response(self.tokens.pop(0), Price(mail.euros))


class Prices(BusinessProcess):
    """Joins the answers by completion key; its attributes survive a restart."""

    Carriers = target()
    WaitSeconds = setting(5.0)

    def on_init(self) -> None:
        """Begin without answers; what was stored is restored after this."""
        self.open: list[str] = []
        self.prices: dict[str, float] = {}
        self.refusals: dict[str, str] = {}
        self.has_answered = False

    def on_request(self, request: PriceRequest) -> None:
        """Ask all carriers, and set the timer for those that will not answer."""
        self.open = self.Carriers.split(",")
        for carrier in self.open:
            self.send_request_async(carrier, request, completion_key=carrier)
        self.set_timer(self.WaitSeconds, DEADLINE)

    def on_response(
        self,
        request: PriceRequest,
        response: Offer | None,
        call_request: Message,
        call_response: Price | None,
        completion_key: str,
    ) -> None:
        """Take one answer, or notice that time is up."""
        if completion_key != DEADLINE and call_response is not None:
            self.prices[completion_key] = call_response.euros
        self._close(completion_key)

    def on_error(
        self,
        request: PriceRequest,
        response: Offer | None,
        call_request: Message,
        error: Exception,
        completion_key: str,
    ) -> None:
        """Go on without a carrier that failed."""
        self.refusals[completion_key] = str(error)
        self._close(completion_key)

    def _close(self, key: str) -> None:
        if self.has_answered:
            if key != DEADLINE:
                self.log_warning(f"the answer of {key} came too late")
            return
        if key != DEADLINE:
            self.open.remove(key)
        if key == DEADLINE or not self.open:
            self.has_answered = True
            self.reply(Offer(self.prices, self.refusals, self.open))


production = Production("Patterns.FanOut", testing_enabled=True)
prices = production.process(Prices)
for carrier in (
    production.operation("Road", Carrier),
    production.operation("Air", Carrier, settings={"EurosPerKg": 4.5, "MaxKg": 5}),
    production.operation("Sea", CarrierByMail),
):
    prices.connect_add("Carriers", carrier)
