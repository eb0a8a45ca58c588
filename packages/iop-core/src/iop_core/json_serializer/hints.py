"""What an annotation says about its values."""

from __future__ import annotations

import types
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel

_SCALARS = {int, str, float, bool, bytes, date, datetime, time, timedelta, Decimal, UUID, type(None)}


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


def holds_record(hint: object) -> bool:
    """Return whether there is a dataclass or a model in an annotation."""
    return is_plain_dataclass(hint) or is_model(hint) or any(holds_record(arg) for arg in get_args(hint))


def is_scalar(hint: object) -> bool:
    """Return whether the annotation is made of single values only: numbers, texts, moments, enums."""
    if get_origin(hint) in (Union, types.UnionType):
        return all(is_scalar(arg) for arg in get_args(hint))
    return isinstance(hint, type) and (hint in _SCALARS or issubclass(hint, Enum))
