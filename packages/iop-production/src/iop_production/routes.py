"""The routes of a production: which port leads to which item.

A route is no object that is kept: the Host setting of a port names the targets, and
edges are read from there. What is remembered besides is the order in which routes were
made, and what an import learned about them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

from iop_core.errors import ProductionError, UnconnectedPortError, UnknownItemError
from iop_production.graph import GraphEdge
from iop_production.target_lists import add_target, remove_target, split_targets

if TYPE_CHECKING:
    from iop_production.component_ref import ComponentRef
    from iop_production.port import Port

ConnectionMode: TypeAlias = Literal["replace", "set", "add", "append", "remove", "delete", "disconnect"]

_MODES: dict[str, Literal["replace", "add", "remove"]] = {
    "replace": "replace",
    "set": "replace",
    "add": "add",
    "append": "add",
    "remove": "remove",
    "delete": "remove",
    "disconnect": "remove",
}


def connection_mode(mode: object) -> Literal["replace", "add", "remove"]:
    """Return which of the three modes a word stands for.

    Raises:
        ProductionError: It stands for none.
    """
    known = _MODES.get(str(mode).strip().lower())
    if known is None:
        raise ProductionError(f"Unsupported connection mode: {mode!r}. Expected 'replace', 'add', or 'remove'.")
    return known


# Item, port and target.
_RouteKey: TypeAlias = "tuple[str, str, str]"


class Routes:
    """The routes between some items.

    Args:
        items: The items by name; read at each call.
    """

    def __init__(self, items: Mapping[str, ComponentRef]) -> None:
        self._items = items
        self._order: dict[_RouteKey, int] = {}
        self._made = 0
        self._observed: dict[_RouteKey, GraphEdge] = {}
        self._unset: dict[_RouteKey, GraphEdge] = {}

    def connect(self, port: Port, target: str, *, add: bool) -> None:
        """Lead a port to an item, in place of its targets or besides them.

        Raises:
            UnknownItemError: There is no such item.
        """
        if target not in self._items:
            raise UnknownItemError(target, self._items, port.path)
        ref = port.component
        ref.target_setting_names.add(port.name)
        ref.host_settings[port.name] = add_target(ref.host_settings.get(port.name), target) if add else target
        self._observed.pop((ref.name, port.name, target), None)
        self._remember(ref.name, port.name, target)

    def observe(self, item: str, edges: Iterable[GraphEdge]) -> None:
        """Keep what an import knows about the routes of one item.

        An edge that no Host setting stands for, such as one that a running production
        reports without a port, is shown until one of its items is deleted.
        """
        set_routes = set(_routes_of(self._items[item]))
        for edge in edges:
            key = (item, edge.source_port, edge.target)
            (self._observed if key[1:] in set_routes else self._unset)[key] = edge
            self._remember(*key)

    def disconnect(self, port: Port, target: str | None = None) -> None:
        """Take one target from a port, or all of them.

        Raises:
            UnconnectedPortError: It does not lead there.
        """
        targets = port.targets
        if not targets or (target is not None and target not in targets):
            raise UnconnectedPortError(
                port.path, (f"{port.item_name}.{name}" for name in port.component.ports), target or ""
            )
        self._set_targets(port.component, port.name, "" if target is None else remove_target(",".join(targets), target))

    def forget(self, name: str) -> None:
        """Take an item from the targets of all ports, and drop what was observed of it."""
        for observed in (self._observed, self._unset):
            for key in [key for key in observed if name in (key[0], key[2])]:
                del observed[key]
        for ref in self._items.values():
            for port in ref.ports:
                value = ref.host_settings.get(port)
                if name in split_targets(value):
                    self._set_targets(ref, port, remove_target(value, name))

    def remember(self, ref: ComponentRef) -> None:
        """Count the routes in the settings of an item as made now."""
        for port, target in _routes_of(ref):
            self._remember(ref.name, port, target)

    def edges(self) -> tuple[GraphEdge, ...]:
        """Return one edge for each route to an item, in the order in which they were made.

        Edges that were only observed are among them, also those to names that are no item.
        """
        routes = {
            (ref.name, port, target): self._observed.get((ref.name, port, target)) or GraphEdge(ref.name, target, port)
            for ref in self._items.values()
            for port, target in _routes_of(ref)
            if target in self._items
        }
        routes = {**self._unset, **routes}
        return tuple(routes[key] for key in sorted(routes, key=lambda key: self._order.get(key, self._made)))

    def unset_edges(self) -> Iterator[GraphEdge]:
        """Yield the edges that were only observed, and that no Host setting stands for."""
        targets: dict[tuple[str, str], frozenset[str]] = {}
        for (item, port, target), edge in self._unset.items():
            if (item, port) not in targets:
                targets[item, port] = frozenset(split_targets(self._items[item].host_settings.get(port)))
            if target not in targets[item, port]:
                yield edge

    def _remember(self, item: str, port: str, target: str) -> None:
        self._order[item, port, target] = self._made
        self._made += 1

    def _set_targets(self, ref: ComponentRef, port: str, value: str) -> None:
        if value:
            ref.host_settings[port] = value
        else:
            del ref.host_settings[port]


def _routes_of(ref: ComponentRef) -> Iterator[tuple[str, str]]:
    for name, value in ref.host_settings.items():
        if ref.is_port(name):
            for target in split_targets(value):
                yield name, target
