"""How the parts of pydantic's core schema are changed for messages, by type of node.

Each rule takes a node, whose parts are changed already, and returns the node to use.
``strict`` says that null is accepted only where the annotation says so.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from typing import Any, Protocol

from iop_core.json_serializer.byte_text import bytes_from_text, text_from_bytes
from iop_core.json_serializer.moments import with_offset_kept, with_whole_offset

# A node of a core schema: a dict with the key "type".
Node = dict[str, Any]

# Keys of these types cannot become equal when they are written as text.
_DISTINCT_KEYS = frozenset({"str", "int", "uuid", "date", "datetime", "enum", "bytes"})
_ANY: Node = {"type": "any"}


class Rule(Protocol):
    """Changes one node."""

    def __call__(self, node: Node, *, strict: bool) -> Node:
        """Return the node to use instead."""
        ...


def nullable(schema: Node) -> Node:
    """Return a schema that accepts null as well."""
    return schema if schema["type"] in ("nullable", "any") else {"type": "nullable", "schema": schema}


def _element(schema: Node, *, strict: bool) -> Node:
    return schema if strict else nullable(schema)


def _written_by(function: Callable[[Any], object], *, as_type: str = "any") -> Node:
    return {"type": "function-plain", "function": function, "when_used": "json", "return_schema": {"type": as_type}}


def _jsonable(value: object) -> object:
    from iop_core.json_serializer.values import jsonable  # built on this module

    return jsonable(value)


def _dataclass(node: Node, *, strict: bool) -> Node:
    # Message has slots, but most classes derived from it keep their fields in __dict__.
    return {**node, "slots": "__slots__" in vars(node["cls"])}


def _arguments(node: Node, *, strict: bool) -> Node:
    return {**node, "extra_behavior": "forbid"}


def _field(node: Node, *, strict: bool) -> Node:
    schema = node["schema"]
    if strict and schema.get("default", ...) is not None:
        return node
    if schema["type"] == "default":  # it has to stay outside, where it is found when the key is missing
        return {**node, "schema": {**schema, "schema": nullable(schema["schema"])}}
    return {**node, "schema": nullable(schema)}


def _array(node: Node, *, strict: bool) -> Node:
    # fail_fast: a hostile array must not make one error object per item.
    return {**_deque(node, strict=strict), "fail_fast": True}


def _deque(node: Node, *, strict: bool) -> Node:
    return {**node, "items_schema": _element(node.get("items_schema", _ANY), strict=strict)}


def _tuple(node: Node, *, strict: bool) -> Node:
    items = [_element(item, strict=strict) for item in node["items_schema"]]
    return {**node, "items_schema": items, "fail_fast": True}


def _iterable(node: Node, *, strict: bool) -> Node:
    # Pydantic would give a lazy iterator, which can be read once.
    return _array({"type": "list", "items_schema": node.get("items_schema", _ANY)}, strict=strict)


def _dict(node: Node, *, strict: bool) -> Node:
    values = _element(node.get("values_schema", _ANY), strict=strict)
    changed = {**node, "values_schema": values}
    if node.get("keys_schema", _ANY)["type"] not in _DISTINCT_KEYS or values["type"] == "any":
        changed.setdefault("serialization", _written_by(_jsonable))
    return changed


def _foreign(node: Node, *, strict: bool) -> Node:
    if node.get("cls") is bytearray:
        from_bytes = {"type": "no-info", "function": bytearray}
        inner = _bytes({"type": "bytes"}, strict=strict)
        return {
            "type": "function-after",
            "function": from_bytes,
            "schema": inner,
            "serialization": inner["serialization"],
        }
    return {"serialization": _written_by(_jsonable), **node}


def _bytes(node: Node, *, strict: bool) -> Node:
    return {
        "type": "function-before",
        "function": {"type": "no-info", "function": _read_bytes},
        "schema": node,
        "serialization": node.get("serialization", _written_by(_write_bytes, as_type="str")),
    }


def _decimal(node: Node, *, strict: bool) -> Node:
    return {"allow_inf_nan": True, **node}


def _datetime(node: Node, *, strict: bool) -> Node:
    return {"serialization": _written_by(_write_datetime, as_type="datetime"), **node}


def _time(node: Node, *, strict: bool) -> Node:
    return {"serialization": _written_by(_write_time, as_type="time"), **node}


def _read_bytes(value: object) -> object:
    return bytes_from_text(value) if isinstance(value, str) else value


def _write_bytes(value: object) -> str:
    if not isinstance(value, (bytes, bytearray)):
        raise TypeError(f"expected bytes, got {type(value).__name__}")
    return text_from_bytes(value)


def _write_datetime(value: object) -> object:
    return with_whole_offset(value) if isinstance(value, datetime) else value


def _write_time(value: object) -> object:
    return with_offset_kept(value) if isinstance(value, time) else value


RULES: dict[str, Rule] = {
    "any": _foreign,
    "bytes": _bytes,
    "callable": _foreign,
    "dataclass": _dataclass,
    "dataclass-args": _arguments,
    "dataclass-field": _field,
    "datetime": _datetime,
    "decimal": _decimal,
    "deque": _deque,
    "dict": _dict,
    "frozenset": _array,
    "generator": _iterable,
    "is-instance": _foreign,
    "list": _array,
    "set": _array,
    "time": _time,
    "tuple": _tuple,
}
