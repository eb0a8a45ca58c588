"""Messages that are stored as pickles."""

from __future__ import annotations

from iop_core.messages import Message


class PickleMessage(Message, serializer="pickle"):
    """Base class of messages that are stored as pickles, for values that JSON cannot hold.

    Subclass it with or without ``@dataclass``. The serializer is in the package
    ``iop-serializer-pickle``, and a production has to allow it, because reading a pickle
    can run code: ``Production(..., allowed_serializers=("pickle",))``.

    Example:
        >>> from dataclasses import dataclass, field
        >>> @dataclass
        ... class Seen(PickleMessage):
        ...     numbers: set[int] = field(default_factory=set)
        >>> Seen({1, 2})
        Seen(numbers={1, 2})
    """
