"""Which messages of an item must stay in order: those with the same key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from iop_core.definitions import ItemDefinition
from iop_core.errors import ConfigurationError, SendError

ORDER_BY = "OrderBy"

# Messages without the field are in order among themselves.
NO_VALUE = "-"


class OrderKeys:
    """Gives each message of an item its key.

    Messages with the same key are handled one after the other in the order in which they were
    sent, however many jobs the item has; those with different keys do not wait for each other.

    Args:
        item: Name of the item, for error texts.
        order_by: Path of a field, such as ``patient.id``, or a function of the message.
    """

    def __init__(self, item: str, order_by: str | Callable[[object], object]) -> None:
        self._item = item
        self._path = tuple(order_by.split(".")) if isinstance(order_by, str) else ()
        self._function = None if isinstance(order_by, str) else order_by

    def key_of(self, message: object) -> str:
        """Return the key of a message.

        Raises:
            SendError: The function of the item failed.
        """
        if self._function is None:
            value = _at(message, self._path)
        else:
            try:
                value = self._function(message)
            except Exception as exc:
                raise SendError(
                    f"{ORDER_BY} of item {self._item!r} failed for {type(message).__name__} with "
                    f"{type(exc).__name__}: {exc}; nothing was sent"
                ) from exc
        return NO_VALUE if value is None else str(value) or NO_VALUE


def order_keys_of(item: ItemDefinition) -> OrderKeys | None:
    """Return what gives the messages of an item their keys; None when they need none.

    Raises:
        ConfigurationError: ``OrderBy`` is neither a path nor a function.
    """
    order_by = item.host_settings.get(ORDER_BY) or getattr(item.component_class, ORDER_BY, None)
    if not order_by:
        return None
    if isinstance(order_by, str):
        if not all(name.isidentifier() for name in order_by.split(".")):
            raise ConfigurationError(
                f"{ORDER_BY} of item {item.name!r} is {order_by!r}; give the path of a field such as 'patient.id'"
            )
        return OrderKeys(item.name, order_by)
    if not callable(order_by):
        raise ConfigurationError(
            f"{ORDER_BY} of item {item.name!r} is {order_by!r}; give the path of a field such as 'patient.id', or a "
            "function that returns the key of a message"
        )
    return OrderKeys(item.name, order_by)


def _at(message: object, path: tuple[str, ...]) -> object:
    value = message
    for name in path:
        value = (
            cast("Mapping[str, object]", value).get(name) if isinstance(value, Mapping) else getattr(value, name, None)
        )
    return value
