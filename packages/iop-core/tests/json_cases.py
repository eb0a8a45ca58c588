"""Message classes that the tests of the JSON serializer share, and short ways to write and read."""

# ruff: noqa: UP035 - users write the old spellings of types as well
from __future__ import annotations

from dataclasses import dataclass, field, make_dataclass
from datetime import date
from enum import Enum, IntEnum
from functools import cache
from typing import Any, Dict, List, Optional, Tuple

import pydantic

from iop_core.json_serializer import JsonSerializer
from iop_core.messages import Message
from iop_core.pydantic_messages import PydanticMessage
from iop_core.serializers import Codec

SERIALIZER = JsonSerializer()


@cache
def codec_of(message_class: type) -> Codec:
    return SERIALIZER.codec_for(message_class)


def encode(message: object) -> bytes:
    return codec_of(type(message)).encode(message)


def decode(message_class: type, payload: str | bytes) -> Any:
    data = payload if isinstance(payload, bytes) else payload.encode()
    return codec_of(message_class).decode(data)


def again(message: object) -> Any:
    return decode(type(message), encode(message))


def typed(annotation: object, **class_options: Any) -> type:
    """Return a message class with one field of that type."""
    return make_dataclass("Typed", [("value", annotation, field(default=None))], bases=(Message,), **class_options)


class Color(Enum):
    RED = "r"


class Level(IntEnum):
    LOW = 1


class Foreign:
    def __init__(self):
        self.q = 1


@dataclass
class Line:
    sku: str = None
    qty: int = None


@dataclass
class Simple(Message):
    integer: int
    string: str


@dataclass
class Order(Message):
    lines: List[Line] = field(default_factory=list)
    by_name: Dict[str, Line] = field(default_factory=dict)
    one: Line = None
    maybe: Optional[Line] = None
    pair: Tuple[Line, int] = None
    several: Tuple[Line, ...] = ()
    grid: List[List[Line]] = None


@dataclass
class Loose(Message):
    """One field for every value that is tried."""

    value: Any = None


@dataclass
class Node(Message):
    name: str = None
    children: List[Node] = field(default_factory=list)
    extra: Any = None


@dataclass(slots=True)
class Slotted(Message):
    a: int = 0
    line: SlottedLine = None


@dataclass(slots=True)
class SlottedLine:
    b: str = ""


@dataclass(frozen=True)
class Frozen(Message):
    a: int = 0


@dataclass
class Strict(Message, strict=True):
    a: int = 0
    line: Line = None
    lines: List[Line] = field(default_factory=list)
    maybe: Optional[Line] = None


class Place(pydantic.BaseModel):
    town: str = pydantic.Field(alias="theTown")
    founded: date | None = None


class Report(PydanticMessage):
    title: str = None
    score: float = None
    place: Place | None = None
    lines: list[Line] = []
    data: bytes = b""
