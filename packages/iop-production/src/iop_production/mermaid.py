"""A production graph as a Mermaid flowchart."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, cast

from iop_core.errors import ProductionError

if TYPE_CHECKING:
    from iop_production.graph import GraphEdge, GraphNode, ProductionGraph

_DIRECTIONS = ("TB", "TD", "BT", "RL", "LR")
_GROUPS = {
    "service": "Services",
    "process": "Processes",
    "operation": "Operations",
    "component": "Other Components",
}
# Keys under which different sources report the messages of a route, best first.
_MESSAGE_KEYS = ("messages", "message_types", "accepted_messages", "message", "request")


def render_mermaid(graph: ProductionGraph, direction: str = "LR") -> str:
    """Return the flowchart as text that ends with one newline.

    Args:
        graph: What to draw.
        direction: ``LR``, ``RL``, ``TB``, ``TD`` or ``BT``, in any case.

    Raises:
        ProductionError: Another direction.
    """
    layout = str(direction).upper()
    if layout not in _DIRECTIONS:
        raise ProductionError(
            f"Unsupported Mermaid flowchart direction: {direction!r}; use one of {', '.join(_DIRECTIONS)}"
        )
    edges = sorted(
        graph.edges,
        key=lambda edge: (edge.source_item, edge.source_port, edge.target, edge.origin, edge.interaction),
    )
    known = {node.name for node in graph.nodes}
    ends = (name for edge in edges for name in (edge.source_item, edge.target))
    unresolved = [name for name in dict.fromkeys(ends) if name not in known]
    ids = _node_ids([*(node.name for node in graph.nodes), *unresolved])
    lines = [f"flowchart {layout}", f"  %% Production: {_one_line(graph.production_name)}"]
    lines += _group_lines(graph.nodes, ids)
    lines += [f'  {ids[name]}["{_label(name)}<br/>(unresolved)"]' for name in unresolved]
    lines += _layout_hints(graph.nodes, ids)
    lines += [f"  {ids[edge.source_item]} {_arrow(edge)} {ids[edge.target]}" for edge in edges]
    if graph.warnings:
        lines += ["  %% Warnings:", *(f"  %% - {_one_line(warning)}" for warning in graph.warnings)]
    return "\n".join(lines) + "\n"


def _node_ids(names: Iterable[str]) -> dict[str, str]:
    ids: dict[str, str] = {}
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    for name in names:
        word = re.sub(r"\W+", "_", name).strip("_")
        stem = f"node_{word or 'node'}"
        node_id = stem
        while node_id in taken:
            numbers[stem] = numbers.get(stem, 1) + 1
            node_id = f"{stem}_{numbers[stem]}"
        taken.add(node_id)
        ids[name] = node_id
    return ids


def _grouped(nodes: Iterable[GraphNode]) -> dict[str, list[GraphNode]]:
    groups: dict[str, list[GraphNode]] = {kind: [] for kind in _GROUPS}
    for node in nodes:
        groups.get(node.kind, groups["component"]).append(node)
    return {kind: members for kind, members in groups.items() if members}


def _group_lines(nodes: Iterable[GraphNode], ids: dict[str, str]) -> Iterator[str]:
    for kind, members in _grouped(nodes).items():
        yield f'  subgraph group_{kind}["{_GROUPS[kind]}"]'
        yield "    direction TB"
        for node in members:
            second = f"<br/>{_label(node.class_name)}" if node.class_name else ""
            yield f'    {ids[node.name]}["{_label(node.name)}{second}"]'
        yield "  end"


def _layout_hints(nodes: Iterable[GraphNode], ids: dict[str, str]) -> Iterator[str]:
    # Invisible links keep services left of processes left of operations.
    first = [ids[members[0].name] for members in _grouped(nodes).values()]
    for left, right in pairwise(first):
        yield f"  {left} ~~~ {right}"


def _arrow(edge: GraphEdge) -> str:
    parts = [edge.source_port or "(runtime)"]
    messages = _message_names(edge)
    if messages:
        parts.append(messages)
    if edge.origin != "authored":
        parts.append(edge.origin)
    if edge.interaction != "request":
        parts.append(edge.interaction)
    head = "<--" if edge.interaction == "sync" else "--"
    return f'{head} "{_label(" | ".join(parts))}" -->'


def _message_names(edge: GraphEdge) -> str:
    for key in _MESSAGE_KEYS:
        value = edge.metadata.get(key)
        if isinstance(value, (list, tuple)):
            value = ", ".join(str(name) for name in cast("Iterable[object]", value))
        if value:
            return str(value)
    return ""


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())


def _label(text: str) -> str:
    return html.escape(_one_line(text), quote=True)
