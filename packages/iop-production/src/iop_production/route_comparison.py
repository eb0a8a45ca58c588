"""The routes of two productions, in a form that can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from iop_production.component_classes import declared_ports
from iop_production.graph import GraphEdge
from iop_production.target_lists import split_targets

if TYPE_CHECKING:
    from iop_production.component_ref import ComponentRef
    from iop_production.production import Production

# What leaves each item by each port; the port is empty for routes that were only reported.
Connections: TypeAlias = "dict[tuple[str, str], list[Any]]"


class RoutePorts:
    """Which Host settings count as routes, for two productions together.

    An import takes any setting that names an item for a route. Where one of the two knows
    the Python class of the item, that class decides.
    """

    def __init__(self, desired: Production, current: Production) -> None:
        self._ports: dict[str, set[str]] = {}
        self._doubtful: dict[str, set[str]] = {}
        self._defaults: set[tuple[str, str]] = set()
        sides = [{ref.name: ref for ref in production.items} for production in (desired, current)]
        for name in {**sides[0], **sides[1]}:
            refs = [side[name] for side in sides if name in side]
            knowing = [ref for ref in refs if ref.component_class is not None]
            ports = [ref.ports for ref in knowing or refs]
            self._ports[name] = set(ports[0]).union(*ports[1:])
            if not knowing:
                self._doubtful[name] = self._ports[name].difference(set(ports[0]).intersection(ports[-1]))
            for ref in knowing:
                self._defaults.update((name, port) for port, default in _declared(ref).items() if default)

    def is_route(self, item: str, setting: str) -> bool:
        """Return whether a Host setting is a route."""
        return setting in self._ports[item]

    def is_covered(self, item: str, setting: str, values: tuple[object, object]) -> bool:
        """Return whether comparing routes is enough to compare two values of a Host setting.

        It is not where only one production takes the setting for a route, and two texts lead
        to the same items: without these items it would be no route any more.
        """
        targets = [split_targets(value) for value in values]
        if setting in self._doubtful.get(item, ()) and targets[0] == targets[1] != ():
            return False
        return self.is_route(item, setting)

    def set_routes(self, ref: ComponentRef) -> dict[str, tuple[str, ...]]:
        """Return the targets of each port that is set; empty ones only where they undo a default."""
        ports = sorted(self._ports[ref.name] & ref.host_settings.keys())
        if not ports:
            return {}
        found = {port: split_targets(ref.host_settings[port]) for port in ports}
        return {port: names for port, names in found.items() if names or (ref.name, port) in self._defaults}


def _declared(ref: ComponentRef) -> Mapping[str, str]:
    return declared_ports(ref.component_class) if ref.component_class else {}


def deployed_connections(production: Production, other: Production, ports: RoutePorts) -> Connections:
    """Return the names of the targets, for the items that both productions have.

    A route that was only reported counts when the other production has no route between the
    same items: which setting it belongs to is not known, and it is no setting of its own.
    """
    found: Connections = {}
    for ref in production.items:
        if other.has_item(ref.name):
            found.update({(ref.name, port): list(names) for port, names in ports.set_routes(ref).items()})
    unset = production.unset_edges
    if not unset:
        return found
    reached = {(ref.name, name) for ref in other.items for names in ports.set_routes(ref).values() for name in names}
    reached.update((edge.source_item, edge.target) for edge in other.edges)
    for edge in unset:
        key = (edge.source_item, edge.source_port)
        if other.has_item(key[0]) and (key[0], edge.target) not in reached:
            found.setdefault(key, []).append(edge.target)
    return found


def graph_connections(production: Production, ports: RoutePorts) -> Connections:
    """Return the routes of all items, each with where it is known from and how it is used."""
    edges = {(edge.source_item, edge.source_port, edge.target): edge for edge in production.edges}
    found: Connections = {}
    for ref in production.items:
        for port, names in ports.set_routes(ref).items():
            routes = (edges.pop((ref.name, port, name), GraphEdge(ref.name, name, port)) for name in names)
            found[ref.name, port] = [_edge_value(edge) for edge in routes]
    for edge in edges.values():
        found.setdefault((edge.source_item, edge.source_port), []).append(_edge_value(edge))
    return found


def _edge_value(edge: GraphEdge) -> dict[str, Any]:
    value: dict[str, Any] = {"target": edge.target, "origin": edge.origin, "interaction": edge.interaction}
    if edge.metadata:
        value["metadata"] = dict(edge.metadata)
    return value
