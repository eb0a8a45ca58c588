"""Names of classes on IRIS, made from Python names so that they can be turned back."""

from __future__ import annotations

import re
import sys

from iop_core.errors import IrisNameError

# Longest full name of a class on IRIS.
MAX_LENGTH = 220

_ENCODED = {"_": "zU", "z": "zz"}
_OTHERS = re.compile("[^A-Za-y0-9]")
_MARKER = re.compile("zz|zU|zX([0-9A-F]+)z")
_CLASS_NAME = re.compile(r"%?[^\W\d_][^\W_]*(\.[^\W\d_][^\W_]*)+")


def iris_name_of(python_name: str) -> str:
    """Return the IRIS class name for a Python class name.

    Each part between dots is encoded for itself: ``_`` becomes ``zU``, ``z`` becomes ``zz``,
    ASCII letters and digits stay, any other character becomes ``zX``, its code point in
    hexadecimal, and ``z``.

    Args:
        python_name: Module and name of the class.

    Raises:
        IrisNameError: The name, or a part of it, is empty.

    Example:
        >>> iris_name_of("my_app.msgs.Order")
        'myzUapp.msgs.Order'
    """
    parts = python_name.split(".")
    if not all(parts):
        raise IrisNameError(f"{python_name!r} has an empty part; write a name such as 'msgs.Order'")
    return ".".join(_OTHERS.sub(_encode, part) for part in parts)


def python_name_of(iris_name: str) -> str:
    """Return the Python class name that ``iris_name_of`` turned into this one.

    What is no marker of that encoding stays as it is, so any name gives some result.

    Example:
        >>> python_name_of("myzUapp.msgs.Order")
        'my_app.msgs.Order'
    """
    return _MARKER.sub(_decode, iris_name)


def check_iris_name(name: str) -> str:
    """Return the name when IRIS accepts it for a class.

    Raises:
        IrisNameError: It is empty, has no package, is longer than 220 characters, or a part
            of it does not consist of a letter and then letters and digits.
    """
    if not _CLASS_NAME.fullmatch(name):
        raise IrisNameError(
            f"{name!r} is no name of a class on IRIS: give a package and a name such as 'Demo.Msg.Order', each part "
            "a letter, then letters and digits"
        )
    if len(name) > MAX_LENGTH:
        raise IrisNameError(f"{name!r} has {len(name)} characters; a class on IRIS can have {MAX_LENGTH}")
    return name


def _encode(found: re.Match[str]) -> str:
    character = found.group()
    return _ENCODED.get(character) or f"zX{ord(character):X}z"


def _decode(found: re.Match[str]) -> str:
    marker = found.group()
    if marker == "zz":
        return "z"
    if marker == "zU":
        return "_"
    digits = found.group(1)
    # Checked by length first: the digits come from outside and may be very many.
    if len(digits.lstrip("0")) > 6 or int(digits, 16) > sys.maxunicode:
        return marker
    return chr(int(digits, 16))
