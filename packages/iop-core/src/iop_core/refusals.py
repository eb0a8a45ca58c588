"""A value that JSON cannot carry, or that does not fit its field, with the way to it."""

from __future__ import annotations

from reprlib import Repr

from iop_core.errors import SerializationError

# How deep arrays and objects may be nested; the JSON parser stops right after it.
MAX_DEPTH = 200


# A hostile value may be large; its whole text would be larger.
_SHORT = Repr()
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = _SHORT.maxset = _SHORT.maxfrozenset = _SHORT.maxdeque = 10
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 100


class Refusal(Exception):
    """Raised deep inside a message; every level on the way out adds its key.

    Args:
        reason: What is wrong, without subject: ``"is a generator"``.
        is_fatal: True when there is no raw value to keep instead.
        is_unknown_type: True when the annotation of the field may still know what to do.
    """

    def __init__(self, reason: str, *, is_fatal: bool = False, is_unknown_type: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_fatal = is_fatal
        self.is_unknown_type = is_unknown_type
        self._path: list[object] = []

    def within(self, key: object) -> Refusal:
        """Return itself after noting that the value was found under this key."""
        self._path.append(key)
        return self

    def as_error(self, message_class: type) -> SerializationError:
        """Return the public error: class, path of the field, and reason.

        The text looks like ``orders.Order.lines[2].price: is a generator``.
        """
        path = "".join(_step(key) for key in reversed(self._path))
        return SerializationError(f"{message_class.__module__}.{message_class.__qualname__}{path}: {self.reason}")


def _step(key: object) -> str:
    if isinstance(key, str) and key.isidentifier():
        return f".{key}"
    text = repr(key)
    return f"[{text if len(text) <= 60 else text[:60] + '...'}]"


def describe(value: object) -> str:
    """Return a short text for a value in an error: its start and its type."""
    try:
        text = _SHORT.repr(value)
    except Exception:  # noqa: BLE001 - boundary: repr of a foreign object
        text = "?"
    shown = text if len(text) <= 60 else text[:60] + "..."
    return f"{shown} ({type(value).__qualname__})"
