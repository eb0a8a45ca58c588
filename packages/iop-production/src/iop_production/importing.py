"""Putting an export, and what was reported at run time, into an empty production."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from iop_production.imported_routes import describe_items, import_routes
from iop_production.production_fields import FIELDS, ProductionFields
from iop_production.queue_counters import read_queue_counters
from iop_production.reading import read_body
from iop_production.runtime_routes import read_runtime_routes

if TYPE_CHECKING:
    from iop_production.items import Items
    from iop_production.production import Production
    from iop_production.routes import Routes


def import_production(
    production: Production,
    items: Items,
    routes: Routes,
    body: Mapping[str, Any],
    *,
    connections: object,
    queue_info: object,
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Fill an empty production; return the counters of its queues, and what could not be used.

    Args:
        production: Gets its fields; those that the export does not name have their defaults.
        items: Its items, none so far.
        routes: Its routes, none so far.
        body: What the export says about it.
        connections: What a running production reports; None: not asked.
        queue_info: Counters of queues; None: not asked.
    """
    for field in FIELDS:
        if field != "name":
            setattr(production, field, getattr(ProductionFields, field))
    warnings = read_body(production, items, body)
    queues, queue_warnings = read_queue_counters(queue_info, items.by_name)
    reported = read_runtime_routes(connections)
    warnings += [*queue_warnings, *reported.warnings, *describe_items(items.by_name, reported)]
    return queues, warnings + import_routes(items.by_name, routes, reported)
