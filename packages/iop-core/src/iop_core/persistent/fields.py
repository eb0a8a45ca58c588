"""What can be said about one field of a persistent message or model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, TypeVar, cast, overload

from typing_extensions import TypedDict, Unpack

from iop_core.errors import MessageDefinitionError, did_you_mean

T = TypeVar("T")


class FieldKeywords(TypedDict, total=False):
    """Everything but the default that ``Field`` takes.

    Attributes:
        required: True: null is refused. None: a field without a default is required.
        nullable: Whether None is allowed; None: when the field is not required.
        primary_key: Whether the field names the object; indexed.
        index: Whether the field is indexed.
        unique: Whether IRIS refuses a second object with this value; indexed.
        index_name: Name of the index on IRIS.
        index_type: Type of the index on IRIS, such as ``"bitmap"``.
        max_length: Most characters of a text, most bytes of binary data.
        sql_field_name: Name of the column; the field's name otherwise.
        transient: True: the field is not stored.
        storable: False: the field is not stored.

    All others are written to the class on IRIS as they are, under the name of the
    keyword of a property there.
    """

    required: bool | None
    nullable: bool | None
    primary_key: bool
    index: bool
    unique: bool
    index_name: str | None
    index_type: str | None
    max_length: int | None
    initial_expression: str | None
    readonly: bool
    collection: str | None
    iris_type: str | None
    sql_field_name: str | None
    identity: bool
    relationship: str | None
    on_delete: str | None
    inverse: str | None
    transient: bool
    storable: bool
    multi_dimensional: bool
    sql_list_delimiter: str | None
    sql_list_type: str | None
    sql_compute_code: str | None
    sql_compute_on_change: str | None
    sql_computed: bool


class Missing:
    """Stands for "no default"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldOptions:
    """The keywords of one ``Field``; see ``FieldKeywords`` for their meaning."""

    default: object = Missing
    default_factory: Callable[[], object] | None = None
    required: bool | None = None
    nullable: bool | None = None
    primary_key: bool = False
    index: bool = False
    unique: bool = False
    index_name: str | None = None
    index_type: str | None = None
    max_length: int | None = None
    initial_expression: str | None = None
    readonly: bool = False
    collection: str | None = None
    iris_type: str | None = None
    sql_field_name: str | None = None
    identity: bool = False
    relationship: str | None = None
    on_delete: str | None = None
    inverse: str | None = None
    transient: bool = False
    storable: bool = True
    multi_dimensional: bool = False
    sql_list_delimiter: str | None = None
    sql_list_type: str | None = None
    sql_compute_code: str | None = None
    sql_compute_on_change: str | None = None
    sql_computed: bool = False

    def __post_init__(self) -> None:
        if self.default is not Missing and self.default_factory is not None:
            raise MessageDefinitionError("Field() takes either default or default_factory, not both")
        length = cast("object", self.max_length)
        if length is not None and (not isinstance(length, int) or isinstance(length, bool) or length < 1):
            raise MessageDefinitionError(f"Field(max_length={length!r}): give a number of characters from 1 on")
        column = cast("object", self.sql_field_name)
        if column is not None and not (isinstance(column, str) and column and column.isprintable()):
            raise MessageDefinitionError(f"Field(sql_field_name={column!r}): give the name of a column")

    @property
    def has_default(self) -> bool:
        """True when the field may be left out on construction because its value is known."""
        return self.default is not Missing or self.default_factory is not None

    @property
    def is_set_by_server(self) -> bool:
        """True when IRIS gives the field its value."""
        return self.initial_expression is not None or self.sql_computed or self.identity

    @property
    def is_stored(self) -> bool:
        """True when the value of the field is kept with the message."""
        return self.storable and not self.transient


_KEYWORDS = tuple(known.name for known in fields(FieldOptions))


@overload
def Field(*, default: T, **options: Unpack[FieldKeywords]) -> T: ...
@overload
def Field(*, default_factory: Callable[[], T], **options: Unpack[FieldKeywords]) -> T: ...
@overload
def Field(**options: Unpack[FieldKeywords]) -> Any: ...
def Field(**options: Any) -> Any:
    """Say more about a field than its annotation and default do.

    Written as the value of the field, or inside of ``Annotated``.

    Args:
        **options: ``default`` or ``default_factory``, and the keywords of ``FieldKeywords``.

    Raises:
        MessageDefinitionError: A keyword is unknown, or two contradict each other. It is a
            TypeError too.

    Example:
        >>> from iop_core import PersistentMessage
        >>> class Order(PersistentMessage):
        ...     OrderId: str = Field(required=True, max_length=64)
        ...     Notes: list[str] = Field(default_factory=list)
        >>> Order(OrderId="A1").Notes
        []
    """
    unknown = [name for name in options if name not in _KEYWORDS]
    if unknown:
        raise MessageDefinitionError(
            f"Field() has no keyword {unknown[0]!r}{did_you_mean(unknown[0], _KEYWORDS)}; "
            f"keywords: {', '.join(_KEYWORDS)}"
        )
    return FieldOptions(**options)
