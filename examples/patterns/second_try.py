"""What fails is tried again, set aside for an operator, or ended: the item says what and when."""

from dataclasses import dataclass

from iop import BusinessOperation, Message, Production, setting


@dataclass
class Parcel(Message):
    """A parcel to deliver.

    Attributes:
        address: Where to; must hold a comma between street and town.
        absences: How often nobody is at home, before somebody is.
    """

    address: str
    absences: int = 0


class AddressError(Exception):
    """Nobody but a person can tell what is meant."""


class NobodyHomeError(Exception):
    """It may be better later."""


class Courier(BusinessOperation):
    """Delivers parcels, one after the other: while one is tried again the others wait."""

    # The first entry that fits decides: try again and fail in the end, suspend with a warning, fail at once.
    ReplyCodeActions = setting("E*NobodyHomeError=RF,E*AddressError=SW,E=F")
    RetryInterval = setting(10.0)
    FailureTimeout = setting(60.0)
    MaxLength = setting(60)

    def on_message(self, request: Parcel) -> None:
        """Try once."""
        if len(request.address) > self.MaxLength:
            raise ValueError(f"the label has room for {self.MaxLength} letters")
        if "," not in request.address:
            raise AddressError(f"{request.address!r} has no town")
        if self.retry_count <= request.absences:
            raise NobodyHomeError(f"nobody is at home, try {self.retry_count}")
        self.log_info(f"delivered to {request.address} at try {self.retry_count}")


production = Production("Patterns.SecondTry", testing_enabled=True)
production.operation(Courier)
production.operation("Locker", Courier, settings={"MaxLength": 200})
