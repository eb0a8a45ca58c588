"""Changing an item that is already in a production."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from iop_core.errors import ProductionError
from iop_production.component_classes import check_port_key, declared_ports
from iop_production.component_ref import ComponentRef, merge_settings
from iop_production.item_options import WORKERS_SETTING, ItemChanges
from iop_production.names import proxy_name
from iop_production.new_item import (
    add_other_settings,
    check_component_class,
    check_kind,
    declare_ports,
    find_adapter,
    workers_setting,
)

if TYPE_CHECKING:
    from iop_production.items import Items

# Fields that are set as they are.
_PLAIN_FIELDS = ("category", "pool_size", "enabled", "foreground", "comment", "log_trace_events", "schedule")
_CHANGES = ItemChanges.__optional_keys__


def change_item(items: Items, ref: ComponentRef, changes: Mapping[str, Any]) -> None:
    """Change an item as ``Production.update_component`` says.

    Raises:
        ProductionError: A field that cannot be changed, a kind that does not exist, or a
            Python class whose proxy class is taken.
    """
    unknown = sorted(changes.keys() - _CHANGES)
    if unknown:
        raise ProductionError(
            f"Unsupported component update fields: {', '.join(unknown)} (item {ref.name!r}); "
            f"known: {', '.join(sorted(_CHANGES))}"
        )
    kind = check_kind(changes.get("kind", ref.kind))
    _change_class(items, ref, changes)
    ref.kind = kind
    for name in _PLAIN_FIELDS:
        if name in changes:
            setattr(ref, name, changes[name])
    for key in ("settings", "host_settings"):
        merge_settings(ref.host_settings, changes.get(key) or {})
    if "workers" in changes:
        ref.host_settings.pop(WORKERS_SETTING, None)
        ref.host_settings.update(workers_setting(changes["workers"], kind, ref.name))
    merge_settings(ref.adapter_settings, changes.get("adapter_settings") or {})
    if "other_settings" in changes:
        ref.other_settings.clear()
        add_other_settings(ref, changes["other_settings"])
    for port in changes.get("target_settings") or ():
        ref.target_setting_names.add(check_port_key(port, ref.component_class))


def _change_class(items: Items, ref: ComponentRef, changes: Mapping[str, Any]) -> None:
    before = ref.component_class
    after = changes.get("component_class", before)
    class_name = changes.get("class_name") or ref.class_name
    if after is not before:
        check_component_class(after, ref.name)
        class_name = changes.get("class_name") or proxy_name(after)
    # The adapter first: asking the class for it may fail, and then nothing has changed.
    adapter = changes.get("adapter_class", ref.adapter_class)
    found = find_adapter(after, adapter, changes.get("adapter_class_name", ""))
    items.claim_class(class_name, after, besides=ref)
    if after is not before:
        ref.target_setting_names.difference_update(declared_ports(before) if before else ())
    ref.class_name, ref.component_class = class_name, after
    declare_ports(ref)
    if changes.keys() & {"component_class", "adapter_class", "adapter_class_name"}:
        ref.adapter_class, ref.adapter_class_name = found
