"""Where the class of an item comes from, for programs that make instances of it."""

from __future__ import annotations

import sys

from iop_core.definitions import ItemDefinition
from iop_core.outside_calls import ComponentSource
from iop_core.plugins import installed_plugins
from iop_core.setting_values import render_value


def source_of(item: ItemDefinition) -> ComponentSource:
    """Return where the class of an item comes from, and the item's settings as text."""
    found = item.component_class or installed_plugins().components().get(item.class_name)
    if found is None:
        return ComponentSource(item.name, item.kind, "", item.class_name, "")
    module = sys.modules.get(found.__module__)
    return ComponentSource(
        item=item.name,
        kind=item.kind,
        module=found.__module__,
        class_name=found.__qualname__,
        file=getattr(module, "__file__", None) or "",
        settings={name: str(render_value(value)) for name, value in item.host_settings.items()},
    )
