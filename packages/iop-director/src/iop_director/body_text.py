"""Stored bodies as text for people, without the classes that wrote them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from iop_core.headers import Body
from iop_director.safe_text import one_line, safe_json


@dataclass(frozen=True, slots=True)
class BodyText:
    """A body as it is shown.

    Attributes:
        class_name: ``module.Class`` of the message.
        serializer: Name of the serializer that wrote it.
        size_bytes: Length of the stored body.
        text: Its fields as indented JSON; None for a body that is not JSON.
        left_out: How many characters of the JSON are not in ``text``.
    """

    class_name: str
    serializer: str
    size_bytes: int
    text: str | None
    left_out: int = 0

    def to_text(self) -> str:
        """Return the text, or for a body that cannot be shown what it is."""
        if self.text is None:
            return (
                f"({one_line(self.class_name)}, written by the serializer {one_line(self.serializer)!r}: "
                f"{self.size_bytes} bytes that are no JSON)"
            )
        return f"{self.text}... ({self.left_out} more characters)" if self.left_out else self.text


def text_of_body(body: Body, *, most_characters: int | None = None) -> BodyText:
    r"""Return a stored body as it is shown.

    No class of the production is needed, and nothing of the body is run: what is not JSON, such as
    a pickle, is not read. Control characters are escaped, so that the text is safe in a terminal.

    Args:
        body: The body.
        most_characters: A longer text is cut there; None: all of it.

    Example:
        >>> text_of_body(Body("demo.Order", "json", b'{"sku":"A1"}')).text
        '{\n  "sku": "A1"\n}'
    """
    text = _json(body.payload)
    left_out = 0
    if text is not None and most_characters is not None:
        left_out = max(0, len(text) - most_characters)
        text = text[:most_characters]
    return BodyText(body.class_name, body.serializer, len(body.payload), text, left_out)


def _json(payload: bytes) -> str | None:
    try:
        value: object = json.loads(payload.decode())
        return safe_json(json.dumps(value, ensure_ascii=False, indent=2))
    except (ValueError, RecursionError):
        return None
