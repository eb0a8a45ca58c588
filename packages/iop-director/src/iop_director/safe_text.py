"""Text from outside, made safe to show in one line of a terminal."""

from __future__ import annotations

import unicodedata

# Cc: control characters; Cf: invisible marks that reorder text; Cs: halves of characters;
# Zl, Zp: line and paragraph separators.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def one_line(text: str) -> str:
    r"""Return the text with everything that could move the cursor or break the line escaped.

    Example:
        >>> one_line("a\nb\x1b[31m")
        'a\\nb\\x1b[31m'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(char) if unicodedata.category(char) in _UNSAFE else char for char in text)


def safe_json(text: str) -> str:
    r"""Return a JSON text with everything but line feeds escaped that could move the cursor; it stays JSON.

    Example:
        >>> safe_json('{"a": "\x9b"}')
        '{"a": "\\u009b"}'
    """
    return "".join(
        _escaped_in_json(char) if char != "\n" and unicodedata.category(char) in _UNSAFE else char for char in text
    )


def _escaped_in_json(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
