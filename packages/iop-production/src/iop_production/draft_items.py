"""What a draft says about each item: its options, its settings, and its routes apart from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iop_production.names import port_name
from iop_production.production_fields import FIELDS, ProductionFields
from iop_production.python_source import boolean_literal, comment, dict_literal, number_literal
from iop_production.signatures import item_signature, production_signature
from iop_production.target_lists import split_targets
from iop_production.texts import text_of

if TYPE_CHECKING:
    from iop_production.component_ref import ComponentRef
    from iop_production.production import Production

_BOOLEANS = ("enabled", "foreground", "log_trace_events", "testing_enabled", "log_general_trace_events")
_NUMBERS = (
    "pool_size",
    "actor_pool_size",
    "shutdown_timeout",
    "update_timeout",
    "alert_action_window",
    "purge_days_to_keep",
    "purge_keep_errors_days",
)
_DEFAULTS = {"enabled": "true", "pool_size": "1", "foreground": "false", "log_trace_events": "false"}
_OPTIONS = ("enabled", "pool_size", "category", "foreground", "comment", "log_trace_events", "schedule")
UNKNOWN_CLASS = "Missing.Class"
"""Stands where an item has no class, which a production in Python cannot do without."""


@dataclass(frozen=True, slots=True)
class DraftItem:
    """One item, ready to be written as source.

    Attributes:
        name: Name of the item.
        kind: Its kind.
        class_name: Its IRIS class.
        fields: Source of each field that is not as by default.
        host_settings: Text of each Host setting that is no route.
        adapter_settings: Text of each setting of the adapter.
        other_settings: The settings for other targets.
        routes: Targets of each port, sorted by port.
    """

    name: str
    kind: str
    class_name: str
    fields: Mapping[str, str]
    host_settings: Mapping[str, str]
    adapter_settings: Mapping[str, str]
    other_settings: list[dict[str, str]]
    routes: Mapping[str, tuple[str, ...]]

    def options(self, indent: str) -> dict[str, str]:
        """Return the source of each keyword that says something."""
        settings = {"settings": self.host_settings, "adapter_settings": self.adapter_settings}
        return {**self.fields, **{name: dict_literal(texts, indent) for name, texts in settings.items() if texts}}


def draft_items(production: Production) -> list[DraftItem]:
    """Return the items of a production in their order."""
    known = frozenset(production.item_names)
    return [_draft_item(ref, known) for ref in production.items]


def production_fields(production: Production) -> dict[str, str]:
    """Return the source of each field of a production that is not as by default."""
    texts = production_signature(production)
    fields: dict[str, str] = {}
    for field in FIELDS:
        default: Any = getattr(ProductionFields, field)
        if field in texts and texts[field] != text_of(default):
            fields[field] = _field_source(field, texts[field])
    return fields


def other_production_settings(production: Production) -> list[str]:
    """Return the source of each setting of a production that has no field."""
    return [repr({key: text_of(value) for key, value in entry.items()}) for entry in production.other_settings]


def review_comments(production: Production) -> list[str]:
    """Return the comment lines about what a draft cannot say: routes without a setting or an item, warnings."""
    routes = [f"{edge.source} -> {edge.target}" for edge in production.unset_edges]
    for ref in production.items:
        for port in ref.ports:
            targets = split_targets(ref.host_settings.get(port))
            routes += [f"{ref.name}.{port} -> {name}" for name in targets if not production.has_item(name)]
    classless = [ref.name for ref in production.items if not ref.class_name]
    return [
        *_titled("TODO: review unresolved or runtime-only routes:", routes),
        *_titled(f"TODO: name the class in place of {UNKNOWN_CLASS!r}:", classless),
        *_titled("Import warnings:", production.import_warnings),
    ]


def python_class_comments(items: Iterable[DraftItem]) -> list[str]:
    """Return the comment lines that ask for the classes behind names such as ``Python.demo.Router``."""
    names = [f"{item.name}: {item.class_name}" for item in items if item.class_name.startswith("Python.")]
    return _titled("TODO: import the Python classes and put them in place of these names:", names)


def _titled(title: str, texts: Sequence[str]) -> list[str]:
    return [comment(title), *(comment(f"- {text}") for text in texts)] if texts else []


def _draft_item(ref: ComponentRef, known: frozenset[str]) -> DraftItem:
    signature = item_signature(ref)
    texts = signature["host_settings"]
    spellings = Counter(port_name(name) for name in texts if name.strip())
    ports = [port for port in ref.ports if spellings[port] == 1 and _is_plain_route(texts.get(port, ""), known)]
    routes = {port: split_targets(texts[port]) for port in ports}
    return DraftItem(
        ref.name,
        ref.kind,
        signature["class_name"] or UNKNOWN_CLASS,
        {
            field: _field_source(field, signature[field])
            for field in _OPTIONS
            if signature[field] != _DEFAULTS.get(field, "")
        },
        {name: text for name, text in texts.items() if name not in routes},
        signature["adapter_settings"],
        signature["other_settings"],
        routes,
    )


def _is_plain_route(text: str, known: frozenset[str]) -> bool:
    """Return whether connecting a port writes the very text that it has now.

    A route to a missing item cannot be connected, and stays a setting, so that nothing is lost.
    """
    targets = split_targets(text)
    return bool(targets) and ",".join(targets) == text and known.issuperset(targets)


def _field_source(field: str, text: str) -> str:
    if field in _BOOLEANS:
        return boolean_literal(text)
    return number_literal(text) if field in _NUMBERS else repr(text)
