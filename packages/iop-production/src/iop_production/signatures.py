"""What of a production and its items is deployed, as text that can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from iop_production.production_fields import SETTING_NAMES
from iop_production.texts import boolean_text_of, text_of

if TYPE_CHECKING:
    from iop_production.component_ref import ComponentRef
    from iop_production.production import Production


def production_signature(production: Production) -> dict[str, str]:
    """Return the fields of a production, sorted by name."""
    booleans = ("log_general_trace_events", "testing_enabled")
    fields = {field: boolean_text_of(getattr(production, field)) for field in booleans}
    for field in ("actor_pool_size", "description", *SETTING_NAMES):
        fields[field] = text_of(getattr(production, field))
    return dict(sorted(fields.items()))


def item_signature(ref: ComponentRef) -> dict[str, Any]:
    """Return the fields and settings of an item; kind and adapter are no part of what is deployed."""
    return {
        "class_name": text_of(ref.class_name),
        "category": text_of(ref.category),
        "pool_size": text_of(ref.pool_size),
        "enabled": boolean_text_of(ref.enabled),
        "foreground": boolean_text_of(ref.foreground),
        "comment": text_of(ref.comment),
        "log_trace_events": boolean_text_of(ref.log_trace_events),
        "schedule": text_of(ref.schedule),
        "host_settings": {name: text_of(value) for name, value in ref.host_settings.items()},
        "adapter_settings": {name: text_of(value) for name, value in ref.adapter_settings.items()},
        "other_settings": [{key: text_of(value) for key, value in entry.items()} for entry in ref.other_settings],
    }
