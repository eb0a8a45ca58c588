"""Dataclasses as JSON objects: their fields, and the tolerant way to read them."""

from __future__ import annotations

import dataclasses
import inspect
import logging
import sys
from collections.abc import Iterable
from dataclasses import InitVar
from functools import cached_property
from types import MemberDescriptorType
from typing import Any, Final, get_args, get_type_hints

from pydantic_core import from_json

from iop_core.json_serializer.charges import UNKNOWN, Charges, instance_size
from iop_core.json_serializer.contents import dict_size
from iop_core.json_serializer.exactness import has_own_form, is_exact, is_untyped
from iop_core.json_serializer.hints import is_scalar
from iop_core.json_serializer.memory import ACCOUNT
from iop_core.json_serializer.sameness import is_plain_data, require_same
from iop_core.json_serializer.schemas import CompiledType, compile_type
from iop_core.json_serializer.shapes import AS_PARSED, Check, Shape, shape_of
from iop_core.json_serializer.sizes import size_of
from iop_core.json_serializer.values import one_line
from iop_core.messages import IRIS_ID, is_strict
from iop_core.refusals import Refusal, describe

_NO_ATTRIBUTES: Final[dict[str, object]] = {}
# Keys that are no arguments; of hostile messages, because no class has so many fields.
_MOST_LATER = 10_000
_LOGGER = logging.getLogger("iop.messages")


class Field:
    """One field of a dataclass, or one InitVar.

    Args:
        owner: The plan of its class.
        declared: As the dataclass declares it.
        hint: The resolved annotation; Any when it cannot be resolved.
    """

    def __init__(self, owner: RecordPlan, declared: dataclasses.Field[Any], hint: object) -> None:
        self.name = declared.name
        self.is_argument = declared.init
        self.is_init_only = isinstance(hint, InitVar)
        self.has_default = (
            declared.default is not dataclasses.MISSING or declared.default_factory is not dataclasses.MISSING
        )
        self._owner = owner
        self._default = declared.default
        self.makes_default = declared.default_factory is not dataclasses.MISSING
        self.hint: Any = _without_init_var(hint) if self.is_init_only else Any if hint is Unresolved else hint

    @cached_property
    def shape(self) -> Shape:
        """The shape of the annotation, found on first use: classes may contain themselves."""
        return shape_of(self.hint, strict=self._owner.strict)

    @cached_property
    def is_exact(self) -> bool:
        """True when every value that fits comes back equal, and nobody has to try."""
        return is_exact(self.hint) or has_own_form(self.hint)

    @cached_property
    def is_checked(self) -> bool:
        """True when a value that would come back as another one is refused."""
        return not has_own_form(self.hint)

    def require_kept(self, value: object, raw: Any) -> None:
        """Make sure that what was written of the field is read back as an equal value.

        A part that the annotation leaves open comes back as plain JSON data; that is logged
        once, unless the class is strict.

        Args:
            value: As sent.
            raw: As parsed.

        Raises:
            Refusal: It would come back as another value.
        """
        if self.is_untyped and (is_plain_data(value) or self._owner.has_warned(self.name)):
            return
        try:
            require_same(value, self.read(raw))
        except Refusal as refusal:
            if self.is_untyped and not self._owner.strict:
                self._owner.warn_once(
                    self.name, f"field {self.name!r} does not say of what type its parts are: {refusal.reason}"
                )
                return
            advice = "annotate the field with just that type, or add a field that says which type it is"
            refusal.reason += f". {self.name!r} is declared as {type_text(self.hint)}: {advice}"
            raise refusal.within(self.name) from refusal.__cause__

    @cached_property
    def is_untyped(self) -> bool:
        """True when the annotation leaves some part open."""
        return is_untyped(self.hint)

    @property
    def wants_reason(self) -> bool:
        """True when somebody is told why a value does not fit: always in a strict class, else the first time."""
        return self._owner.strict or not self._owner.has_warned(self.name)

    def takes_single(self, raw: object) -> bool:
        """Return whether a number, text or the like fits; false for a list or object."""
        if isinstance(raw, (list, dict)):
            return False
        try:
            self.shape.read(raw, self)
        except Refusal:
            return False
        return True

    def read(self, raw: Any) -> object:
        """Return the value of raw JSON data; None is always None, unless the class is strict.

        Raises:
            Refusal: It does not fit, and the class is strict.
        """
        if raw is None and self._default is None:
            return None
        return self.read_part(self.shape, raw, self.name)

    def read_part(self, shape: Shape, raw: Any, key: object) -> Any:
        """Return the value of the field or of a part of it; the raw data when it does not fit.

        Args:
            shape: Of the part.
            raw: As parsed.
            key: Where the part is, for the text of an error.

        Raises:
            Refusal: It does not fit, and the class is strict.
        """
        if raw is None and not self._owner.strict:
            return None
        try:
            return shape.read(raw, self)
        except Refusal as refusal:
            if self._owner.strict or refusal.is_fatal:
                raise refusal.within(key) from refusal.__cause__
            if self.wants_reason:
                self._owner.warn_once(
                    self.name, f"field {self.name!r} keeps a value that does not fit: {refusal.reason}"
                )
            return raw


class RecordPlan:
    """How one dataclass is read from an object and compared with its declaration.

    Args:
        record_class: The dataclass.
        strict: True when whatever does not fit is an error.
    """

    def __init__(self, record_class: type, *, strict: bool) -> None:
        self.record_class = record_class
        self.strict = strict
        hints = resolved_hints(record_class)
        declared = _declared_fields(record_class)
        stored = [field.name for field in dataclasses.fields(record_class)]
        self.fields = {
            name: Field(self, field, hints[name])
            for name, field in declared.items()
            if name in stored or isinstance(hints.get(name), InitVar)
        }
        self.unresolved = [name for name in self.fields if hints[name] is Unresolved]
        self._instance_size = instance_size(len(self.fields))
        self._made_defaults = [n for n, f in self.fields.items() if f.makes_default]
        self._required = [n for n, f in self.fields.items() if f.is_argument and not f.has_default]
        self._slots = [n for n in stored if isinstance(getattr(record_class, n, None), MemberDescriptorType)]
        self._in_dict = {name for name in stored if name not in self._slots}
        self._takes_extras = not _is_frozen(record_class) and not self._slots
        self._warned: set[str] = set()

    @cached_property
    def has_generated_init(self) -> bool:
        """True when ``__init__`` is the one that ``@dataclass`` wrote."""
        code = getattr(inspect.getattr_static(self.record_class, "__init__"), "__code__", None)
        return code is not None and code.co_filename == "<string>"

    @property
    def is_simple(self) -> bool:
        """True when pydantic, which sets the fields without calling ``__init__``, builds the same."""
        is_uniform = not self._slots or ("__slots__" in vars(self.record_class) and not self._in_dict)
        are_arguments = all(field.is_argument for field in self.fields.values())
        return self.has_generated_init and is_uniform and are_arguments and not self.unresolved

    @cached_property
    def compiled(self) -> CompiledType | None:
        """What pydantic made of the class; None when it would not build or write the same."""
        try:
            compiled = compile_type(self.record_class, strict=self.strict) if self.is_simple else None
        except Exception:  # noqa: BLE001 - boundary: types bring their own schemas
            return None
        if compiled is None or not all(record_plan(inner).is_simple for inner in compiled.dataclasses):
            return None
        return compiled

    @cached_property
    def charges(self) -> Charges:
        """What the values of the class take in memory."""
        return UNKNOWN if self.compiled is None else self.compiled.validator.charges

    @property
    def unreadable_arguments(self) -> list[str]:
        """Names of InitVars without default: what is written lacks them, so it cannot be read."""
        return [n for n, f in self.fields.items() if f.is_init_only and not f.has_default]

    @property
    def is_flat(self) -> bool:
        """True when the types of its values alone decide how an instance is written."""
        return not self._slots and all(is_scalar(field.hint) and field.is_exact for field in self.fields.values())

    @cached_property
    def inexact(self) -> list[str]:
        """Names of fields that may hold what fits and yet comes back as another value."""
        return [name for name, field in self.fields.items() if not field.is_exact]

    def require_kept(self, instance: object, payload: bytes, names: Iterable[str]) -> None:
        """Make sure that fields are read back as they were sent.

        Args:
            instance: As sent.
            payload: What was written.
            names: Of the fields to look at.

        Raises:
            Refusal: One would come back as another value; the path says which.
        """
        written = from_json(payload)
        for name in names:
            field = self.fields[name]
            if name in written and field.is_checked:
                field.require_kept(getattr(instance, name), written[name])

    @cached_property
    def check(self) -> Check:
        """Tells whether a value is exactly of this class, with its fields and nothing else.

        False says only that the slow way has to look.
        """
        check_all = self.check_all
        return lambda value: check_all((value,))

    @cached_property
    def check_all(self) -> Check:
        """The same check for every value of an iterable; one loop, because orders have many lines."""
        record_class, names, in_dict = self.record_class, self._in_dict, not self._slots
        found = ((name, field.shape.check()) for name, field in self.fields.items() if not field.is_init_only)
        checks = [(name, check) for name, check in found if check is not None]

        def have_declared_fields(values: Iterable[Any]) -> bool:
            for value in values:
                if value.__class__ is not record_class or value.__dict__.keys() != names:
                    return False
            return True

        def have_declared_structure(values: Iterable[Any]) -> bool:
            for value in values:
                if value.__class__ is not record_class:
                    return False
                attributes = value.__dict__ if in_dict else getattr(value, "__dict__", _NO_ATTRIBUTES)
                if attributes.keys() != names:
                    return False
                for name, check in checks:
                    if not check(attributes[name] if in_dict else getattr(value, name)):
                        return False
            return True

        return have_declared_structure if checks or self._slots else have_declared_fields

    def values_of(self, instance: Any) -> dict[str, object]:
        """Return name to value of what an instance holds: fields, then other attributes.

        A field that has no value, such as one with ``init=False``, is left out.
        """
        attributes = getattr(instance, "__dict__", _NO_ATTRIBUTES)
        values = {
            name: attributes[name] if name in attributes else getattr(instance, name)
            for name in self.fields
            if name in attributes or (name in self._slots and hasattr(instance, name))
        }
        values.update((name, value) for name, value in attributes.items() if name != IRIS_ID)
        return values

    def likeness(self, raw: dict[str, Any]) -> int:
        """Return how well an object fits this class: shared keys, less what is missing."""
        missing = sum(name not in raw for name in self._required)
        return sum(key in self.fields for key in raw) - 2 * missing

    def fitting_values(self, raw: dict[str, Any]) -> int:
        """Return how many single values of an object fit their fields."""
        found = ((self.fields[key], value) for key, value in raw.items() if key in self.fields)
        return sum(field.takes_single(value) for field, value in found)

    def read(self, raw: dict[str, Any]) -> Any:
        """Return an instance made from the entries of an object.

        Raises:
            Refusal: A required field is missing, ``__post_init__`` failed, or the class is
                strict and something does not fit.
        """
        arguments: dict[str, object] = {}
        later: dict[str, object] = {}
        as_parsed = self._as_parsed
        for key, value in raw.items():
            if as_parsed.get(key) is value.__class__:
                arguments[key] = value
                continue
            field = self.fields.get(key)
            if field is not None:
                (arguments if field.is_argument else later)[key] = field.read(value)
            elif key != IRIS_ID and self._keeps_extra(key):
                later[key] = value
                if len(later) > _MOST_LATER:
                    reason = f"has more than {_MOST_LATER:,} unknown keys; declare a dict for them"
                    raise Refusal(reason, is_fatal=True)
        account = ACCOUNT.get()
        if account is not None and later:
            # Here, and in the instance, which then has a dict of its own.
            account.take(2 * dict_size(len(self.fields) + len(later)))
        instance = self._make(arguments)
        for key, value in later.items():
            object.__setattr__(instance, key, value)
        if account is not None:
            # The object is let go now; its values are in the instance.
            account.take(self._size(instance, raw) - sys.getsizeof(raw))
        return instance

    def _size(self, instance: Any, raw: dict[str, Any]) -> int:
        """Return the bytes of an instance, without those of the values that came with the object."""
        size = self._instance_size
        for name in self._made_defaults:
            if name not in raw:
                size += size_of(getattr(instance, name, None))
        return size

    @cached_property
    def _as_parsed(self) -> dict[str, object]:
        """Name to type of the arguments that take a parsed value of just that type as it is."""
        fields = self.fields.items()
        return {name: field.hint for name, field in fields if field.is_argument and field.hint in AS_PARSED}

    def _make(self, arguments: dict[str, object]) -> Any:
        missing = [name for name in self._required if name not in arguments]
        if missing and self.has_generated_init:
            raise Refusal("is missing and has no default", is_fatal=True).within(missing[0])
        try:
            return self.record_class(**arguments)
        except Exception as exc:  # boundary: __post_init__ of the user may raise anything
            raise Refusal(f"cannot be built: {type(exc).__name__}: {one_line(exc)}", is_fatal=True) from exc

    def _keeps_extra(self, key: str) -> bool:
        if self.strict:
            raise Refusal(f"unknown key; fields: {', '.join(self.fields) or 'none'}").within(key)
        if self._takes_extras and not key.startswith("_") and not _is_behaviour(self.record_class, key):
            return True
        # Once per class, not per key: the sender chooses the keys.
        self.warn_once("", f"ignores a key that cannot become an attribute: {describe(key)}")
        return False

    def has_warned(self, name: str) -> bool:
        """Return whether something of this name was logged already."""
        return name in self._warned

    def warn_once(self, name: str, text: str) -> None:
        """Log the first time that something of this name does not fit."""
        if name not in self._warned:
            self._warned.add(name)
            _LOGGER.warning("%s.%s: %s", self.record_class.__module__, self.record_class.__qualname__, text)


def _is_behaviour(record_class: type, name: str) -> bool:
    """Return whether an attribute of that name would hide a method, a property or the like."""
    found: object = inspect.getattr_static(record_class, name, None)
    return callable(found) or hasattr(type(found), "__get__")


def _declared_fields(record_class: Any) -> dict[str, dataclasses.Field[Any]]:
    """Return what ``@dataclass`` collected: fields, and the names that are none, like InitVar."""
    return record_class.__dataclass_fields__  # type: ignore[no-any-return]


def _is_frozen(record_class: Any) -> bool:
    return bool(record_class.__dataclass_params__.frozen)


def type_text(hint: object) -> str:
    """Return an annotation as users write it."""
    return hint.__name__ if isinstance(hint, type) and not get_args(hint) else str(hint).replace("typing.", "")


def _without_init_var(hint: Any) -> object:
    return hint.type


_PLANS: dict[tuple[type, bool], RecordPlan] = {}


def record_plan(record_class: type, *, strict: bool = False) -> RecordPlan:
    """Return the plan of a dataclass, made once.

    Args:
        record_class: The dataclass.
        strict: True when it is part of a strict message; a strict class always is.
    """
    key = (record_class, strict or is_strict(record_class))
    plan = _PLANS.get(key)
    if plan is None:
        # Two threads may both make one; they are the same, and the first stays.
        plan = _PLANS.setdefault(key, RecordPlan(record_class, strict=key[1]))
    return plan


class Unresolved:
    """Stands for an annotation that names something unknown; such a field takes any value."""


def resolved_hints(record_class: type) -> dict[str, object]:
    """Return field name to annotation; ``Unresolved`` where a name in it is unknown.

    Annotations written as text are looked up in the module of the class that declares
    them, and in that class.
    """
    try:
        return dict(get_type_hints(record_class, include_extras=True))
    except Exception:  # noqa: BLE001 - boundary: evaluates annotations; then one by one
        declared = _declared_fields(record_class)
        return {name: _resolved(record_class, field) for name, field in declared.items()}


def _resolved(record_class: type, field: dataclasses.Field[Any]) -> object:
    # An inherited field is the same object in the class that declares it.
    owner = [c for c in record_class.__mro__ if vars(c).get("__dataclass_fields__", {}).get(field.name) is field][-1]
    module = sys.modules.get(owner.__module__)
    # The module wins: a field called "date" must not hide the type of that name.
    names = {**vars(owner), **(vars(module) if module else {}), owner.__name__: owner}
    holder = type("Holder", (), {"__annotations__": {field.name: field.type}})
    try:
        return get_type_hints(holder, globalns=names, include_extras=True)[field.name]
    except Exception:  # noqa: BLE001 - boundary: evaluates an annotation
        return Unresolved
