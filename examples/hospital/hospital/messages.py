"""The messages that travel between the items of the hospital production.

Messages are kept as JSON, which has no bytes. HL7 text is therefore carried as ISO 8859-1:
each byte becomes the character of the same number, so nothing is lost whatever character
set the sender used, and the stored message stays readable.
"""

from __future__ import annotations

from dataclasses import dataclass

from iop import Message


@dataclass
class Hl7Message(Message):
    """An HL7 message as received.

    Attributes:
        raw: The bytes, as ISO 8859-1 text.
        control_id: MSH-10.
        peer: Address of the sender.
    """

    raw: str
    control_id: str = ""
    peer: str = ""

    @property
    def data(self) -> bytes:
        """The bytes as received."""
        return self.raw.encode("latin-1")


@dataclass
class FiledMessage(Hl7Message):
    """An HL7 message on its way to an output.

    Attributes:
        facility: Our own short name of the sending facility.
    """

    facility: str = ""


@dataclass
class DeadLetter(Hl7Message):
    """A message nobody can use, kept with the reason.

    Attributes:
        reason: Why it ended here.
        answer: The acknowledgment code the sender got; empty when it got none.
    """

    reason: str = ""
    answer: str = ""


@dataclass
class FacilityQuery(Message):
    """Asks which facility a code in MSH-4 stands for."""

    code: str


@dataclass
class Facility(Message):
    """The answer to a ``FacilityQuery``.

    Attributes:
        name: Our short name; empty when the code is not known.
    """

    name: str = ""
