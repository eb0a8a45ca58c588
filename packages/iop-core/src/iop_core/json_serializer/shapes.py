"""The shapes of annotations, as far as dataclasses are inside of them.

A shape knows two things: how to turn raw JSON data into values without giving up on the
whole when one part does not fit, and whether a value has exactly the declared structure,
so that the fast serializer of pydantic leaves nothing out.
"""

from __future__ import annotations

import types
from abc import ABC, abstractmethod
from collections import abc, deque
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache, cached_property
from typing import TYPE_CHECKING, Annotated, Any, TypeGuard, Union, cast, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from iop_core.json_serializer.memory import ROOM, UNCHECKED, contents_of
from iop_core.json_serializer.schemas import CompiledType, compile_type
from iop_core.json_serializer.validator import MISFIT
from iop_core.refusals import Refusal, describe

if TYPE_CHECKING:
    from iop_core.json_serializer.records import Field, RecordPlan

# Tells whether a value has exactly the declared structure.
Check = Callable[[Any], bool]

_SEQUENCES: dict[object, type] = {
    list: list,
    abc.Sequence: list,
    abc.MutableSequence: list,
    abc.Collection: list,
    abc.Iterable: list,
    set: set,
    abc.Set: set,
    abc.MutableSet: set,
    frozenset: frozenset,
    deque: deque,
}
# So many items of a list are given to pydantic together.
_BATCH = 256
_SCALARS = {int, str, float, bool, bytes, date, datetime, time, timedelta, Decimal, UUID, type(None)}
_MAPPINGS = (dict, abc.Mapping, abc.MutableMapping)


class Shape(ABC):
    """One annotation, or a part of one."""

    @abstractmethod
    def read(self, raw: Any, field: Field) -> object:
        """Return the value of raw JSON data, which is None only in a strict class.

        Args:
            raw: As parsed.
            field: The field it is in; asked what to do with a part that does not fit.

        Raises:
            Refusal: It does not fit as a whole.
        """

    @abstractmethod
    def check(self) -> Check | None:
        """Return a check of the structure; None when there is nothing to check."""

    def listed(self) -> Leaf | None:
        """Return what reads a list of such values at once, None when one by one takes less memory."""
        return None

    def check_all(self) -> Check:
        """Return the same check for every value of an iterable."""
        check = self.check()
        return _anything if check is None else lambda values: all(map(check, values))


class Leaf(Shape):
    """An annotation without dataclasses inside; pydantic does all of it."""

    def __init__(self, hint: object, *, strict: bool) -> None:
        self.hint = hint
        self._strict = strict

    @cached_property
    def compiled(self) -> CompiledType | None:
        """What pydantic made of the type, None when it cannot."""
        try:
            return compile_type(self.hint, strict=self._strict)
        except Exception:  # noqa: BLE001 - boundary: types bring their own schemas; the raw value is kept
            return None

    def read(self, raw: Any, field: Field) -> object:
        """Return what pydantic makes of it."""
        if self.hint is Any or self.hint is object or self.compiled is None:
            return raw
        if (_is_array(raw) or _is_object(raw)) and len(raw) > _BATCH and self._parts is not None:
            return self._parts.read(raw, field)
        # Through JSON, because pydantic's rules for JSON and for objects differ.
        text = to_json(raw, inf_nan_mode="constants")
        if len(text) > UNCHECKED and self._parts is not None:
            return self._parts.read(raw, field)
        return self.read_text(text, raw)

    def read_text(self, text: bytes, raw: object) -> object:
        """Return what pydantic makes of a text.

        Args:
            text: JSON.
            raw: The same, parsed; for the text of an error.

        Raises:
            Refusal: It does not fit, or would take too much memory.
        """
        compiled = self._compiled_for(text)
        try:
            return compiled.validator.read_or_explain(text)
        except ValidationError as exc:
            raise Refusal(_first_reason(exc, raw)) from exc

    def find(self, text: bytes) -> object:
        """Return what pydantic makes of a text, ``MISFIT`` when it does not fit; nobody asks why.

        Raises:
            Refusal: It would take too much memory.
        """
        return self._compiled_for(text).validator.read(text)

    def _compiled_for(self, text: bytes) -> CompiledType:
        if self.compiled is None:
            raise Refusal("has an annotation that pydantic does not know")
        if len(text) > UNCHECKED and contents_of(text).with_errors() > ROOM.get():
            reason = f"a part of {len(text):,} bytes would take more memory than is left; raise max_growth of the class"
            raise Refusal(reason, is_fatal=True)
        return self.compiled

    @cached_property
    def _parts(self) -> Shape | None:
        """The shape that takes a large container apart, None for what has no parts."""
        return _structure(self.hint, strict=self._strict)

    def listed(self) -> Leaf | None:
        """What reads a list of such values at once."""
        return Leaf(list[self.hint], strict=self._strict)  # type: ignore[name-defined]

    def write(self, value: object) -> object:
        """Return the value as plain JSON, the way the annotation says.

        Raises:
            Refusal: Pydantic does not know the type, or the value does not fit it.
        """
        if self.compiled is None:
            raise Refusal("has an annotation that pydantic does not know")
        try:
            return self.compiled.serializer.to_python(
                value, mode="json", round_trip=True, by_alias=False, warnings="error"
            )
        except Exception as exc:  # pydantic, and the serializers that users give to it
            raise Refusal(f"does not fit its annotation, got {describe(value)}") from exc

    def check(self) -> Check | None:
        """Nothing to check: pydantic looks at every value itself."""
        return None


class Model(Leaf):
    """A pydantic model, of which a derived one would be written without its own fields."""

    def check(self) -> Check:
        """Exactly this class, and models and dataclasses inside likewise."""
        model_class: Any = self.hint

        @cache
        def checks() -> list[tuple[str, Check]]:
            # Made on first use: a class may contain itself.
            found = ((name, shape_of(field.annotation).check()) for name, field in model_class.model_fields.items())
            return [(name, check) for name, check in found if check is not None]

        def check(value: Any) -> bool:
            return type(value) is model_class and all(
                check_part(getattr(value, name, None)) for name, check_part in checks()
            )

        return check


def _first_reason(exc: ValidationError, raw: object) -> str:
    first = exc.errors(include_url=False, include_context=False, include_input=False)[0]
    place = "".join(f"[{key!r}]" for key in first["loc"])
    return f"{first['msg']}{' at ' + place if place else ''}, got {describe(raw)}"


class Record(Shape):
    """A dataclass."""

    def __init__(self, record_class: type, *, strict: bool) -> None:
        self.record_class = record_class
        self._strict = strict

    @cached_property
    def plan(self) -> RecordPlan:
        """The plan of the class, looked up on first use: a class may contain itself."""
        from iop_core.json_serializer.records import record_plan  # it is built on this module

        return record_plan(self.record_class, strict=self._strict)

    def read(self, raw: Any, field: Field) -> object:
        """Return an instance made from an object's entries."""
        if not _is_object(raw):
            raise Refusal(f"expected an object for {self.record_class.__qualname__}, got {describe(raw)}")
        return self.plan.read(raw)

    def check(self) -> Check:
        """Exactly this class, with exactly its fields."""
        return lambda value: self.plan.check(value)

    def check_all(self) -> Check:
        """The same for every value, in one loop."""
        return lambda values: self.plan.check_all(values)


class Items(Shape):
    """A list, set or the like of values of one shape."""

    def __init__(self, kind: type, item: Shape) -> None:
        self._kind = kind
        self._item = item

    def read(self, raw: Any, field: Field) -> object:
        """Return the container; an item that does not fit stays raw.

        A list is changed in place, so that a large one never exists twice.
        """
        if not _is_array(raw):
            raise Refusal(f"expected an array, got {describe(raw)}")
        if self._kind is not list:
            return _contained(self._kind, (field.read_part(self._item, part, n) for n, part in enumerate(raw)), raw)
        for start in range(0, len(raw), _BATCH):
            raw[start : start + _BATCH] = self._read_some(raw[start : start + _BATCH], start, field)
        return raw

    def _read_some(self, items: list[Any], start: int, field: Field) -> list[Any]:
        if len(items) > 1 and self._whole is not None:
            # Nearly always all of them fit; pydantic is many times as fast.
            text = to_json(items, inf_nan_mode="constants")
            if len(text) <= UNCHECKED:
                try:
                    found = self._whole.find(text)
                except Exception:  # noqa: BLE001 - boundary: also __post_init__; one by one it is named
                    found = MISFIT
                if found is not MISFIT:
                    return cast("list[Any]", found)
        return [field.read_part(self._item, item, start + n) for n, item in enumerate(items)]

    @cached_property
    def _whole(self) -> Leaf | None:
        return self._item.listed()

    def check(self) -> Check:
        """The declared kind of container, and every item."""
        kind, check_all = self._kind, self._item.check_all()
        return lambda value: value.__class__ is kind and check_all(value)


class Fixed(Shape):
    """A tuple with one shape per place."""

    def __init__(self, parts: tuple[Shape, ...]) -> None:
        self._parts = parts

    def read(self, raw: Any, field: Field) -> object:
        """Return the tuple; a part that does not fit stays raw."""
        if not _is_array(raw) or len(raw) != len(self._parts):
            raise Refusal(f"expected an array of {len(self._parts)}, got {describe(raw)}")
        return tuple(field.read_part(self._parts[n], part, n) for n, part in enumerate(raw))

    def check(self) -> Check:
        """A tuple of that length, and every part."""
        checks = [part.check() or _anything for part in self._parts]

        def check(value: Any) -> bool:
            parts: Any = value
            if type(value) is not tuple or len(parts) != len(checks):
                return False
            return all(check_part(part) for check_part, part in zip(checks, parts, strict=True))

        return check


class Entries(Shape):
    """A dict with values of one shape."""

    def __init__(self, key: Shape, value: Shape) -> None:
        self._key = key
        self._value = value

    def read(self, raw: Any, field: Field) -> object:
        """Return the dict; a key or value that does not fit stays raw."""
        if not _is_object(raw):
            raise Refusal(f"expected an object, got {describe(raw)}")
        if isinstance(self._key, Leaf) and self._key.hint is str:
            for key, part in raw.items():
                raw[key] = field.read_part(self._value, part, key)
            return raw
        return {
            field.read_part(self._key, key, key): field.read_part(self._value, part, key) for key, part in raw.items()
        }

    def check(self) -> Check:
        """A dict, and every value."""
        check_all = self._value.check_all()
        return lambda value: type(value) is dict and check_all(value.values())


class Choice(Shape):
    """A union; without the None in it."""

    def __init__(self, options: tuple[Shape, ...], whole: Leaf, *, has_none: bool) -> None:
        self._options = options
        self._whole = whole
        self._has_none = has_none

    def read(self, raw: Any, field: Field) -> object:
        """Return pydantic's best match; else the dataclass that shares most keys with the object."""
        if raw is None and self._has_none:
            return None
        if len(self._options) > 1:
            try:
                found = self._whole.find(to_json(raw, inf_nan_mode="constants"))
            except Refusal:
                found = MISFIT
            if found is not MISFIT:
                return found
        return max(self._options, key=lambda option: _likeness(option, raw)).read(raw, field)

    def check(self) -> Check:
        """None, or any of the options; with several of them only the slow way is sure."""
        first, *others = self._options
        if others:
            return _nothing
        check = first.check() or _anything
        return lambda value: value is None or check(value)


def _likeness(option: Shape, raw: Any) -> int:
    if isinstance(option, Record) and _is_object(raw):
        return option.plan.likeness(raw)
    fits = (isinstance(option, Entries) and _is_object(raw)) or (isinstance(option, (Items, Fixed)) and _is_array(raw))
    return 0 if fits else -1000


def _is_array(raw: object) -> TypeGuard[list[Any]]:
    return isinstance(raw, list)


def _is_object(raw: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(raw, dict)


def _contained(kind: type, parts: Iterable[object], raw: object) -> object:
    try:
        return kind(parts)
    except TypeError as exc:
        raise Refusal(f"some items cannot be in a {kind.__name__}, got {describe(raw)}") from exc


def _anything(value: object) -> bool:
    del value
    return True


def _nothing(value: object) -> bool:
    del value
    return False


def is_plain_dataclass(hint: object) -> bool:
    """Return whether this is a dataclass of the standard library, not one of pydantic's."""
    return (
        isinstance(hint, type)
        and hasattr(hint, "__dataclass_fields__")
        and not hasattr(hint, "__pydantic_serializer__")
    )


def is_model(hint: object) -> bool:
    """Return whether this is a class of pydantic models."""
    return isinstance(hint, type) and issubclass(hint, BaseModel)


def shape_of(hint: object, *, strict: bool = False) -> Shape:
    """Return the shape of an annotation.

    Args:
        hint: A type, resolved.
        strict: True when whatever does not fit is an error.
    """
    if is_plain_dataclass(hint):
        return Record(cast("type", hint), strict=strict)
    if is_model(hint):
        return Model(hint, strict=strict)
    leaf = Leaf(hint, strict=strict)
    if not _holds_record(hint):
        return leaf
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return shape_of(args[0], strict=strict)
    if origin is Union or origin is types.UnionType:
        options = tuple(shape_of(arg, strict=strict) for arg in args if arg is not type(None))
        return Choice(options, leaf, has_none=type(None) in args)
    return _structure(hint, strict=strict) or leaf


def _structure(hint: object, *, strict: bool) -> Shape | None:
    """Return the shape of a container with parts of declared types, None for anything else."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in _SEQUENCES:
        return Items(_SEQUENCES[origin], shape_of(args[0], strict=strict))
    if origin is tuple and args[-1:] == (...,):
        return Items(tuple, shape_of(args[0], strict=strict))
    if origin is tuple:
        return Fixed(tuple(shape_of(arg, strict=strict) for arg in args))
    if origin in _MAPPINGS:
        return Entries(shape_of(args[0], strict=strict), shape_of(args[1], strict=strict))
    if (origin is Union or origin is types.UnionType) and len(args) == 2 and type(None) in args:
        return _structure(args[0] if args[1] is type(None) else args[1], strict=strict)
    return None


def _holds_record(hint: object) -> bool:
    return is_plain_dataclass(hint) or is_model(hint) or any(_holds_record(arg) for arg in get_args(hint))


def is_scalar(hint: object) -> bool:
    """Return whether the annotation is made of single values only: numbers, texts, moments, enums."""
    if get_origin(hint) in (Union, types.UnionType):
        return all(is_scalar(arg) for arg in get_args(hint))
    return isinstance(hint, type) and (hint in _SCALARS or issubclass(hint, Enum))
