"""Which errors mean that a message may be tried again, or must not be."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

from iop_core.errors import IopError

# The other side cannot be reached, or did not answer in time.
_CONNECTION_ERRORS = (ConnectionError, TimeoutError, socket.gaierror, socket.herror)
_CONNECTION_NUMBERS = frozenset({errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.EPIPE})

_NUMBER_ATTRIBUTES = ("code", "status_code", "errno")


def is_connection_error(exc: BaseException) -> bool:
    """Return whether an error, or what it was raised from, is that of a lost or missing connection.

    An error of ours is one when it says that a later try may succeed: a request to another
    item that timed out is not, since that item may still handle it.
    """
    for each in _with_causes(exc):
        if isinstance(each, IopError):
            return each.retryable
        if isinstance(each, _CONNECTION_ERRORS) or (isinstance(each, OSError) and each.errno in _CONNECTION_NUMBERS):
            return True
    return False


def is_of_class(exc: BaseException, names: frozenset[str]) -> bool:
    """Return whether an error is of a class named, with or without its module, or derives from one."""
    return bool(names) and any(
        cls.__name__ in names or f"{cls.__module__}.{cls.__qualname__}" in names for cls in type(exc).__mro__
    )


def number_of(exc: BaseException) -> int | None:
    """Return the number of an error: its ``code``, ``status_code`` or ``errno``; None when it has none."""
    values = (getattr(exc, name, None) for name in _NUMBER_ATTRIBUTES)
    return next((value for value in values if isinstance(value, int)), None)


def _with_causes(exc: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = exc
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__
