"""Errors that go from the engine to a caller in another process and are raised there again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from iop_core.errors import BackendError, IopError

ErrorRecord = dict[str, object]


def record_of(error: Exception) -> ErrorRecord:
    """Return an error as values that JSON can hold."""
    if not isinstance(error, IopError):
        text = f"the engine could not do it: {type(error).__name__}: {' '.join(str(error).split())}"
        return {"classes": [BackendError.__name__], "text": text, "values": {}}
    names = [cls.__name__ for cls in type(error).__mro__ if issubclass(cls, IopError)]
    values = {name: value for name, value in vars(error).items() if _is_plain(value)}
    return {"classes": names, "text": str(error), "values": values}


def error_of(record: ErrorRecord) -> IopError:
    """Return the error of a record.

    It has the same class and attributes; a class that is not known here is replaced by the nearest
    one above it that is.
    """
    known = {cls.__name__: cls for cls in _all_errors(IopError)}
    names = cast("list[str]", record["classes"])
    error_class = next((known[name] for name in names if name in known), BackendError)
    text = str(record["text"])
    error = error_class.__new__(error_class, text)
    error.args = (text,)
    for name, value in cast("dict[str, object]", record["values"]).items():
        setattr(error, name, tuple(cast("list[object]", value)) if isinstance(value, list) else value)
    return error


def _is_plain(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return all(_is_plain(each) for each in cast("list[object]", value))
    return value is None or isinstance(value, (str, int, float, bool))


def _all_errors(error_class: type[IopError]) -> Iterator[type[IopError]]:
    yield error_class
    for derived in error_class.__subclasses__():
        yield from _all_errors(derived)
