"""A production as a directed multigraph of possible routes.

An edge says that messages can go from a port to an item. It is no dependency: cycles
are fine, and nothing is said about an order of execution.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from iop_core.errors import ProductionError
from iop_production.mermaid import render_mermaid
from iop_production.texts import boolean_of, text_of

if TYPE_CHECKING:
    from iop_production.component_ref import ComponentRef

Origin: TypeAlias = Literal["authored", "runtime", "inferred"]
_ORIGINS = ("authored", "runtime", "inferred")


@dataclass(frozen=True, slots=True)
class GraphNode:
    """One item of a production.

    Attributes:
        name: Name of the item.
        class_name: Its IRIS class; empty when not known.
        kind: ``service``, ``process``, ``operation`` or ``component``.
        enabled: Whether it handles messages.
        category: Words to group items by.
        adapter_class_name: IRIS class of its adapter; empty when there is none.
    """

    name: str
    class_name: str
    kind: str = "component"
    enabled: bool = True
    category: str = ""
    adapter_class_name: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the node as plain data; ``adapter_class_name`` only when there is one."""
        data: dict[str, Any] = {
            "name": self.name,
            "class_name": self.class_name,
            "kind": self.kind,
            "enabled": self.enabled,
            "category": self.category,
        }
        if self.adapter_class_name:
            data["adapter_class_name"] = self.adapter_class_name
        return data


def node_of(ref: ComponentRef) -> GraphNode:
    """Return the node of an item."""
    enabled = boolean_of(ref.enabled) is not False
    return GraphNode(ref.name, ref.class_name, ref.kind, enabled, ref.category, ref.adapter_class_name)


@dataclass(frozen=True, slots=True, eq=False)
class GraphEdge:
    """One possible route. Edges are equal when all that is said about them is.

    Attributes:
        source_item: Name of the item that sends.
        target: Name of the item that receives.
        source_target_setting: Port it leaves by; empty when only seen at run time.
        origin: ``authored`` in Python, reported by the ``runtime``, or ``inferred``.
        interaction: ``request``, ``sync``, ``async``, ``unknown`` or free text.
        metadata: More about where the route is known from.

    Raises:
        ProductionError: Another origin.
    """

    source_item: str
    target: str
    source_target_setting: str = ""
    origin: Origin = "authored"
    interaction: str = "request"
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        object.__setattr__(self, "origin", self.origin or "authored")
        object.__setattr__(self, "interaction", self.interaction or "unknown")
        if self.origin not in _ORIGINS:
            raise ProductionError(
                f"Unsupported GraphEdge origin: {cast('str', self.origin)!r}; use {', '.join(_ORIGINS)}"
            )

    @property
    def source_port(self) -> str:
        """Port the route leaves by; the same as ``source_target_setting``."""
        return self.source_target_setting

    @property
    def source(self) -> str:
        """``"Item.Port"``, or ``"Item"`` without a port."""
        return f"{self.source_item}.{self.source_port}" if self.source_port else self.source_item

    @property
    def runtime(self) -> bool:
        """True when a running production reported the route."""
        return self.origin == "runtime"

    @property
    def inferred(self) -> bool:
        """True when the route was concluded from settings or code."""
        return self.origin == "inferred"

    @property
    def identity(self) -> tuple[object, ...]:
        """Everything that is said about the route, in a form that can be compared and hashed."""
        return (
            self.source_item,
            self.source_port,
            self.target,
            self.origin,
            self.interaction,
            _canonical(self.metadata),
        )

    def __eq__(self, other: object) -> bool:
        return self.identity == other.identity if isinstance(other, GraphEdge) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.identity)

    def to_dict(self) -> dict[str, Any]:
        """Return the edge as plain data; ``metadata``, ``runtime`` and ``inferred`` only where they say something."""
        data: dict[str, Any] = {
            "source": self.source,
            "source_item": self.source_item,
            "source_target_setting": self.source_target_setting,
            "target": self.target,
            "origin": self.origin,
            "interaction": self.interaction,
        }
        if self.metadata:
            data["metadata"] = dict(self.metadata)
        if self.runtime:
            data["runtime"] = True
        if self.inferred:
            data["inferred"] = True
        return data


@dataclass(frozen=True, slots=True)
class ProductionGraph:
    """The items of a production and the routes between them, at one moment.

    ``str(graph)`` is the text, so a graph can be printed.

    Attributes:
        production_name: Name of the production.
        nodes: Its items, in their order.
        edges: Its routes, in the order in which they were made.
        warnings: What could not be found out.

    Example:
        >>> from iop_production import Production
        >>> prod = Production("Demo.P")
        >>> ref = prod.service("In", class_name="Demo.In")
        >>> prod.connect(ref.port("Out"), prod.operation("Out", class_name="Demo.Out"))
        >>> [(edge.source, edge.target) for edge in prod.graph().edges]
        [('In.Out', 'Out')]
    """

    production_name: str
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the graph as plain data: ``production``, ``nodes``, ``edges``, and ``warnings`` if any."""
        data: dict[str, Any] = {
            "production": self.production_name,
            "nodes": [node.to_dict() for node in self.nodes],
            "edges": [edge.to_dict() for edge in self.edges],
        }
        if self.warnings:
            data["warnings"] = list(self.warnings)
        return data

    def to_text(self) -> str:
        """Return the graph for a terminal: each item with the routes that leave it."""
        known = {node.name for node in self.nodes}
        leaving: dict[str, list[GraphEdge]] = {}
        for edge in sorted(self.edges, key=lambda edge: (edge.source_port, edge.target)):
            leaving.setdefault(edge.source_item, []).append(edge)
        lines = [self.production_name]
        for node in self.nodes:
            lines.append(f"  {node.name} [{node.class_name}]" if node.class_name else f"  {node.name}")
            lines += [
                f"    {edge.source_port or '(runtime)'} -> {_target_text(edge, known)}"
                for edge in leaving.get(node.name, ())
            ]
        unknown = [name for name in leaving if name not in known]
        if unknown:
            lines.append("  unresolved sources:")
            lines += [f"    {edge.source} -> {_target_text(edge, known)}" for name in unknown for edge in leaving[name]]
        if self.warnings:
            lines += ["  warnings:", *(f"    {' '.join(warning.splitlines())}" for warning in self.warnings)]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.to_text()

    def to_mermaid(self, direction: str = "LR") -> str:
        """Return the graph as a Mermaid flowchart.

        Args:
            direction: ``LR``, ``RL``, ``TB``, ``TD`` or ``BT``, in any case.

        Raises:
            ProductionError: Another direction.
        """
        return render_mermaid(self, direction)


def _target_text(edge: GraphEdge, known: set[str]) -> str:
    labels: list[str] = [] if edge.origin == "authored" else [edge.origin]
    if edge.interaction != "request":
        labels.append(edge.interaction)
    unresolved = "" if edge.target in known else " (unresolved)"
    described = f" [{', '.join(labels)}]" if labels else ""
    return f"{edge.target}{unresolved}{described}"


def _canonical(value: object) -> object:
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value).items()
        return tuple(sorted(((str(key), _canonical(entry)) for key, entry in entries), key=repr))
    if isinstance(value, (list, tuple)):
        return tuple(_canonical(entry) for entry in cast("Iterable[object]", value))
    return text_of(value)
