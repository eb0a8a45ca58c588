"""Counters of queues, as a running production reports them."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, cast

from iop_production.loose_data import mapping_of, shown
from iop_production.texts import text_of

_NAME_KEYS = ("item", "name", "queue_name")


def read_queue_counters(queue_info: object, items: Container[str]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Return the counters by item, and what could not be used.

    Args:
        queue_info: ``{"items": [...]}``, a list of dictionaries with the name of their item,
            or ``{item: {...}}``; None.
        items: Names of the items of the production.

    Example:
        >>> read_queue_counters({"Orders": {"count": 1}}, {"Orders"})
        ({'Orders': {'queue_name': 'Orders', 'count': 1}}, [])
    """
    if queue_info is None:
        return {}, []
    listed: object = queue_info
    if isinstance(queue_info, Mapping):
        report = mapping_of(cast("object", queue_info))
        listed = report.get("items")
        if not isinstance(listed, (list, tuple)):
            listed = [
                {"item": name, **mapping_of(cast("object", said))} if isinstance(said, Mapping) else said
                for name, said in report.items()
            ]
    if not isinstance(listed, (list, tuple)):
        return {}, [f"Ignoring invalid queue info: {shown(listed)}"]
    counters: dict[str, dict[str, Any]] = {}
    warnings: list[str] = []
    for entry in cast("list[object]", listed):
        said = mapping_of(entry)
        name = next((text_of(said[key]) for key in _NAME_KEYS if said.get(key)), "")
        if not name:
            warnings.append(f"Ignoring invalid queue info: {shown(entry)}")
        elif name not in items:
            warnings.append(f"Queue info item does not exist: {name}")
        else:
            values = {key: value for key, value in said.items() if key not in ("item", "name")}
            counters[name] = {"queue_name": name, **values}
    return counters, warnings
