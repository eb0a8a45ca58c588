"""The fields of a persistent message or model, made once per class from its annotations."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace
from inspect import Parameter, Signature
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Union, cast, get_args, get_origin

from typing_extensions import TypeAliasType

from iop_core.annotations import namespace_of, own_annotations, resolve
from iop_core.errors import MessageDefinitionError, MessageFieldError, MessageValueError, did_you_mean
from iop_core.persistent.fields import FieldOptions, Missing
from iop_core.persistent.types import (
    SCALARS,
    DictOf,
    ListOf,
    Problem,
    ValueType,
    find_length_problem,
    find_member_type,
    wrong_type,
)
from iop_core.registry import class_name_of

if TYPE_CHECKING:
    from iop_core.persistent.models import Model

_LOGGER = logging.getLogger("iop.messages")


class Embedded(ValueType):
    """A model inside of another.

    Args:
        model_class: The class of the values; one derived from it does not fit, because
            its own fields would be lost.
    """

    iris_type = ""

    def __init__(self, model_class: type[Model]) -> None:
        self.python_type = model_class
        self.model_class = model_class

    @property
    def definition(self) -> ModelDefinition:
        """The fields of the model; looked up late, because a model may contain itself."""
        return definition_of(self.model_class)

    def find_problem(self, value: Any) -> Problem | None:
        """Look at every field."""
        if type(value) is not self.model_class:
            return wrong_type(self.model_class.__name__, value)
        return self.definition.find_problem(value)

    def encode(self, value: Any) -> object:
        """Return an object of the fields."""
        return None if value is None else self.definition.encode(value)

    def decode(self, raw: Any) -> object:
        """Return the model of an object."""
        if raw is not None and not isinstance(raw, dict):
            raise TypeError(f"expected an object, got {type(raw).__name__}")
        return None if raw is None else self.definition.decode(cast("dict[str, object]", raw))


@dataclass(frozen=True, slots=True)
class ModelField:
    """One field, as declared.

    Attributes:
        name: Its name.
        type: The type of its values.
        required: True when construction needs it.
        nullable: True when its value may be None.
        options: What ``Field`` said.
    """

    name: str
    type: ValueType
    required: bool
    nullable: bool
    options: FieldOptions

    @property
    def column(self) -> str:
        """Name of the column that holds it."""
        return self.options.sql_field_name or self.name

    def default_value(self) -> object:
        """Return the value when none is given, made anew where there is a factory."""
        if self.options.default_factory is not None:
            return self.options.default_factory()
        return None if self.options.default is Missing else self.options.default

    def find_problem(self, value: object) -> Problem | None:
        """Return why the field cannot have this value; None when it can."""
        if value is None:
            return None if self.nullable else Problem("null is not allowed", is_value=True)
        return self.type.find_problem(value) or find_length_problem(value, self.options.max_length)


class ModelDefinition:
    """The fields of one class, and what is done with all of them at once.

    Args:
        model_class: The class.

    Raises:
        MessageDefinitionError: A field is declared in a way that cannot work.
        UnresolvedAnnotationError: An annotation names something that is not there yet.
    """

    def __init__(self, model_class: type[Model]) -> None:
        self.model_class = model_class
        self.fields = _collect_fields(model_class)
        self._warned: set[str] = set()

    @property
    def signature(self) -> Signature:
        """The arguments of the constructor."""
        return Signature(
            [
                Parameter(
                    field.name,
                    Parameter.KEYWORD_ONLY,
                    default=Parameter.empty if field.required else copy(field.default_value()),
                )
                for field in self.fields.values()
            ]
        )

    def bind(self, values: dict[str, object]) -> dict[str, object]:
        """Return the value of every field for a new object.

        Raises:
            MessageFieldError: A required field is missing, or one is unknown.
        """
        name = self.model_class.__name__
        unknown = [key for key in values if key not in self.fields]
        if unknown:
            raise MessageFieldError(
                f"{name} has no field {', '.join(map(repr, unknown))}{did_you_mean(unknown[0], self.fields)}; "
                f"fields: {', '.join(self.fields) or 'none'}"
            )
        missing = [field.name for field in self.fields.values() if field.required and field.name not in values]
        if missing:
            raise MessageFieldError(f"{name} needs a value for {', '.join(map(repr, missing))}")
        return {key: values[key] if key in values else field.default_value() for key, field in self.fields.items()}

    def find_problem(self, instance: object) -> Problem | None:
        """Return the first field that holds what it must not; None when all is well."""
        values = vars(instance)
        for name, field in self.fields.items():
            problem = field.find_problem(values.get(name))
            if problem is not None:
                return problem.within(f".{name}")
        for name in values:
            if name not in self.fields and not name.startswith("_"):
                hint = did_you_mean(name, self.fields)
                text = f"is no field{hint} and would be lost; fields: {', '.join(self.fields)}"
                return Problem(text, place=f".{name}")
        return None

    def validate(self, instance: object) -> None:
        """Check every field.

        Raises:
            MessageFieldError: A value is of the wrong type; it is a TypeError too.
            MessageValueError: A value is null, too long, or out of range; it is a ValueError too.
        """
        try:
            problem = self.find_problem(instance)
        except RecursionError:
            problem = Problem("contains itself, or is nested too deeply", is_value=True)
        if problem is not None:
            kind = MessageValueError if problem.is_value else MessageFieldError
            raise kind(f"{self.model_class.__name__}{problem.place}: {problem.text}")

    def encode(self, instance: object) -> dict[str, object]:
        """Return the stored fields as plain JSON; the object was validated before."""
        values = vars(instance)
        return {
            name: field.type.encode(values.get(name)) for name, field in self.fields.items() if field.options.is_stored
        }

    def decode(self, raw: Mapping[str, object]) -> Model:
        """Return the object of plain JSON.

        What was stored stays readable: a missing field gets its default, an unknown one is
        left out, and a value that does not fit (the field had another type then) stays as
        it is and is logged once.
        """
        instance = self.model_class.__new__(self.model_class)
        for name, field in self.fields.items():
            value = self._decoded(field, raw[name]) if name in raw else field.default_value()
            object.__setattr__(instance, name, value)
        return instance

    def _decoded(self, field: ModelField, raw: object) -> object:
        try:
            return field.type.decode(raw)
        except (ValueError, TypeError, ArithmeticError) as exc:
            if field.name not in self._warned:
                self._warned.add(field.name)
                name = class_name_of(self.model_class)
                _LOGGER.warning("%s.%s keeps a stored value that does not fit: %s", name, field.name, exc)
            return raw


def definition_of(model_class: type[Model]) -> ModelDefinition:
    """Return the fields of a class, made when first asked for.

    Raises:
        MessageDefinitionError: An annotation cannot be resolved.
    """
    if model_class.__iop_definition__ is None:
        model_class.__iop_definition__ = ModelDefinition(model_class)
    return model_class.__iop_definition__


class UnresolvedAnnotationError(MessageDefinitionError):
    """An annotation names something that its module does not have, or not yet."""


def _collect_fields(model_class: type[Model]) -> dict[str, ModelField]:
    """Return the fields of a class, inherited ones first."""
    found: dict[str, ModelField] = {}
    for cls in reversed(model_class.__mro__):
        declared: Mapping[str, object] = vars(cls).get("__iop_declared__", {})
        namespace = {**namespace_of(cls), cls.__name__: cls}
        for name, annotation in own_annotations(cls).items() if declared else ():
            if name in declared:
                found[name] = _build_field(f"{class_name_of(cls)}.{name}", name, annotation, declared[name], namespace)
    spellings: dict[str, str] = {}
    for name in found:
        other = spellings.setdefault(name.casefold(), name)
        if other != name:
            raise MessageDefinitionError(
                f"{class_name_of(model_class)}: the fields {other!r} and {name!r} differ only in case, which IRIS and "
                "SQL do not tell apart; rename one"
            )
    return found


def _build_field(
    place: str, name: str, annotation: object, default: object, namespace: dict[str, object]
) -> ModelField:
    parsed = _Parser(place, namespace).parse(annotation)
    options = default if isinstance(default, FieldOptions) else parsed.options or FieldOptions()
    if default is not options and default is not Missing:
        if options.has_default:
            raise MessageDefinitionError(f"{place}: the default stands twice; drop the one inside of Annotated")
        options = replace(options, default=default)
    if parsed.options is not None and isinstance(default, FieldOptions):
        raise MessageDefinitionError(f"{place}: Field() stands both inside of Annotated and as the value; keep one")
    _check_default(place, options.default)
    required = options.required
    if required is None:
        required = not (options.has_default or options.is_set_by_server)
    nullable = options.nullable
    if nullable is None:
        nullable = not required or parsed.takes_none
    return ModelField(name, parsed.type, required and not options.has_default, nullable, options)


def _check_default(place: str, default: object) -> None:
    # A shared object: changing it in one message would change it in all.
    if isinstance(default, (list, dict, set, bytearray)) or hasattr(type(default), "__iop_declared__"):
        raise MessageDefinitionError(
            f"{place}: the default {default!r} would be shared by all objects; write Field(default_factory=...)"
        )


@dataclass(slots=True)
class _Parsed:
    type: ValueType
    takes_none: bool = False
    options: FieldOptions | None = None


class _Parser:
    """Turns the annotation of one field into the type of its values."""

    def __init__(self, place: str, namespace: dict[str, object]) -> None:
        self._place = place
        self._namespace = namespace

    def parse(self, annotation: object) -> _Parsed:
        meaning = resolve(annotation, self._namespace)
        if isinstance(meaning, str):
            raise UnresolvedAnnotationError(
                f"{self._place}: the annotation {meaning!r} names something its module lacks; import it there"
            )
        if isinstance(meaning, TypeAliasType):
            return self.parse(meaning.__value__)
        origin, arguments = get_origin(meaning), get_args(meaning)
        if origin is Annotated:
            return self._parse_annotated(arguments)
        if origin in (Union, UnionType):
            members = [member for member in arguments if member is not type(None)]
            if len(members) == 1:
                return replace(self.parse(members[0]), takes_none=True)
        elif origin is list:
            item = self.parse(arguments[0])
            return _Parsed(ListOf(item.type, takes_none=item.takes_none))
        elif origin is dict and arguments[0] is str:
            item = self.parse(arguments[1])
            return _Parsed(DictOf(item.type, takes_none=item.takes_none))
        elif isinstance(meaning, type):
            found = find_member_type(meaning) or SCALARS.get(meaning)
            if found is not None:
                return _Parsed(found)
            if hasattr(meaning, "__iop_declared__"):
                return _Parsed(Embedded(cast("type[Model]", meaning)))
        known = ", ".join(scalar.__name__ for scalar in SCALARS)
        raise MessageDefinitionError(
            f"{self._place}: {meaning!r} cannot be stored in a column; types: {known}, list[...], dict[str, ...], "
            "an Enum of texts or of whole numbers, a Model, and each of them or None"
        )

    def _parse_annotated(self, arguments: tuple[object, ...]) -> _Parsed:
        parsed = self.parse(arguments[0])
        options = [extra for extra in arguments[1:] if isinstance(extra, FieldOptions)]
        if len(options) > 1:
            raise MessageDefinitionError(f"{self._place}: Annotated holds two Field(); keep one")
        return replace(parsed, options=options[0]) if options else parsed


def declared_values(model_class: type) -> dict[str, object]:
    """Return what a class assigns to each of its own fields, ``Missing`` for nothing, and tidy the class.

    A ``Field`` is replaced by its default, so that the attribute of the class is what a
    reader of the code expects.

    Raises:
        MessageDefinitionError: A field has a name that is taken, or a ``Field`` no annotation.
    """
    own = own_annotations(model_class)
    place = class_name_of(model_class)
    for name, value in list(vars(model_class).items()):
        if isinstance(value, FieldOptions) and name not in own:
            raise MessageDefinitionError(
                f"{place}.{name} is a Field() without an annotation; write {name}: str = Field(...)"
            )
    found: dict[str, object] = {}
    for name, annotation in own.items():
        if _is_class_variable(annotation):
            continue
        if name.startswith("_") or any(name in vars(cls) for cls in model_class.__mro__[1:] if _is_own(cls)):
            raise MessageDefinitionError(f"{place}.{name}: this name belongs to IoP; rename the field")
        found[name] = value = vars(model_class).get(name, Missing)
        if isinstance(value, FieldOptions):
            if value.default is Missing:
                delattr(model_class, name)
            else:
                setattr(model_class, name, value.default)
    return found


def _is_own(cls: type) -> bool:
    return cls.__module__.startswith("iop_core.") or cls is object


def _is_class_variable(annotation: object) -> bool:
    if isinstance(annotation, str):
        return annotation.partition("[")[0].rpartition(".")[2] == "ClassVar"
    return annotation is ClassVar or get_origin(annotation) is ClassVar
