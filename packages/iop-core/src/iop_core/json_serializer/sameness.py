"""Whether what is read back is what was sent; if not, the place where it differs."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeGuard

from pydantic import BaseModel

from iop_core.refusals import Refusal, describe


def require_same(sent: Any, back: Any) -> None:
    """Make sure that a value was read back as an equal one.

    Numbers are the same when they are equal, and so are lists and tuples with the same
    items: the annotation decides which of them the receiver gets. NaN is the same as NaN.
    Attributes of a dataclass that are no fields are not compared.

    Raises:
        Refusal: It was not; the path says where.
    """
    if _is_list(sent) and _is_list(back) and len(sent) == len(back):
        for index, (item, other) in enumerate(zip(sent, back, strict=True)):
            _require_part(index, item, other)
    elif _is_mapping(sent) and _is_mapping(back) and sent.keys() == back.keys():
        for key, item in sent.items():
            _require_part(key, item, back[key])
    elif type(sent) is type(back) and (names := _field_names(sent)) is not None:
        missing = object()
        for name in names:
            value = getattr(sent, name, missing)
            if value is not missing:
                _require_part(name, value, getattr(back, name, None))
    elif not _is_equal(sent, back):
        raise Refusal(f"{describe(sent)} would be read back as {describe(back)}")


def _require_part(key: object, sent: object, back: object) -> None:
    try:
        require_same(sent, back)
    except Refusal as refusal:
        raise refusal.within(key) from refusal.__cause__


def _field_names(value: object) -> list[str] | None:
    """Return the names of what a dataclass or model is compared by, None for another value."""
    if isinstance(value, BaseModel):
        return [*type(value).model_fields, "model_extra"]
    if not dataclasses.is_dataclass(value):
        return None
    return [field.name for field in dataclasses.fields(value)]


def _is_equal(sent: Any, back: Any) -> bool:
    try:
        if isinstance(sent, datetime) and isinstance(back, datetime):
            # In a repeated hour Python calls no two moments of different zones equal.
            return back - sent == timedelta(0)
        return bool(sent == back) or (bool(sent != sent) and bool(back != back) and type(sent) is type(back))
    except Exception:  # noqa: BLE001 - boundary: comparison of foreign objects
        return False


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, (list, tuple, deque))


def _is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, Mapping)


def is_plain_data(value: Any) -> bool:
    """Return whether a value has only what JSON itself has, so that no annotation is needed."""
    kind: Any = type(value)  # pyright: ignore[reportUnknownVariableType]  # "type[Unknown]" of an Any
    if kind is dict:
        return all(type(key) is str for key in value) and all(map(is_plain_data, value.values()))
    if kind is list:
        return all(map(is_plain_data, value))
    return value is None or kind is str or kind is int or kind is bool or (kind is float and value - value == 0)
