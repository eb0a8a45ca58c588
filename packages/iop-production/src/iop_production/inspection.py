"""Everything that is known about items, as plain data."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from iop_production.directors import director_of, need_director, read_status
from iop_production.graph import GraphEdge
from iop_production.loose_data import mapping_of
from iop_production.queue_counters import read_queue_counters

if TYPE_CHECKING:
    from iop_production.component_ref import ComponentRef
    from iop_production.directed_production import DirectedProduction


def inspect_items(
    production: DirectedProduction, refs: Iterable[ComponentRef], *, refresh: bool
) -> dict[str, dict[str, Any]]:
    """Return what ``Production.inspect_component`` says, by name of the item; the director is asked once."""
    outgoing: dict[str, list[GraphEdge]] = {}
    incoming: dict[str, list[GraphEdge]] = {}
    for edge in production.edges:
        outgoing.setdefault(edge.source_item, []).append(edge)
        incoming.setdefault(edge.target, []).append(edge)
    runtime, counters, warnings = _ask(production) if refresh else ({}, production.queue(refresh=False), [])
    found: dict[str, dict[str, Any]] = {}
    for ref in refs:
        said = {**copy.deepcopy(runtime), **({"queue": dict(counters[ref.name])} if ref.name in counters else {})}
        found[ref.name] = {
            **_describe(production, ref),
            "outgoing": [edge.to_dict() for edge in outgoing.get(ref.name, ())],
            "incoming": [edge.to_dict() for edge in incoming.get(ref.name, ())],
            "runtime": {**said, "warnings": list(warnings)} if warnings else said,
        }
    return found


def ask_queues(production: DirectedProduction) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Return the counters of the queues of a production now, by item, and what could not be used.

    Raises:
        ConfigurationError: The director knows no queues.
    """
    purpose = f"reading the queues of {production.name!r}"
    director = need_director(
        director_of(production.director, production.namespace), purpose, "export_production_queue_info"
    )
    return read_queue_counters(director.export_production_queue_info(production.name), production.item_names)


def _describe(production: DirectedProduction, ref: ComponentRef) -> dict[str, Any]:
    return {
        "production": production.name,
        "name": ref.name,
        "class_name": ref.class_name,
        "adapter_class_name": ref.adapter_class_name,
        "kind": ref.kind,
        "category": ref.category,
        "enabled": ref.enabled,
        "pool_size": ref.pool_size,
        "foreground": ref.foreground,
        "comment": ref.comment,
        "log_trace_events": ref.log_trace_events,
        "schedule": ref.schedule,
        "settings": {
            "Host": dict(ref.host_settings),
            "Adapter": dict(ref.adapter_settings),
            "Other": [dict(entry) for entry in ref.other_settings],
        },
        "target_settings": list(ref.ports),
    }


def _ask(production: DirectedProduction) -> tuple[dict[str, Any], dict[str, dict[str, Any]], list[str]]:
    """Return what runs, the counters of the queues, and what could not be asked."""
    runtime: dict[str, Any] = {}
    counters: dict[str, dict[str, Any]] = {}
    warnings: list[str] = []
    name = production.name
    try:
        given = director_of(production.director, production.namespace)
        director = need_director(given, f"reading the status of {name!r}", "status_production")
        said: object = director.status_production()
        current, status = read_status(said)
        runtime["production_status"] = dict(mapping_of(said))
        runtime["current_production"] = current
        runtime["status"] = status
        runtime["is_current_production"] = current == name
        runtime["is_running"] = current == name and status == "running"
    except Exception as error:  # noqa: BLE001 - boundary: the rest is known without it
        warnings.append(f"Could not fetch production status: {' '.join(str(error).split())}")
    try:
        counters, more = ask_queues(production)
        warnings += more
    except Exception as error:  # noqa: BLE001 - boundary: the rest is known without it
        warnings.append(f"Could not fetch queue info: {' '.join(str(error).split())}")
    return runtime, counters, warnings
