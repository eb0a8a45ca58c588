"""Models: objects with typed fields that a class on IRIS, or a table, can hold."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from contextlib import suppress
from inspect import Signature
from typing import Any, ClassVar, SupportsIndex, TypeVar, cast, overload

from typing_extensions import Self, dataclass_transform

from iop_core.errors import MessageDefinitionError, MessageFieldError
from iop_core.persistent.definitions import (
    Embedded,
    ModelDefinition,
    UnresolvedAnnotationError,
    declared_values,
    definition_of,
)
from iop_core.persistent.fields import Field
from iop_core.persistent.iris_names import iris_name_of
from iop_core.persistent.meta import ModelMeta, read_meta
from iop_core.persistent.types import DictOf, ListOf, ValueType
from iop_core.registry import class_name_of

T = TypeVar("T")


class _SignatureOfClass:
    """Gives each model class its own signature, once its annotations can be resolved."""

    def __get__(self, instance: object, owner: type[Model]) -> Signature:
        return definition_of(owner).signature


@dataclass_transform(kw_only_default=True, field_specifiers=(Field,))
class Model:
    """Base of objects with typed fields, such as the address inside of an order.

    Fields are class annotations; construction takes keywords only and checks types and
    lengths. A field without default is required and never None. Two models with equal
    fields are equal.

    Class keywords: ``serial=True`` for a value object that lives inside of others,
    ``persistent=True`` for one with an id of its own on IRIS, and ``superclasses`` for the
    names of what the class extends there.

    Raises:
        MessageFieldError: On construction, when a field is missing, unknown or of the wrong
            type; it is a TypeError too.
        MessageValueError: On construction, when a value is null or too long; it is a
            ValueError too.

    Example:
        >>> class Address(Model, serial=True):
        ...     City: str
        ...     Zip: str = ""
        >>> Address(City="Delft")
        Address(City='Delft', Zip='')
    """

    # The id has a place of its own, so that it is no field and no attribute in __dict__.
    __slots__ = ("__dict__", "__weakref__", "_iris_id")

    __iop_is_abstract__: ClassVar[bool] = True
    __iop_is_serial__: ClassVar[bool] = False
    __iop_meta__: ClassVar[ModelMeta] = ModelMeta()
    __iop_declared__: ClassVar[Mapping[str, object]] = {}
    __iop_definition__: ClassVar[ModelDefinition | None] = None
    __hash__: ClassVar[None]  # type: ignore[assignment]  # reason: like a dataclass, equal by value and changeable
    __signature__ = _SignatureOfClass()

    def __init_subclass__(
        cls,
        *,
        serial: bool | None = None,
        persistent: bool | None = None,
        superclasses: str | Sequence[str] | None = None,
        **kwargs: object,
    ) -> None:
        super().__init_subclass__(**kwargs)
        if serial and persistent:
            raise MessageDefinitionError(f"{class_name_of(cls)} is declared serial and persistent; choose one")
        if serial is not None or persistent is not None:
            cls.__iop_is_serial__ = bool(serial)
        cls.__iop_meta__ = read_meta(cls, cls.__iop_meta__, superclasses)
        cls.__iop_declared__ = declared_values(cls)
        cls.__iop_definition__ = None
        with suppress(UnresolvedAnnotationError):  # of a class further down; asked for again with the first object
            definition_of(cls)

    def __init__(self, *arguments: object, **values: Any) -> None:
        name = type(self).__name__
        if "__iop_is_abstract__" in vars(type(self)):
            raise MessageFieldError(f"{name} itself has no fields: derive a class from it")
        if arguments:
            raise MessageFieldError(f"{name} takes keywords only, got {len(arguments)} by position: name the fields")
        definition = definition_of(type(self))
        vars(self).update(definition.bind(values))
        if self.__iop_meta__.validate_on_init:
            definition.validate(self)

    @property
    def pk(self) -> str | None:
        """The id of the stored object; None for a new one."""
        return self.get_iris_id()

    def get_iris_id(self) -> str | None:
        """Return the id of the stored object this was read from, None for a new one."""
        return getattr(self, "_iris_id", None) or None

    def to_dict(self) -> dict[str, Any]:
        """Return field name to value; models inside become dicts too."""
        return {name: _opened(getattr(self, name)) for name in definition_of(type(self)).fields}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return an object made of field name to value, where dicts stand for models inside.

        Raises:
            MessageFieldError, MessageValueError: As for the constructor.
        """
        fields = definition_of(cls).fields
        return cls(**{name: _closed(fields[name].type, v) if name in fields else v for name, v in values.items()})

    @overload
    def to_dataclass(self, dataclass_type: type[T]) -> T: ...
    @overload
    def to_dataclass(self, dataclass_type: None = None) -> Any: ...
    def to_dataclass(self, dataclass_type: type[Any] | None = None) -> Any:
        """Return a dataclass object with the values of the fields.

        Args:
            dataclass_type: Its class, with fields of the same names; None for one that is
                made after this class. Models inside stay as they are.

        Raises:
            MessageFieldError: The class is no dataclass, or takes other fields.
        """
        values = {name: getattr(self, name) for name in definition_of(type(self)).fields}
        if dataclass_type is None:
            return dataclasses.make_dataclass(type(self).__name__, list(values))(**values)
        if not dataclasses.is_dataclass(dataclass_type):
            raise MessageFieldError(f"{dataclass_type!r} is no dataclass")
        try:
            return dataclass_type(**values)
        except TypeError as exc:
            raise MessageFieldError(f"{type(self).__name__} does not fit {dataclass_type.__name__}: {exc}") from exc

    @classmethod
    def from_dataclass(cls, instance: object) -> Self:
        """Return an object made of a dataclass object; dataclass objects inside become models.

        Raises:
            MessageFieldError, MessageValueError: It is no dataclass object, or as for the constructor.
        """
        if isinstance(instance, type) or not dataclasses.is_dataclass(instance):
            raise MessageFieldError(f"{instance!r} is no object of a dataclass")
        return cls.from_dict({field.name: getattr(instance, field.name) for field in dataclasses.fields(instance)})

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return vars(self) == vars(other)

    def __repr__(self) -> str:
        fields = (f"{name}={getattr(self, name, None)!r}" for name in definition_of(type(self)).fields)
        return f"{type(self).__qualname__}({', '.join(fields)})"

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[object, ...]:
        """Leave the id out of copies and pickles: those are new objects."""
        return _restore, (type(self), dict(vars(self)))


def superclasses_of(model_class: type[Model]) -> tuple[str, ...]:
    """Return the names of what the class extends on IRIS."""
    default = "%SerialObject" if model_class.__iop_is_serial__ else "%Persistent"
    return model_class.__iop_meta__.superclasses or (default,)


def iris_class_name_of(model_class: type[Model]) -> str:
    """Return the name that a class gives itself on IRIS: ``Meta.classname``, else derived from the Python name."""
    return model_class.__iop_meta__.classname or iris_name_of(class_name_of(model_class))


def _restore(model_class: type[Model], values: Mapping[str, object]) -> Model:
    instance = model_class.__new__(model_class)
    vars(instance).update(values)
    return instance


def _opened(value: object) -> object:
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, list):
        return [_opened(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        return {key: _opened(item) for key, item in cast("dict[object, object]", value).items()}
    return value


def _closed(value_type: ValueType, value: object) -> object:
    """Return a value whose dicts and dataclass objects became models where the type says so."""
    if isinstance(value_type, Embedded):
        if isinstance(value, dict):
            return value_type.model_class.from_dict(cast("dict[str, object]", value))
        is_record = dataclasses.is_dataclass(value) and not isinstance(value, type)
        return value_type.model_class.from_dataclass(value) if is_record else value
    if isinstance(value_type, ListOf) and isinstance(value, list):
        return [_closed(value_type.item, item) for item in cast("list[object]", value)]
    if isinstance(value_type, DictOf) and isinstance(value, dict):
        return {key: _closed(value_type.item, item) for key, item in cast("dict[str, object]", value).items()}
    return value
