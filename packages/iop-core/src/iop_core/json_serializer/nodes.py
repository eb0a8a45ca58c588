"""The nodes of a core schema of pydantic, one inside the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

from iop_core.json_serializer.rules import Node

# These hold values or Python objects, not schemas.
OPAQUE = frozenset({"default", "metadata", "serialization", "config", "cls", "function", "expected", "members", "ref"})


def iter_nodes(schema: Any) -> Iterator[Node]:
    """Yield every node of a schema, those of models included."""
    if isinstance(schema, dict):
        node = cast("Node", schema)
        if isinstance(node.get("type"), str):
            yield node
        for key, part in node.items():
            if key not in OPAQUE:
                yield from iter_nodes(part)
    elif isinstance(schema, (list, tuple)):
        for part in cast("Iterable[Any]", schema):
            yield from iter_nodes(part)


def changed_nodes(schema: Any, change: Callable[[Node], Node]) -> Any:
    """Return a copy of a schema in which every node is changed, from the inside out."""
    if isinstance(schema, dict):
        node = cast("Node", schema)
        copy = {key: value if key in OPAQUE else changed_nodes(value, change) for key, value in node.items()}
        # A field may be called "type": then this is a dict of fields, and no node.
        return change(copy) if isinstance(copy.get("type"), str) else copy
    if isinstance(schema, (list, tuple)):
        parts = [changed_nodes(part, change) for part in cast("Iterable[Any]", schema)]
        return parts if isinstance(schema, list) else tuple(parts)
    return schema
