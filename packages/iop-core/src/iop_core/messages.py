"""Messages: what components send each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, SupportsIndex, cast

from iop_core.registry import MESSAGE_CLASSES, class_name_of

if TYPE_CHECKING:
    from iop_core.searchable import Searchable

IRIS_ID = "_iris_id"
MAX_GROWTH = "__max_growth__"
"""Attribute of a message class with the memory its messages may take, as a multiple of their size."""


class Message:
    """Base class of messages that are declared as dataclasses.

    Subclass it and add ``@dataclass``. Two messages with equal fields are equal,
    whether or not one of them was read from a store.

    Reading a stored message is tolerant: a value that does not fit its field is kept as it
    is and logged once, an unknown key becomes an attribute. A class declared with
    ``strict=True``, and every class derived from it, refuses both.

    A class declared with ``serializer="msgpack"``, and every class derived from it, is
    written by the serializer of that name, whatever the default of the production is.

    A class declared with ``searchable=("number", "patient.mrn")`` has fields that operators can
    search for, see ``iop_core.searchable``. ``purgeable=False`` keeps its bodies from being purged.
    Both hold for every class derived from it.

    A stored message may take ten times the size of its body in memory, or as much as complete
    data of its fields takes, 16 times at most, and 256 KiB in any case; what would take more is
    refused when it is read. A class declared with ``max_growth=40``, and every class derived
    from it, may take forty times as much.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass
        ... class Order(Message):
        ...     number: str = ""
        >>> Order("A1").number
        'A1'
        >>> @dataclass
        ... class Invoice(Message, strict=True):
        ...     total: int = 0
    """

    # The id has a place of its own, so that it is no field and no attribute in __dict__.
    __slots__ = ("__dict__", "__weakref__", "_stored_id")

    __is_strict__: ClassVar[bool] = False
    __iop_serializer__: ClassVar[str] = ""
    __max_growth__: ClassVar[int | None] = None
    __iop_searchable__: ClassVar[Mapping[str, str]] = {}
    __iop_purgeable__: ClassVar[bool] = True
    # Read by pydantic, which compiles the JSON codec of a dataclass.
    __pydantic_config__: ClassVar[dict[str, object]] = {
        "arbitrary_types_allowed": True,
        "ser_json_inf_nan": "strings",
    }

    def __init_subclass__(
        cls,
        *,
        strict: bool | None = None,
        serializer: str | None = None,
        searchable: Searchable | None = None,
        purgeable: bool | None = None,
        max_growth: int | None = None,
        **kwargs: object,
    ) -> None:
        super().__init_subclass__(**kwargs)
        if serializer is not None:
            cls.__iop_serializer__ = serializer
        if searchable is not None:
            from iop_core.searchable import paths_by_name  # all types of values are needed for this alone

            cls.__iop_searchable__ = paths_by_name(searchable, class_name_of(cls))
        if purgeable is not None:
            cls.__iop_purgeable__ = purgeable
        if max_growth is not None:
            cls.__max_growth__ = max_growth
        if strict is not None:
            cls.__is_strict__ = strict
        MESSAGE_CLASSES.register(cls)

    def get_iris_id(self) -> str | None:
        """Return the id of the stored body this message was read from, None for a new one."""
        return getattr(self, "_stored_id", None)

    @property
    def _iris_id(self) -> str | None:
        return self.get_iris_id()

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[Any, ...]:
        """Leave the id out of copies and pickles: those are new messages."""
        reduced = super().__reduce_ex__(protocol)
        if isinstance(reduced, str) or len(reduced) < 3:
            return reduced
        make, arguments, state, *rest = reduced
        return (make, arguments, _without_id(state), *rest)


def is_strict(message_class: type) -> bool:
    """Return whether the class was declared with ``strict=True``, or derives from such a class."""
    return issubclass(message_class, Message) and message_class.__is_strict__


def set_iris_id(message: object, iris_id: str | None) -> None:
    """Note on a message which stored body it was read from; the engine calls this after decode.

    Works for frozen classes, classes with slots, and pydantic models alike, because the id
    is kept outside of the fields. It is never serialized and plays no part in equality,
    hash or ``repr``.

    Args:
        message: A message, as decoded.
        iris_id: Id of the body; None takes the id away.
    """
    object.__setattr__(message, "_stored_id" if isinstance(message, Message) else IRIS_ID, iris_id)


def _without_id(state: object) -> object:
    """Return the pickle state of an instance: a dict, or a pair of dict and slots."""
    if isinstance(state, dict):
        return {name: value for name, value in cast("dict[str, object]", state).items() if name != "_stored_id"}
    if isinstance(state, tuple):
        return tuple(_without_id(part) for part in cast("tuple[object, ...]", state))
    return state
