"""Bytes as JSON text, so that every value can be read back.

Bytes that are UTF-8 text are written as that text. All others, and those that happen to
begin with the mark, are written as ``base64:`` followed by base64.
"""

from __future__ import annotations

from base64 import b64decode, b64encode

MARK = "base64:"


def text_from_bytes(value: bytes | bytearray | memoryview) -> str:
    """Return the text of a bytes value."""
    plain = bytes(value)
    try:
        text = plain.decode()
    except UnicodeDecodeError:
        return MARK + b64encode(plain).decode()
    return MARK + b64encode(plain).decode() if text.startswith(MARK) else text


def bytes_from_text(text: str) -> bytes:
    """Return the bytes of a text; one that only looks marked is taken as plain text.

    Raises:
        UnicodeEncodeError: The text holds half of a surrogate pair.
    """
    if text.startswith(MARK):
        try:
            return b64decode(text[len(MARK) :], validate=True)
        except ValueError:
            pass
    return text.encode()
