"""The MSH segment: all that the listener has to know of a message before it is stored.

Fields stay bytes here. They are only compared and echoed, and a sender whose character
set is wrong still gets an answer it can match.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

VERSIONS = ("2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1", "2.8.2", "2.9")

# HL7 table 0211, the part that Python can read; an empty MSH-18 is decided by looking at the bytes.
CHARACTER_SETS = {
    "ASCII": "ascii",
    **{f"8859/{part}": f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
    # Not in the table, but often seen.
    "UTF-8": "utf-8",
    "ISO-8859-1": "iso8859-1",
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
}

_SEGMENT_END = re.compile(rb"[\r\n]")


class RefusedMessageError(ValueError):
    """A message that cannot be accepted, now or later: it is answered with AR."""


@dataclass(frozen=True, slots=True)
class Header:
    """The fields of one MSH segment.

    Attributes:
        separator: The field separator (MSH-1).
        encoding: The other delimiters (MSH-2): component, repetition, escape, sub-component.
        fields: MSH-1 and on; ``fields[9]`` is MSH-10, as HL7 counts from one.
    """

    separator: bytes
    encoding: bytes
    fields: tuple[bytes, ...]

    def field(self, number: int) -> bytes:
        """Return MSH-``number``; empty when the segment is shorter."""
        return self.fields[number - 1].strip() if number <= len(self.fields) else b""

    def component(self, number: int, component: int) -> bytes:
        """Return one component of the first repetition of MSH-``number``, counted from one."""
        repetition = self.field(number).split(self.encoding[1:2])[0] if len(self.encoding) > 1 else self.field(number)
        parts = repetition.split(self.encoding[:1])
        return parts[component - 1].strip() if component <= len(parts) else b""

    @property
    def control_id(self) -> str:
        """MSH-10, the sender's name for the message."""
        return self.field(10).decode("latin-1")


def find_header(message: bytes) -> Header | None:
    """Return the header of a message; None when the bytes do not begin with an MSH segment.

    A byte order mark and blank lines before it are overlooked.
    """
    segment = _SEGMENT_END.split(message.removeprefix(codecs.BOM_UTF8).lstrip(), maxsplit=1)[0]
    separator, encoding = segment[3:4], segment[4:].split(segment[3:4] or b"|", maxsplit=1)[0]
    if not segment.startswith(b"MSH") or not separator or not encoding:
        return None
    delimiters = separator + encoding
    if len(encoding) > 5 or len(set(delimiters)) < len(delimiters) or re.search(rb"[\w\s]", delimiters):
        return None
    return Header(separator, encoding, (separator, *segment[4:].split(separator)))


def check_header(header: Header | None, *, processing_ids: tuple[str, ...]) -> Header:
    """Return the header of a message that may be accepted.

    Args:
        header: What ``find_header`` returned.
        processing_ids: Values of MSH-11 that this system takes: P production, T training,
            D debugging.

    Raises:
        RefusedMessageError: The text says which field is wrong and what is allowed.
    """
    if header is None:
        raise RefusedMessageError("not an HL7 message: it has to begin with MSH and its delimiters")
    if not header.field(10):
        raise RefusedMessageError("MSH-10 (message control id) is missing")
    if len(header.field(10)) > 199 or re.search(rb"[\x00-\x1f]", header.field(10)):
        raise RefusedMessageError("MSH-10 (message control id) has control characters or more than 199 characters")
    if not header.component(9, 1):
        raise RefusedMessageError("MSH-9 (message type) is missing")
    _check_one_of("MSH-11 (processing id)", header.component(11, 1), processing_ids)
    _check_one_of("MSH-12 (version)", header.component(12, 1), VERSIONS)
    _check_one_of("MSH-18 (character set)", header.component(18, 1), tuple(CHARACTER_SETS))
    return header


def _check_one_of(field: str, value: bytes, allowed: tuple[str, ...]) -> None:
    """Refuse another value; an empty one says nothing, and many senders leave these fields empty."""
    text = value.decode("latin-1")
    if text and text not in allowed:
        raise RefusedMessageError(f"{field} is {text!r}, accepted: {', '.join(allowed)}")


def decode_message(message: bytes) -> str:
    """Return the text of a message in the character set that its MSH-18 names.

    Without MSH-18 it is read as UTF-8 if it is valid UTF-8, else as ISO 8859-1, which
    takes any byte.

    Raises:
        UnicodeDecodeError: The bytes do not fit the character set that the message names.
    """
    message = message.removeprefix(codecs.BOM_UTF8)
    header = find_header(message)
    name = "" if header is None else header.component(18, 1).decode("latin-1")
    if name:
        return message.decode(CHARACTER_SETS.get(name, "ascii"))
    try:
        return message.decode("utf-8")
    except UnicodeDecodeError:
        return message.decode("latin-1")
