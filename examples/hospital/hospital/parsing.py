"""Reading HL7 messages with the ``hl7`` package, behind a typed front.

The package has no type hints, so everything that is not typed stays in this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import hl7  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]

from hospital.header import decode_message

_parse: Any = hl7.parse  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


class UnreadableMessageError(ValueError):
    """A message with a good header whose content cannot be read."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One OBX segment.

    Attributes:
        code: OBX-3.1, what was observed.
        name: OBX-3.2, the same in words.
        value: OBX-5 with its escape sequences resolved.
        units: OBX-6.1.
        status: OBX-11, such as F for final.
    """

    code: str
    name: str
    value: str
    units: str
    status: str


class ParsedMessage:
    """The parts of a message that this production looks at.

    Args:
        data: The message as received; lines may end with CR, LF or both.

    Raises:
        UnreadableMessageError: The bytes do not fit the character set, or the structure
            is broken.
    """

    def __init__(self, data: bytes) -> None:
        try:
            text = decode_message(data)
            lines = text.replace("\r\n", "\r").replace("\n", "\r")
            self._message = _parse("\r".join(line for line in lines.split("\r") if line.strip()))
        except UnicodeDecodeError as error:
            raise UnreadableMessageError(f"the bytes do not fit the character set: {error}") from error
        except Exception as error:  # boundary: the parser raises many kinds of errors for bad input
            raise UnreadableMessageError(f"the message cannot be parsed: {error}") from error

    @property
    def type(self) -> str:
        """MSH-9.1, such as ADT."""
        return self._first("MSH", 9)

    @property
    def trigger(self) -> str:
        """MSH-9.2, such as A01."""
        return self._first("MSH", 9, 2)

    @property
    def sender(self) -> str:
        """MSH-3 and MSH-4, application and facility: control ids are unique per sender."""
        return f"{self._first('MSH', 3)}@{self.facility_code}"

    @property
    def facility_code(self) -> str:
        """MSH-4.1, the sending facility in the sender's words."""
        return self._first("MSH", 4)

    @property
    def patient_id(self) -> str:
        """PID-3.1 of the first repetition; empty when there is no patient."""
        return self._first("PID", 3)

    def observations(self) -> list[Observation]:
        """Return the OBX segments in the order of the message."""
        count = sum(1 for segment in self._message if str(segment[0]) == "OBX")
        return [self._observation(number) for number in range(1, count + 1)]

    def _observation(self, number: int) -> Observation:
        value = str(self._message.segments("OBX")[number - 1](5)) if self._has("OBX", number, 5) else ""
        return Observation(
            code=self._part("OBX", number, 3, 1),
            name=self._part("OBX", number, 3, 2),
            value=str(self._message.unescape(value)),
            units=self._part("OBX", number, 6, 1),
            status=self._part("OBX", number, 11, 1),
        )

    def _has(self, segment: str, number: int, field: int) -> bool:
        return len(self._message.segments(segment)[number - 1]) > field

    def _first(self, segment: str, field: int, component: int = 1) -> str:
        try:
            return self._part(segment, 1, field, component)
        except KeyError:
            return ""

    def _part(self, segment: str, number: int, field: int, component: int) -> str:
        if not self._has(segment, number, field):
            return ""
        try:
            part = self._message.extract_field(segment, number, field, 1, component)
        except LookupError:
            return ""
        return str(self._message.unescape(str(part or ""))).strip()
