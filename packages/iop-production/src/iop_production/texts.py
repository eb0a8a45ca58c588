"""Values as the text that IRIS keeps for them."""

from __future__ import annotations

from datetime import time

_BOOLEANS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def time_of_day(text: str) -> time | None:
    """Return the time of the day that a text names, such as ``03:00``; None when it is none, or has a zone."""
    try:
        moment = time.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is None else None


def text_of(value: object) -> str:
    """Return a value as text: ``true`` and ``false`` for booleans, empty for None.

    Example:
        >>> text_of(True), text_of(None), text_of(1.5)
        ('true', '', '1.5')
    """
    if type(value) is str:
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def boolean_of(value: object) -> bool | None:
    """Return the truth that a value or its text stands for; None when it stands for none.

    Example:
        >>> boolean_of(" Yes "), boolean_of(0), boolean_of("maybe")
        (True, False, None)
    """
    if isinstance(value, bool):
        return value
    return _BOOLEANS.get(str(value).strip().lower())


def boolean_text_of(value: object) -> str:
    """Return the text of a boolean field; text that is no boolean stays, in lower case.

    Example:
        >>> boolean_text_of("on"), boolean_text_of("maybe")
        ('true', 'maybe')
    """
    if value == "true" or value == "false":  # the usual texts, as fast as can be
        return str(value)
    truth = boolean_of(value)
    if truth is None:
        return str(value).strip().lower()
    return "true" if truth else "false"
