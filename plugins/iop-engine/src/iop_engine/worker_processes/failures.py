"""Errors that go from one process to the other and are raised, or judged, there again."""

from __future__ import annotations

import builtins
import pickle
import traceback
from typing import Any, NamedTuple, cast

from iop_core.errors import BackendError, IopError
from iop_engine.control.travelling_errors import ErrorRecord, error_of, record_of
from iop_engine.error_kinds import number_of


class ErrorInOtherProcess(BackendError):
    """Carries the traceback of an error that was raised in another process."""


class Link(NamedTuple):
    """An error, or one that it was raised from.

    Attributes:
        record: An error of ours; None for others.
        pickled: The error; empty when it cannot be restored from that.
        names: Module and name of its class and of those that it derives from, up to the first of Python.
        text: What it says.
        number: Its ``code``, ``status_code`` or ``errno``.
    """

    record: ErrorRecord | None
    pickled: bytes
    names: tuple[tuple[str, str], ...]
    text: str
    number: int | None


class Failure(NamedTuple):
    """An error on its way to another process.

    Attributes:
        links: The error, then its causes.
        text: All of it as text, with the traceback.
    """

    links: tuple[Link, ...]
    text: str


def failure_of(error: BaseException) -> Failure:
    """Return an error in the form in which it travels."""
    links: list[Link] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        links.append(_link_of(current))
        current = current.__cause__
    return Failure(tuple(links), "".join(traceback.format_exception(error)).rstrip())


def restored(failure: Failure) -> BaseException:
    """Return the error of a failure, with its causes; the last of them has the text with the traceback.

    It has the same class, unless that cannot be restored from bytes: then the class has the same
    name and derives from the same class of Python.
    """
    cause: BaseException = ErrorInOtherProcess(f"\n{failure.text}")
    for link in reversed(failure.links):
        error = _error_of(link)
        error.__cause__ = cause
        cause = error
    return cause


def _link_of(error: BaseException) -> Link:
    names = tuple((cls.__module__, cls.__qualname__) for cls in type(error).__mro__)
    first = next(place for place, (module, _) in enumerate(names) if module == "builtins")
    record = record_of(error) if isinstance(error, IopError) else None
    pickled = b"" if record else _pickled(error)
    return Link(record, pickled, names[: first + 1], _text(error), number_of(error))


def _pickled(error: BaseException) -> bytes:
    try:
        content = pickle.dumps(error, pickle.HIGHEST_PROTOCOL)
        again = pickle.loads(content)  # noqa: S301 - made one line above
        is_same = type(again) is type(error) and str(again) == str(error)
    except Exception:  # noqa: BLE001 - boundary: code of users' classes
        return b""
    return content if is_same else b""


def _error_of(link: Link) -> BaseException:
    if link.record is not None:
        return error_of(link.record)
    if link.pickled:
        try:
            return cast("BaseException", pickle.loads(link.pickled))  # noqa: S301 - from our own parent or child
        except Exception:  # noqa: BLE001, S110 - boundary: the class is not known here, or its code fails
            pass
    *own, (_, name) = link.names
    error_class: type[BaseException] = getattr(builtins, name)
    for module, qualname in reversed(own):
        namespace = {"__module__": module, "__qualname__": qualname}
        made: Any = type(qualname.rpartition(".")[2], (error_class,), namespace)
        error_class = made
    error = error_class.__new__(error_class, link.text)
    error.args = (link.text,)
    if link.number is not None:
        error.code = link.number  # type: ignore[attr-defined]
    return error


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as exc:  # noqa: BLE001 - boundary: __str__ of users' classes
        return f"<its __str__ raised {type(exc).__name__}>"
