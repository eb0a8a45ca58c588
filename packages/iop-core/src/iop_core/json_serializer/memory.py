"""How much memory a body may take, and the account of what was taken.

A few bytes of JSON become an object of many: ``[],`` of 3 bytes a list of 64. So a body may
take ``max_growth`` times its size, and a small body is never refused. Unless its class says otherwise
that is ten times, or what complete data of its fields takes when they are small and many.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar
from typing import Any, Final, cast

from iop_core.json_serializer.charges import LEAST_GROWTH, Charges
from iop_core.json_serializer.contents import contents_of, dict_size
from iop_core.json_serializer.sizes import PLAIN, size_of
from iop_core.messages import MAX_GROWTH
from iop_core.refusals import Refusal

ALWAYS_ALLOWED: Final = 256 * 1024
"""Memory, in bytes, that every body may take, however small it is."""
AT_A_TIME: Final = 32 * 1024
"""Memory, in bytes, that may be taken for a short time while one part of a body is read."""


# Pydantic's tree of a text takes some twenty times its size, of honest ones too.
_WHOLE_MODELS = 5
# In Python 3.10 a small dict is a quarter larger, and so are honest messages.
_LARGER_DICTS: Final = max(1.0, dict_size(1) / 184)


def allowed_memory(message_class: type, size: int, growth: float = LEAST_GROWTH) -> int:
    """Return how many bytes of memory a body may take.

    Args:
        message_class: Its class, which may say itself how many times its size.
        size: Its length in bytes.
        growth: How many times its size else; see ``Charges.growth``.
    """
    declared: float | None = getattr(message_class, MAX_GROWTH, None)
    return max(ALWAYS_ALLOWED, int(size * (growth if declared is None else declared) * _LARGER_DICTS))


def fits_at_once(payload: bytes, charges: Charges, room: int) -> bool:
    """Return whether pydantic may read a text as a whole, in so many bytes of memory."""
    return charges.is_surely_small(payload, room) or charges.at_once(contents_of(payload)) <= room


class Account:
    """What is left of the memory for one body that is taken apart.

    Args:
        message_class: The class of the body.
        payload: The body.
        charges: What the values of the class take.
    """

    def __init__(self, message_class: type, payload: bytes, charges: Charges) -> None:
        self._message_class = message_class
        self._payload = payload
        self._charges = charges
        self._allowed = allowed_memory(message_class, len(payload), charges.growth)
        self._contents = contents_of(payload, self._allowed)
        self.left = self._allowed - self._contents.parsed
        """Bytes that may be taken beside those of the parsed text; below 0 when those are too many."""

    def may_read_at_once(self) -> bool:
        """Return whether pydantic may read the body as a whole."""
        return self._charges.at_once(self._contents) <= self._allowed

    def may_read_whole_model(self) -> bool:
        """Return whether pydantic may read a model that cannot be taken apart."""
        return self._charges.at_once(self._contents) <= _WHOLE_MODELS * self._allowed

    @property
    def room_for_whole_model(self) -> int:
        """Bytes that may be taken to read a part of a model that cannot be taken apart."""
        return max(AT_A_TIME, self.left + (_WHOLE_MODELS - 1) * self._allowed)

    def take(self, size: int) -> None:
        """Note that so many bytes were taken, or given back when the number is negative.

        Raises:
            Refusal: There are not so many left.
        """
        self.left -= size
        if self.left < 0:
            raise self.refusal()

    def refusal(self) -> Refusal:
        """Return what to raise when the body needs more memory than it may take."""
        is_counted_out = self._contents.parsed <= self._allowed
        contents = self._contents if is_counted_out else contents_of(self._payload)
        size, growth = len(self._payload), -(-self._charges.at_once(contents) // len(self._payload))
        return Refusal(
            f"its {size:,} bytes hold about {contents.values:,} values, which take more memory than the "
            f"{_readable(self._allowed)} that are allowed. If messages are meant to be like that, "
            f"declare 'class {self._message_class.__name__}(..., max_growth={growth})'",
            is_fatal=True,
        )


ACCOUNT: ContextVar[Account | None] = ContextVar("account", default=None)
"""The account of the body that is being read, None for a small one."""


def room() -> int:
    """Return how many bytes may be taken for a short time to read one part of the body."""
    account = ACCOUNT.get()
    return ALWAYS_ALLOWED if account is None else max(AT_A_TIME, account.left)


def _readable(size: int) -> str:
    return f"{size // 2**20:,} MiB" if size >= 2**20 else f"{size // 2**10:,} KiB"


def accounted(value: Any, raw: object) -> Any:
    """Return a value that was made of raw data, after noting what it takes more than the raw data."""
    account = ACCOUNT.get()
    if account is not None and not _is_as_parsed(value, raw):
        account.take(size_of(value) - size_of(raw))
    return value


def _is_as_parsed(value: object, raw: object) -> bool:
    if isinstance(value, list) and isinstance(raw, list):
        kinds = set(map(type, cast("list[object]", value)))
        return kinds <= PLAIN and kinds == set(map(type, cast("list[object]", raw)))
    return not isinstance(value, list) and type(value) in PLAIN and type(value) is type(raw)


def accounted_shell(container: Any, raw: object) -> Any:
    """Return a container that holds the same as a raw one, after noting what it takes more."""
    account = ACCOUNT.get()
    if account is not None:
        account.take(sys.getsizeof(container) - sys.getsizeof(raw))
    return container
