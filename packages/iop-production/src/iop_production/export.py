"""A production as the dictionary that IRIS exports and imports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from iop_production.production_fields import SETTING_NAMES, ProductionFields
from iop_production.texts import boolean_text_of, text_of

if TYPE_CHECKING:
    from iop_production.component_ref import ComponentRef
    from iop_production.production import Production


def export_production(production: Production) -> dict[str, dict[str, Any]]:
    """Return ``{name: {...}}`` with all values as text, in the key order that IRIS writes."""
    data: dict[str, Any] = {
        "@Name": production.name,
        "@TestingEnabled": boolean_text_of(production.testing_enabled),
        "@LogGeneralTraceEvents": boolean_text_of(production.log_general_trace_events),
        "Description": text_of(production.description),
        "ActorPoolSize": text_of(production.actor_pool_size),
    }
    # What is as IRIS has it by itself is not written.
    texts = {field: text_of(getattr(production, field)) for field in SETTING_NAMES}
    settings = [
        {"@Name": SETTING_NAMES[field], "#text": text}
        for field, text in texts.items()
        if text != text_of(getattr(ProductionFields, field))
    ]
    settings += [{key: text_of(value) for key, value in entry.items()} for entry in production.other_settings]
    if settings:
        data["Setting"] = settings
    items = [_export_item(ref) for ref in production.items]
    if items:
        data["Item"] = items
    return {production.name: data}


def _export_item(ref: ComponentRef) -> dict[str, Any]:
    data: dict[str, Any] = {
        "@Name": ref.name,
        "@Category": text_of(ref.category),
        "@ClassName": text_of(ref.class_name),
        "@PoolSize": text_of(ref.pool_size),
        "@Enabled": boolean_text_of(ref.enabled),
        "@Foreground": boolean_text_of(ref.foreground),
        "@Comment": text_of(ref.comment),
        "@LogTraceEvents": boolean_text_of(ref.log_trace_events),
        "@Schedule": text_of(ref.schedule),
    }
    settings = _export_settings("Host", ref.host_settings) if ref.host_settings else []
    if ref.adapter_settings:
        settings += _export_settings("Adapter", ref.adapter_settings)
    if ref.other_settings:
        settings += [{key: text_of(value) for key, value in entry.items()} for entry in ref.other_settings]
    if settings:
        data["Setting"] = settings
    return data


def _export_settings(target: str, settings: Mapping[str, object]) -> list[dict[str, str]]:
    return [{"@Target": target, "@Name": name, "#text": text_of(value)} for name, value in settings.items()]
