"""Acknowledgments: the answer of HL7's original mode, built from the sender's own header."""

from __future__ import annotations

import itertools
import time
from datetime import datetime
from enum import Enum

from hospital.header import Header

# An echoed field is cut here, so that a broken header never makes a huge answer.
_LONGEST_ECHO = 250
_CONTROL_BYTES = bytes(range(0x20))

_UNKNOWN_SENDER = Header(b"|", b"^~\\&", (b"|", b"^~\\&", *[b""] * 8, b"P", b"2.5"))

# Unique over restarts (the start time) and within one run (the count); at most 20 characters, as MSH-10 has to be.
_run = f"{time.time_ns() // 1_000_000:x}"
_count = itertools.count(1)


class AckCode(str, Enum):
    """MSA-1, HL7 table 0008."""

    ACCEPT = "AA"
    ERROR = "AE"
    REJECT = "AR"


def build_acknowledgment(header: Header | None, code: AckCode, text: str = "") -> bytes:
    """Return an ACK message without its frame.

    Sender and receiver change places; delimiters, control id, processing id, version and
    character set are the sender's own.

    Args:
        header: Header of the message to answer; None when it had none. MSA-2 is empty then.
        code: The verdict.
        text: Reason for the sender (MSA-3), at most 80 characters of it; other than ASCII
            is replaced.
    """
    asked = header or _UNKNOWN_SENDER
    component = asked.encoding[:1]
    kind = component.join(part for part in (b"ACK", _echo(asked.component(9, 2))) if part)
    if asked.component(9, 3):
        kind += component + b"ACK"
    msh = [
        b"MSH",
        asked.encoding,
        *(_echo(asked.field(number)) for number in (5, 6, 3, 4)),
        datetime.now().astimezone().strftime("%Y%m%d%H%M%S%z").encode(),
        b"",
        kind,
        f"{_run}-{next(_count):x}".encode(),
        _echo(asked.field(11)),
        _echo(asked.field(12)),
    ]
    if asked.field(18):
        msh += [*[b""] * 5, _echo(asked.field(18))]
    msa = [b"MSA", code.value.encode(), _echo(asked.field(10))]
    if text:
        msa.append(_escape(text[:80], asked))
    return b"".join(asked.separator.join(segment) + b"\r" for segment in (msh, msa))


def _echo(field: bytes) -> bytes:
    # Frame marks in a header must not end the answer early.
    return field[:_LONGEST_ECHO].translate(None, delete=_CONTROL_BYTES)


def _escape(text: str, header: Header) -> bytes:
    plain = "".join(char if char.isprintable() else " " for char in text).encode("ascii", "replace")
    # The order of MSH-2, with the letters that HL7 gave to its delimiters.
    names = dict(zip(header.separator + header.encoding, b"FSRET", strict=False))
    escape = header.encoding[2:3]
    return b"".join(escape + bytes([names[byte]]) + escape if byte in names else bytes([byte]) for byte in plain)
