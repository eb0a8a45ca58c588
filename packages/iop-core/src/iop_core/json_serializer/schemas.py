"""What pydantic compiles for a type, changed where messages follow other rules.

The changes, made on pydantic's core schema before it is compiled:

* null is accepted for every field of a dataclass and inside its containers (not in a
  strict class, where only a field that says so, or whose default is None, takes it);
* an unknown key fails, so that the slower tolerant path can keep it;
* every bytes value can be read back, and so can NaN, and times with odd offsets;
* what pydantic would write by guessing (Any, foreign objects, generators) is written by
  ``jsonable``, which refuses instead of losing something.

Pydantic models inside a dataclass keep their own rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, cast

from pydantic import ConfigDict, TypeAdapter
from pydantic_core import SchemaSerializer

from iop_core.json_serializer.nodes import OPAQUE, iter_nodes
from iop_core.json_serializer.rules import RULES, Node, nullable
from iop_core.json_serializer.validator import JsonValidator
from iop_core.messages import is_strict

_CONFIG = ConfigDict(arbitrary_types_allowed=True, ser_json_inf_nan="strings")
_BEFORE_VALIDATORS = frozenset({"function-before", "function-wrap", "function-plain"})


class CompiledType(NamedTuple):
    """Validator and serializer of one type.

    Attributes:
        validator: From JSON text.
        serializer: To JSON.
        is_recursive: True when values can be nested without a limit.
        dataclasses: The dataclasses inside, itself included; without those of pydantic.
    """

    validator: JsonValidator
    serializer: SchemaSerializer
    is_recursive: bool
    dataclasses: frozenset[type]


def compile_type(hint: Any, *, strict: bool) -> CompiledType:
    """Compile a type under the rules of messages.

    Raises:
        Exception: Whatever pydantic raises for a type that it does not know.
    """
    schema = _changed(_core_schema(hint), strict=strict)
    nodes = list(iter_nodes(schema))
    return CompiledType(
        JsonValidator(schema),
        SchemaSerializer(schema),
        any(node["type"] == "definition-ref" for node in nodes),
        frozenset(node["cls"] for node in nodes if node["type"] == "dataclass" and not _is_own(node)),
    )


def _core_schema(hint: Any) -> Any:
    """Return pydantic's schema; classes bring their own configuration and allow no other."""
    try:
        return TypeAdapter(hint, config=None if _is_record(hint) else _CONFIG).core_schema
    except Exception:  # noqa: BLE001 - boundary: types bring their own schemas; the second try speaks
        return TypeAdapter(hint).core_schema


def _is_record(hint: object) -> bool:
    return hasattr(hint, "__dataclass_fields__") or hasattr(hint, "__total__")


def _changed(part: Any, *, strict: bool) -> Any:
    """Return the changed copy of a node, or of a list or dict of nodes."""
    if isinstance(part, list):
        return [_changed(each, strict=strict) for each in cast("Iterable[Any]", part)]
    if isinstance(part, tuple):
        return tuple(_changed(each, strict=strict) for each in cast("Iterable[Any]", part))
    if not isinstance(part, dict):
        return part
    node = cast("Node", part)
    kind = node.get("type")
    if kind == "model" or (kind == "dataclass" and _is_own(node)):
        return node
    strict = strict or (kind == "dataclass" and is_strict(node["cls"]))
    changed = {key: value if key in OPAQUE else _changed(value, strict=strict) for key, value in node.items()}
    rule = RULES.get(kind) if isinstance(kind, str) else None
    return changed if rule is None else rule(changed, strict=strict)


def _is_own(node: Node) -> bool:
    """Return whether this is a dataclass of pydantic, which keeps its own rules."""
    return hasattr(node["cls"], "__pydantic_complete__")


def accept_none_defaults(schema: object) -> None:
    """Let every field of a model whose default is None accept None; changes the schema.

    A field with a validator that runs first keeps its own treatment of None.
    """
    for node in iter_nodes(schema):
        if node["type"] != "model-field":
            continue
        default = node["schema"]
        if default["type"] != "default" or default.get("default", ...) is not None:
            continue
        if default["schema"]["type"] not in _BEFORE_VALIDATORS:
            default["schema"] = nullable(default["schema"])
