"""Which annotations tell their values apart in JSON, so that whatever fits comes back equal.

Found out once per class. A field that is not exact is read back when it is written.
"""

from __future__ import annotations

import types
from collections import abc, deque
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, TypeGuard, TypeVar, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, PlainSerializer, WrapSerializer

_EXACT: set[object] = {
    int, str, float, bool, bytes, bytearray, complex, date, datetime, time, timedelta, Decimal, UUID, Path, None,
    type(None),
}  # fmt: skip
# Pydantic writes keys of these types so that they come back; not True as an int, nor None.
_EXACT_KEYS: set[object] = {str, UUID, date}
_CONTAINERS: set[object] = {
    list, set, frozenset, deque, tuple, dict,
    abc.Sequence, abc.MutableSequence, abc.Collection, abc.Set, abc.MutableSet, abc.Mapping, abc.MutableMapping,
}  # fmt: skip
_MAPPINGS: set[object] = {dict, abc.Mapping, abc.MutableMapping}
# Of a union: JSON itself says which of them a value is. NaN is written as text.
_APART: tuple[set[object], ...] = ({int, str, bool}, {int, float, bool})


def is_exact(hint: Any, inside: frozenset[object] = frozenset()) -> bool:
    """Return whether every value that fits the annotation is read back as an equal one.

    False says only that it has to be tried.

    Args:
        hint: A type, resolved.
        inside: The classes around it, which may contain themselves.
    """
    origin, args = get_origin(hint), get_args(hint)
    if origin is None:
        return _is_exact_class(hint, inside)
    if origin is Union or origin is types.UnionType:
        options = [arg for arg in args if arg is not type(None)]
        return is_exact(options[0], inside) if len(options) == 1 else any(set(options) <= kinds for kinds in _APART)
    if origin is Literal:
        return all(type(arg) in (str, int) for arg in args)
    if origin in _MAPPINGS:
        return args[0] in _EXACT_KEYS and is_exact(args[1], inside)
    return origin in _CONTAINERS and all(arg is ... or is_exact(arg, inside) for arg in args)


def _is_exact_class(hint: Any, inside: frozenset[object]) -> bool:
    if hint in _EXACT or hint in inside:
        return True
    if not _is_class(hint):
        return False
    if issubclass(hint, Enum):
        values = [member.value for member in hint]
        return all(type(value) is str for value in values) or all(type(value) is int for value in values)
    inner = _inner_hints(hint)
    return inner is not None and all(is_exact(each, inside | {hint}) for each in inner)


def _is_class(hint: object) -> TypeGuard[type[Any]]:
    return isinstance(hint, type)


def _inner_hints(hint: type[Any]) -> list[Any] | None:
    """Return the annotations of the fields of a dataclass or model, None for another class."""
    if issubclass(hint, BaseModel):
        fields = hint.model_fields.values()
        if any(field.exclude for field in fields) or hint.model_config.get("extra") == "allow":
            return None
        return [field.annotation for field in fields]
    if hasattr(hint, "__dataclass_fields__") and not hasattr(hint, "__pydantic_serializer__"):
        from iop_core.json_serializer.records import record_plan  # it is built on this module

        return [field.hint for field in record_plan(hint).fields.values()]
    return None


def is_untyped(hint: Any, inside: frozenset[object] = frozenset()) -> bool:
    """Return whether the annotation leaves some part open; that part comes back as plain JSON data."""
    if hint is Any or hint is object or hint in _CONTAINERS or isinstance(hint, TypeVar):
        return True
    if _is_class(hint) and hint not in inside:
        inner = _inner_hints(hint)
        if inner is not None:
            return any(is_untyped(each, inside | {hint}) for each in inner)
    return any(is_untyped(arg, inside) for arg in get_args(hint))


def has_own_form(hint: Any, inside: frozenset[object] = frozenset()) -> bool:
    """Return whether the user has said how a value is written; what comes back is then up to the user."""
    if get_origin(hint) is Annotated and any(
        isinstance(part, (PlainSerializer, WrapSerializer)) for part in hint.__metadata__
    ):
        return True
    if _is_class(hint) and hint not in inside:
        if issubclass(hint, BaseModel):
            decorators = hint.__pydantic_decorators__
            if decorators.field_serializers or decorators.model_serializers:
                return True
        inner = _inner_hints(hint)
        return inner is not None and any(has_own_form(each, inside | {hint}) for each in inner)
    return any(has_own_form(arg, inside) for arg in get_args(hint))
