"""The settings of a production where this engine runs it: its own words and the default settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from iop_core.definitions import ItemDefinition, ProductionDefinition
from iop_core.errors import UnknownItemError
from iop_core.plugins import installed_plugins
from iop_core.setting_layers import DefaultSetting, ResolvedSetting
from iop_core.setting_resolution import ObeyedSettings, explain_item, explain_production, with_defaults
from iop_engine.engine_settings import DEFAULTS
from iop_engine.instances import CALL_INTERVAL, KEEPALIVE_INTERVAL
from iop_engine.keepalive import DEFAULT_KEEPALIVE_INTERVAL_SECONDS
from iop_engine.service_runner import DEFAULT_CALL_INTERVAL_SECONDS

OBEYED = ObeyedSettings(
    host=DEFAULTS,
    adapter={
        CALL_INTERVAL: DEFAULT_CALL_INTERVAL_SECONDS,
        KEEPALIVE_INTERVAL: DEFAULT_KEEPALIVE_INTERVAL_SECONDS,
    },
)


def resolved(production: ProductionDefinition, defaults: Sequence[DefaultSetting]) -> ProductionDefinition:
    """Return the production as it runs: with the default settings filled in.

    Raises:
        SettingError: A system override has a value it cannot have.
    """
    return with_defaults(_with_classes(production), defaults, obeyed=OBEYED) if defaults else production


def explained(
    production: ProductionDefinition, item: str | None, defaults: Sequence[DefaultSetting]
) -> list[ResolvedSetting]:
    """Return the settings of an item, or of the production for None, with the value of each layer.

    Raises:
        UnknownItemError: No such item.
    """
    if item is None:
        return explain_production(production, defaults)
    found = production.item(item)
    if found is None:
        raise UnknownItemError(item, [known.name for known in production.items])
    return explain_item(production, _with_class(found), defaults, obeyed=OBEYED)


def _with_classes(production: ProductionDefinition) -> ProductionDefinition:
    return replace(production, items=tuple(_with_class(item) for item in production.items))


def _with_class(item: ItemDefinition) -> ItemDefinition:
    """Return an item with the classes that plug-ins offer under the names it gives."""
    offered = installed_plugins().components()
    return replace(
        item,
        component_class=item.component_class or offered.get(item.class_name),
        adapter_class=item.adapter_class or offered.get(item.adapter_class_name),
    )
