"""Messages: what components send each other."""

from __future__ import annotations

from typing import ClassVar

from iop_core.registry import MESSAGE_CLASSES


class Message:
    """Base class of messages that are declared as dataclasses.

    Subclass it and add ``@dataclass``. Two messages with equal fields are equal,
    whether or not one of them was read from a store.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass
        ... class Order(Message):
        ...     number: str = ""
        >>> Order("A1").number
        'A1'
    """

    _iris_id: ClassVar[str | None] = None

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        MESSAGE_CLASSES.register(cls)

    def get_iris_id(self) -> str | None:
        """Return the id of the stored body this message was read from, None for a new one."""
        return self._iris_id
