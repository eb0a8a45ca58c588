"""Messages declared as pydantic models; imported only when one is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict

from iop_core.errors import MessageDefinitionError
from iop_core.messages import IRIS_ID
from iop_core.registry import MESSAGE_CLASSES, class_name_of
from iop_core.searchable import Searchable, paths_by_name

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic._internal._model_construction import ModelMetaclass
    from pydantic_core import CoreSchema
    from typing_extensions import Self, Unpack
else:
    ModelMetaclass = type(BaseModel)

_Model = TypeVar("_Model", bound=BaseModel)


class PydanticMessageType(ModelMetaclass):
    """The class of message classes; refuses ``@dataclass`` while the module is loaded."""

    def __setattr__(cls, name: str, value: object) -> None:
        """Set a class attribute, unless it shows that ``@dataclass`` is at work."""
        if name == "__dataclass_fields__":
            raise MessageDefinitionError(mixed_declaration(cls))
        super().__setattr__(name, value)


class PydanticMessage(BaseModel, metaclass=PydanticMessageType):
    """Base class of messages that are declared as pydantic models.

    Fields are class annotations; construction takes keywords only and validates. A field
    whose default is None accepts None, whatever its annotation: what is written can be
    read back. A class declared with ``serializer="msgpack"``, and every class derived from
    it, is written by the serializer of that name; ``searchable``, ``purgeable`` and
    ``max_growth`` are those of ``Message``.

    Raises:
        pydantic.ValidationError: On construction, when a value does not fit.

    Example:
        >>> class Order(PydanticMessage):
        ...     number: str
        >>> Order(number="A1").number
        'A1'
    """

    # JSON has no NaN; the default of pydantic would silently write null.
    model_config = ConfigDict(ser_json_inf_nan="strings")

    _iris_id: ClassVar[str | None] = None
    __iop_serializer__: ClassVar[str] = ""
    __max_growth__: ClassVar[int | None] = None
    __iop_searchable__: ClassVar[Mapping[str, str]] = {}
    __iop_purgeable__: ClassVar[bool] = True

    def __init_subclass__(
        cls,
        *,
        serializer: str | None = None,
        searchable: Searchable | None = None,
        purgeable: bool | None = None,
        max_growth: int | None = None,
        **kwargs: Unpack[ConfigDict],
    ) -> None:
        super().__init_subclass__(**kwargs)
        if serializer is not None:
            cls.__iop_serializer__ = serializer
        if searchable is not None:
            cls.__iop_searchable__ = paths_by_name(searchable, class_name_of(cls))
        if purgeable is not None:
            cls.__iop_purgeable__ = purgeable
        if max_growth is not None:
            cls.__max_growth__ = max_growth

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Make the class known to the registry; called by pydantic for each subclass."""
        super().__pydantic_init_subclass__(**kwargs)
        MESSAGE_CLASSES.register(cls)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let fields whose default is None accept None; called by pydantic for each class."""
        from iop_core.json_serializer.schemas import accept_none_defaults

        schema = handler(source)
        accept_none_defaults(handler.resolve_ref_schema(schema))
        return schema

    def get_iris_id(self) -> str | None:
        """Return the id of the stored body this message was read from, None for a new one."""
        return self._iris_id

    def __copy__(self) -> Self:
        """Return a shallow copy without the id: it is a new message."""
        return _without_id(super().__copy__())

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Return a deep copy without the id: it is a new message."""
        return _without_id(super().__deepcopy__(memo))

    def __getstate__(self) -> dict[Any, Any]:
        """Leave the id out of pickles."""
        state = super().__getstate__()
        fields = {name: value for name, value in state["__dict__"].items() if name != IRIS_ID}
        return {**state, "__dict__": fields}


class PydanticPickleMessage(PydanticMessage, serializer="pickle"):
    """Base class of messages that are declared as pydantic models and stored as pickles.

    Pickles and what they need are told of in ``PickleMessage``. A field may be annotated
    with any class; pydantic then checks only that the value is an instance of it.

    Example:
        >>> class Point(PydanticPickleMessage):
        ...     value: complex = 0j
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)


def mixed_declaration(message_class: type) -> str:
    """Return the text of the error for a pydantic class under ``@dataclass``."""
    name = message_class.__name__
    return (
        f"{message_class.__module__}.{message_class.__qualname__} combines @dataclass with PydanticMessage. "
        f"Write either 'class {name}(PydanticMessage):' without @dataclass, "
        f"or '@dataclass' above 'class {name}(Message):'"
    )


def _without_id(message: _Model) -> _Model:
    if IRIS_ID in vars(message):
        object.__delattr__(message, IRIS_ID)
    return message
