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
from functools import cache, cached_property
from typing import TYPE_CHECKING, Annotated, Any, TypeGuard, Union, cast, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import to_json

from iop_core.json_serializer.branching import require_few_tries
from iop_core.json_serializer.hints import holds_record, is_model, is_plain_dataclass
from iop_core.json_serializer.memory import ACCOUNT, AT_A_TIME, accounted, accounted_shell, fits_at_once, room
from iop_core.json_serializer.schemas import CompiledType, compile_type
from iop_core.json_serializer.sizes import size_of
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
# A value of just that type is what pydantic would make of it.
AS_PARSED: frozenset[object] = frozenset({str, int, float, bool})
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
        self._as_parsed: Any = hint if hint in AS_PARSED else None

    @cached_property
    def compiled(self) -> CompiledType | None:
        """What pydantic made of the type, None when it cannot."""
        try:
            return compile_type(self.hint, strict=self._strict)
        except Exception:  # noqa: BLE001 - boundary: types bring their own schemas; the raw value is kept
            return None

    def read(self, raw: Any, field: Field) -> object:
        """Return what pydantic makes of it."""
        if raw.__class__ is self._as_parsed:
            return raw
        if self.hint is Any or self.hint is object or self.compiled is None:
            return raw
        parts = self._parts
        if parts is not None and (_is_array(raw) or _is_object(raw)) and len(raw) > _BATCH:
            return parts.read(raw, field)
        # Through JSON, because pydantic's rules for JSON and for objects differ.
        text = to_json(raw, inf_nan_mode="constants")
        if parts is not None and not self.fits(text):
            return parts.read(raw, field)
        return accounted(self._read_text(text, raw, wants_reason=field.wants_reason), raw)

    def _read_text(self, text: bytes, raw: object, *, wants_reason: bool) -> object:
        """Return what pydantic makes of a text.

        Args:
            text: JSON.
            raw: The same, parsed; for the text of an error.
            wants_reason: False when nobody reads why it does not fit; finding it out takes long.

        Raises:
            Refusal: It does not fit, or would take too much memory.
        """
        validator = self._compiled().validator
        if not self.fits(text):
            account = ACCOUNT.get()
            raise Refusal("takes too much memory", is_fatal=True) if account is None else account.refusal()
        require_few_tries(text, validator.recursive_choices)
        if not wants_reason:
            found = validator.read(text)
            if found is MISFIT:
                raise Refusal("does not fit")
            return found
        try:
            return validator.read_or_explain(text, room())
        except ValidationError as exc:
            raise Refusal(_first_reason(exc, raw)) from exc

    def find(self, text: bytes, raw: object) -> object:
        """Return what pydantic makes of a text, ``MISFIT`` when it does not fit; nobody asks why.

        Raises:
            Refusal: It would take too long.
        """
        validator = self._compiled().validator
        require_few_tries(text, validator.recursive_choices)
        found = validator.read(text)
        return found if found is MISFIT else accounted(found, raw)

    def fits(self, text: bytes) -> bool:
        """Return whether there is enough memory to read a text as a whole."""
        return len(text) <= self._small_size or fits_at_once(text, self._compiled().validator.charges, room())

    @property
    def is_endless(self) -> bool:
        """True for a union of which a choice may contain the union again."""
        return self.compiled is not None and self.compiled.validator.recursive_choices > 0

    @cached_property
    def _small_size(self) -> int:
        return self._compiled().validator.charges.small_size(AT_A_TIME)

    def _compiled(self) -> CompiledType:
        if self.compiled is None:
            raise Refusal("has an annotation that pydantic does not know")
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
            raise _misfit(f"an object for {self.record_class.__qualname__}", raw, field)
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
            raise _misfit("an array", raw, field)
        if issubclass(self._kind, (set, frozenset)):
            return self._read_set(raw, field)
        for start in range(0, len(raw), _BATCH):
            self._read_some(raw, start, field)
        make = cast("Callable[[Iterable[object]], object]", self._kind)  # pyright: ignore[reportUnknownMemberType]  # bare type
        return raw if make is list else accounted_shell(make(raw), raw)

    def _read_set(self, raw: list[Any], field: Field) -> object:
        account = ACCOUNT.get()
        held = 0 if account is None else size_of(raw)
        if account is not None:
            account.take(held)
        try:
            parts = (field.read_part(self._item, part, n) for n, part in enumerate(raw))
            return accounted_shell(_contained(self._kind, parts, raw), raw)
        finally:
            if account is not None:
                account.left += held

    def _read_some(self, raw: list[Any], start: int, field: Field) -> None:
        """Change some items of a list into what they mean."""
        items = raw[start : start + _BATCH]
        if isinstance(self._item, Leaf) and self._item.hint in AS_PARSED and set(map(type, items)) == {self._item.hint}:
            return
        if len(items) > 1 and self._whole is not None:
            # Nearly always all of them fit; pydantic is many times as fast.
            found = self._found(self._whole, items)
            if found is not MISFIT:
                raw[start : start + _BATCH] = cast("list[Any]", found)
                return
        del items  # each of them is let go as soon as it is read
        for number in range(start, min(start + _BATCH, len(raw))):
            raw[number] = field.read_part(self._item, raw[number], number)

    def _found(self, whole: Leaf, items: list[Any]) -> object:
        text = to_json(items, inf_nan_mode="constants")
        try:
            return whole.find(text, items) if whole.fits(text) else MISFIT
        except Refusal as refusal:
            if refusal.is_fatal:
                raise
            return MISFIT
        except Exception:  # noqa: BLE001 - boundary: also __post_init__; one by one it is named
            return MISFIT

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
            raise _misfit(f"an array of {len(self._parts)}", raw, field)
        for n, part in enumerate(raw):
            raw[n] = field.read_part(self._parts[n], part, n)
        return accounted_shell(tuple(raw), raw)

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
            raise _misfit("an object", raw, field)
        if isinstance(self._key, Leaf) and self._key.hint is str:
            for key, part in raw.items():
                raw[key] = field.read_part(self._value, part, key)
            return raw
        for key, part in raw.items():
            raw[key] = field.read_part(self._value, part, key)
        return accounted_shell({field.read_part(self._key, key, key): part for key, part in raw.items()}, raw)

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
        self._has_containers_only = not any(isinstance(option, Leaf) for option in options)

    def read(self, raw: Any, field: Field) -> object:
        """Return pydantic's best match; else the dataclass that shares most keys with the object."""
        if raw is None and self._has_none:
            return None
        is_container = _is_array(raw) or _is_object(raw)
        # Whatever contains itself is decided level by level, or each level would be read as often as it is deep.
        if len(self._options) > 1 and not (self._whole.is_endless if is_container else self._has_containers_only):
            text = to_json(raw, inf_nan_mode="constants")
            try:
                found = self._whole.find(text, raw) if self._whole.fits(text) else MISFIT
            except Refusal as refusal:
                if refusal.is_fatal:
                    raise
                found = MISFIT
            if found is not MISFIT:
                return found
        return self._likeliest(raw).read(raw, field)

    def _likeliest(self, raw: object) -> Shape:
        most = max(_likeness(option, raw) for option in self._options)
        likely = [option for option in self._options if _likeness(option, raw) == most]
        return likely[0] if len(likely) == 1 else max(likely, key=lambda option: _fitting_values(option, raw))

    def check(self) -> Check:
        """None, or any of the options; with several of them only the slow way is sure."""
        first, *others = self._options
        if others:
            return _nothing
        check = first.check() or _anything
        return lambda value: value is None or check(value)


def _misfit(expected: str, raw: object, field: Field) -> Refusal:
    # Describing a value takes ten times as long as all the rest of reading it.
    return Refusal(f"expected {expected}, got {describe(raw)}" if field.wants_reason else "does not fit")


def _likeness(option: Shape, raw: Any) -> int:
    if isinstance(option, Record) and _is_object(raw):
        return option.plan.likeness(raw)
    fits = (isinstance(option, Entries) and _is_object(raw)) or (isinstance(option, (Items, Fixed)) and _is_array(raw))
    return 0 if fits else -1000


def _fitting_values(option: Shape, raw: object) -> int:
    """Return how many plain values of an object fit the fields of a dataclass; what is deeper is not looked at."""
    return option.plan.fitting_values(raw) if isinstance(option, Record) and _is_object(raw) else 0


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
    if not holds_record(hint):
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
