"""What a running production reports about the connections of its items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from iop_production.graph import GraphEdge
from iop_production.loose_data import list_of, mapping_of, shown
from iop_production.texts import text_of

_ITEM_KEYS = ("item", "name", "source_item")
_SOURCE_KEYS = ("source_item", "source", "item")
_TARGET_KEYS = ("target", "name", "to")
_PORT_KEYS = ("source_target_setting", "source_port", "port")
# What is said in the fields of an edge is not repeated in its metadata.
_EDGE_KEYS = frozenset(
    {*_SOURCE_KEYS, *_TARGET_KEYS, *_PORT_KEYS, "interaction", "metadata", "origin", "runtime", "inferred"}
    | {"logical_name"}
)


@dataclass(slots=True)
class RuntimeRoutes:
    """What was reported, in one shape.

    Attributes:
        edges: The routes; a source that is a path (``"Item.Port"``) is not yet taken apart.
        items: What was said about each item besides its routes.
        reported: Items whose routes were looked for, with a result or without.
        warnings: What went wrong, there or here.
    """

    edges: list[GraphEdge] = field(default_factory=list[GraphEdge])
    items: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    reported: set[str] = field(default_factory=set[str])
    warnings: list[str] = field(default_factory=list[str])


def read_runtime_routes(connections: object) -> RuntimeRoutes:
    """Return what was reported, from any of the accepted shapes.

    Args:
        connections: ``{"items": [...], "warnings": [...]}`` as IRIS gives it; ``{item: target}``
            or ``{item: [targets]}``; a list of edges, each with a source and a target; None.
    """
    found = RuntimeRoutes()
    if connections is None:
        return found
    if isinstance(connections, Mapping):
        report = mapping_of(cast("object", connections))
        if "items" in report or "warnings" in report:
            found.warnings += [text_of(text) for text in list_of(report.get("warnings"))]
            for entry in list_of(report.get("items")):
                _read_item(found, entry)
        else:
            for item, targets in report.items():
                _read_targets(found, str(item), targets)
    elif isinstance(connections, (list, tuple)):
        for entry in cast("list[object]", connections):
            _read_edge(found, entry)
    else:
        found.warnings.append(f"Ignoring invalid runtime connections: {shown(connections)}")
    return found


def _read_item(found: RuntimeRoutes, entry: object) -> None:
    said = mapping_of(entry)
    item = _first(said, _ITEM_KEYS)
    if not item:
        found.warnings.append(f"Ignoring invalid runtime connections: {shown(entry)}")
        return
    routes = ("connections", "edges", "warnings")
    found.items[item] = {key: value for key, value in said.items() if key not in (*routes, *_ITEM_KEYS)}
    warnings = [text_of(text) for text in list_of(said.get("warnings"))]
    found.warnings += [f"{item}: {text}" for text in warnings]
    targets = [*list_of(said.get("connections")), *list_of(said.get("edges"))]
    if targets or not warnings:
        _read_targets(found, item, targets)


def _read_targets(found: RuntimeRoutes, item: str, targets: object) -> None:
    found.reported.add(item)
    for target in list_of(targets):
        if isinstance(target, Mapping):
            _read_edge(found, {**mapping_of(cast("object", target)), "source_item": item})
        elif isinstance(target, str) and target:
            found.edges.append(GraphEdge(item, target, origin="runtime"))
        else:
            found.warnings.append(f"Ignoring invalid runtime connections: {shown(target)}")


def _read_edge(found: RuntimeRoutes, entry: object) -> None:
    said = mapping_of(entry)
    source, target = _first(said, _SOURCE_KEYS), _first(said, _TARGET_KEYS)
    if not source or not target:
        found.warnings.append(f"Ignoring invalid runtime connections: {shown(entry)}")
        return
    more = {key: value for key, value in said.items() if key not in _EDGE_KEYS}
    more.update(mapping_of(said.get("metadata")))
    interaction = text_of(said.get("interaction", "request"))
    found.edges.append(GraphEdge(source, target, _first(said, _PORT_KEYS), "runtime", interaction, more))


def _first(said: Mapping[str, Any], keys: Iterable[str]) -> str:
    return next((text_of(said[key]) for key in keys if said.get(key)), "")
