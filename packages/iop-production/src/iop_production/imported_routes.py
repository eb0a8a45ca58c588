"""The routes of an imported production.

They are concluded from its Host settings and from what was reported at run time. Which
settings of a class lead to items is not known without the class, so any setting that
names an item counts, as ``inferred``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from iop_production.graph import GraphEdge
from iop_production.names import is_route_name
from iop_production.reading import read_kind
from iop_production.runtime_routes import RuntimeRoutes
from iop_production.target_lists import split_targets
from iop_production.texts import text_of

if TYPE_CHECKING:
    from iop_production.component_ref import ComponentRef
    from iop_production.routes import Routes

# Targets that every production has without an item of that name.
_BUILT_IN_TARGETS = frozenset({"Ens.Alert", "Ens.ScheduleHandler"})
_ADAPTER_KEYS = ("adapter_class_name", "adapter")


def describe_items(items: Mapping[str, ComponentRef], reported: RuntimeRoutes) -> list[str]:
    """Give items the kind, the adapter and the metadata that were reported; return warnings."""
    warnings: list[str] = []
    for name, said in reported.items.items():
        ref = items.get(name)
        if ref is None:
            continue
        ref.kind = read_kind(said, f"item {name!r}", warnings) or ref.kind
        adapter = next((text_of(said[key]) for key in _ADAPTER_KEYS if said.get(key)), "")
        ref.adapter_class_name = ref.adapter_class_name or adapter
        # Kept apart from the settings: these are defaults of the class, which the item never had.
        ref.runtime_metadata.update(said)
    return warnings


def import_routes(items: Mapping[str, ComponentRef], routes: Routes, reported: RuntimeRoutes) -> list[str]:
    """Give a production its routes; return warnings."""
    warnings: list[str] = []
    runtime: dict[str, dict[tuple[str, str], GraphEdge]] = {}
    for edge in reported.edges:
        source, port = _source_of(edge, items)
        if source not in items:
            warnings.append(f"Runtime connection source does not exist: {edge.source_item}")
        elif edge.target in items or edge.target not in _BUILT_IN_TARGETS:
            if edge.target not in items:
                warnings.append(f"Runtime connection target does not exist: {source} -> {edge.target}")
            runtime.setdefault(source, {})[port, edge.target] = edge
    for name, ref in items.items():
        edges = list(_edges_of(ref, items, runtime.get(name, {}), reported=name in reported.reported))
        # Ports first: what is no port of its item is no route of a setting.
        ports = {edge.source_port for edge in edges if edge.source_port}
        ref.target_setting_names.update(ports & ref.host_settings.keys())
        routes.observe(name, edges)
    return warnings


def _source_of(edge: GraphEdge, items: Mapping[str, ComponentRef]) -> tuple[str, str]:
    """Return item and port of a reported edge, whose source may be ``"Item.Port"``."""
    source, port = edge.source_item, edge.source_port
    if source not in items:
        item, dot, last = source.rpartition(".")
        if dot and item in items:
            return item, port or last
    return source, port


def _edges_of(
    ref: ComponentRef,
    items: Mapping[str, ComponentRef],
    runtime: Mapping[tuple[str, str], GraphEdge],
    *,
    reported: bool,
) -> Iterator[GraphEdge]:
    settings = {
        name: split_targets(value) for name, value in ref.host_settings.items() if name and not name.startswith("%")
    }
    ports_to: dict[str, list[str]] = {}
    for name, targets in settings.items():
        for target in targets:
            ports_to.setdefault(target, []).append(name)
    seen: set[tuple[str, str]] = set()
    for (port, target), edge in runtime.items():
        # A target alone is credited to every setting that names it.
        for name in [port] if port else ports_to.get(target) or [""]:
            if (name, target) not in seen:
                seen.add((name, target))
                yield GraphEdge(ref.name, target, name, "runtime", edge.interaction, edge.metadata)
    credited = {name for name, _ in seen}
    for name, targets in settings.items():
        if not runtime or name in credited or is_route_name(name):
            open_targets = (target for target in targets if target in items and (name, target) not in seen)
            yield from _inferred_edges(ref.name, name, open_targets, _reason(runtime, reported=reported))


def _inferred_edges(item: str, port: str, targets: Iterable[str], reason: str) -> Iterator[GraphEdge]:
    metadata = {"source": "Host setting fallback", **({"reason": reason} if reason else {})}
    for target in targets:
        yield GraphEdge(item, target, port, "inferred", metadata=metadata)


def _reason(runtime: Mapping[Any, Any], *, reported: bool) -> str:
    if runtime:
        return "runtime discovery did not report this target setting"
    return "runtime discovery returned no targets" if reported else ""
