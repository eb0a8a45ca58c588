"""Text as a stream, and streams of Python or IRIS as text."""

from __future__ import annotations

import io
from typing import Any

BUFFER_CHARACTERS = 1_000_000


def string_to_stream(string: str, buffer: int = BUFFER_CHARACTERS) -> io.StringIO:
    """Return a text as a stream at its begin.

    Args:
        string: The text.
        buffer: Kept for older programs; a stream in memory needs none.

    Example:
        >>> stream_to_string(string_to_stream("one"))
        'one'
    """
    return io.StringIO(string, newline="")


def stream_to_string(stream: Any, buffer: int = BUFFER_CHARACTERS) -> str:
    """Return all of a stream as text.

    Args:
        stream: A text stream of Python, read from where it stands; or a stream of IRIS, which
            has ``Rewind``, ``AtEnd`` and ``Read``, read from its begin.
        buffer: How many characters are asked of a stream of IRIS at once, which gives no more
            than a text of its own may hold.
    """
    if not hasattr(stream, "AtEnd"):
        return str(stream.read())
    stream.Rewind()
    parts: list[str] = []
    while not stream.AtEnd:
        parts.append(str(stream.Read(buffer)))
    return "".join(parts)
