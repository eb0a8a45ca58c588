"""Fields of messages that operators can search for.

A message class names them: ``class Admission(Message, searchable={"mrn": "patient.mrn"})``, or
just ``searchable=("number", "patient.mrn")``, where the last part of a path is the name to search
by. A path goes through attributes, keys of dictionaries and every element of lists. The values
are taken as text when a message is sent; a class that names none costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import TypeAlias, cast
from uuid import UUID

from iop_core.errors import MessageDefinitionError

SEARCHABLE = "__iop_searchable__"
"""Attribute of a message class: name to path of each field that can be searched for."""

PURGEABLE = "__iop_purgeable__"
"""Attribute of a message class: False when a purge keeps its bodies."""

MOST_CHARACTERS = 250
"""Longer values are cut, when they are stored and when they are searched for."""

Searchable: TypeAlias = "Mapping[str, str] | Iterable[str]"
Found: TypeAlias = "tuple[tuple[str, str], ...]"
Extractor: TypeAlias = "Callable[[object], Found]"


def paths_by_name(declared: object, class_name: str) -> dict[str, str]:
    """Return name to path for what a class declares as ``searchable``.

    Raises:
        MessageDefinitionError: It is no mapping or sequence of texts, or a name is there twice.
    """
    if isinstance(declared, str) or not isinstance(declared, Iterable):
        raise MessageDefinitionError(
            f"{class_name}: searchable={declared!r}; give paths of fields, such as ('number', 'patient.mrn'), or "
            "names to paths"
        )
    if isinstance(declared, Mapping):
        pairs = list(cast("Mapping[object, object]", declared).items())
    else:
        pairs = [(str(path).rpartition(".")[2], path) for path in cast("Iterable[object]", declared)]
    paths: dict[str, str] = {}
    for name, path in pairs:
        if not (isinstance(name, str) and name.isidentifier()):
            raise MessageDefinitionError(f"{class_name}: searchable name {name!r} is not a name of letters and digits")
        if not (isinstance(path, str) and all(path.split("."))):
            raise MessageDefinitionError(f"{class_name}: searchable path {path!r} is not a text such as 'patient.mrn'")
        if name in paths:
            raise MessageDefinitionError(
                f"{class_name}: {paths[name]!r} and {path!r} are both searchable as {name!r}; give names of their own: "
                f"searchable={{'{name}': {paths[name]!r}, 'other_{name}': {path!r}}}"
            )
        paths[name] = path
    return paths


def is_purgeable(message_class: type) -> bool:
    """Return whether a purge may remove stored bodies of a class."""
    return bool(getattr(message_class, PURGEABLE, True))


def find_extractor(message_class: type) -> Extractor | None:
    """Return the function that takes the searchable values out of a message; None when there are none.

    Compiled once per class by the caller, who keeps it.
    """
    paths: Mapping[str, str] = getattr(message_class, SEARCHABLE, {})
    if not paths:
        return None
    steps = [(name, tuple(path.split("."))) for name, path in paths.items()]

    def extract(message: object) -> Found:
        return tuple(
            dict.fromkeys(
                (name, text)
                for name, path in steps
                for value in _values(message, path)
                if (text := search_text(value)) is not None
            )
        )

    return extract


def search_text(value: object) -> str | None:
    """Return a value as the text that it is searched by; None for what is no single value.

    Example:
        >>> search_text("A1"), search_text(12), search_text(True), search_text(["x"])
        ('A1', '12', 'true', None)
    """
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value[:MOST_CHARACTERS]
    if isinstance(value, float):
        return str(int(value)) if math.isfinite(value) and value.is_integer() else str(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return str(value) if isinstance(value, (int, Decimal, UUID)) else None


def _values(value: object, path: tuple[str, ...]) -> Iterator[object]:
    """Yield what a path leads to; a part that is not there leads nowhere."""
    if isinstance(value, (list, tuple, set, frozenset)):
        for element in cast("Iterable[object]", value):
            yield from _values(element, path)
    elif not path:
        yield value
    elif isinstance(value, Mapping):
        yield from _values(cast("Mapping[str, object]", value).get(path[0]), path[1:])
    elif value is not None:
        yield from _values(getattr(value, path[0], None), path[1:])
