"""Take an order line by line: a private session between a till and one instance of a process."""

from dataclasses import dataclass

from iop import BusinessOperation, DuplexProcess, DuplexService, Message, Production, handler, target


@dataclass
class Line(Message):
    """One line of an order; the document of the conversation."""

    article: str
    pieces: int
    cents: int


@dataclass
class Total(Message):
    """What the till shows after each line."""

    lines: int
    cents: int


@dataclass
class Pay(Message):
    """Ends the conversation: the customer pays."""

    card: str


@dataclass
class Receipt(Message):
    """What is printed at the end."""

    card: str
    lines: list[str]
    cents: int


class Till(DuplexService):
    """The first line opens the session, ``Pay`` ends it, the next line opens another."""

    def on_message(self, request: Line | Pay) -> Total | None:
        """Pass on what is typed."""
        if isinstance(request, Pay):
            self.stop_private_session(request)
            return None
        total: Total = self.send_document_to_process(request, timeout=10)
        return total


class Basket(DuplexProcess):
    """One instance for each customer; its attributes survive a restart."""

    Printer = target()

    def on_init(self) -> None:
        """Begin with an empty basket."""
        self.lines: list[str] = []
        self.cents = 0

    def on_document(self, source_config_name: str, request: Line) -> Total:
        """Take one line. An error would end the instance and the session."""
        self.lines.append(f"{request.pieces} {request.article}")
        self.cents += request.pieces * request.cents
        return Total(len(self.lines), self.cents)

    def on_private_session_stopped(self, source_config_name: str, self_generated: bool, message: Pay | None) -> None:
        """Print the receipt; without a payment, as when the till is switched off, there is none."""
        if message is None:
            self.log_warning(f"{source_config_name} was left with {self.cents} cents unpaid")
        else:
            self.send_request_async(
                self.Printer, Receipt(message.card, self.lines, self.cents), response_required=False
            )


class Printer(BusinessOperation):
    """Prints receipts to the log."""

    @handler(Receipt)
    def print_receipt(self, receipt: Receipt) -> None:
        """Print one."""
        self.log_info(f"card {receipt.card}: {receipt.cents} cents for {', '.join(receipt.lines)}")


production = Production("Patterns.Conversation", testing_enabled=True)
basket = production.process(Basket)
production.connect(production.service(Till).DuplexTargetConfigName, basket)
production.connect(basket.Printer, production.operation(Printer))
