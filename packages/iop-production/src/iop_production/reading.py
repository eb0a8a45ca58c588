"""Reading a production from the dictionary that IRIS exports.

Nothing that the dictionary names is imported, and no folder is looked at: an import says
what is there. What cannot be used becomes a warning that names its place, so that one bad
item does not hide the others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from iop_core.errors import ProductionError, ProductionTypeError
from iop_production.component_ref import ComponentRef
from iop_production.item_options import KINDS, Kind
from iop_production.loose_data import list_of, mapping_of, shown
from iop_production.names import check_item_name
from iop_production.production_fields import SETTING_NAMES
from iop_production.texts import text_of

if TYPE_CHECKING:
    from iop_production.items import Items
    from iop_production.production import Production

PRODUCTION_ATTRIBUTES = {
    "@TestingEnabled": "testing_enabled",
    "@LogGeneralTraceEvents": "log_general_trace_events",
    "Description": "description",
    "ActorPoolSize": "actor_pool_size",
}
ITEM_ATTRIBUTES = {
    "@Category": "category",
    "@ClassName": "class_name",
    "@PoolSize": "pool_size",
    "@Enabled": "enabled",
    "@Foreground": "foreground",
    "@Comment": "comment",
    "@LogTraceEvents": "log_trace_events",
    "@Schedule": "schedule",
}
_KIND_KEYS = ("@Kind", "@kind", "kind", "type", "role")
# Only classes that are made for interoperability say their kind by their name.
_KIND_PREFIXES = ("python.", "ens.", "enslib.", "iop.")
_FIELD_OF_SETTING = {name: field for field, name in SETTING_NAMES.items()}


def production_body(data: object) -> tuple[str, Mapping[str, Any]]:
    """Return the name of an exported production and what is said about it.

    Raises:
        ProductionTypeError: Not a dictionary with a dictionary in it.
    """
    top = mapping_of(data)
    if not top:
        raise ProductionTypeError(
            f"Production data must be a non-empty dictionary. Give what to_dict() returns, not {shown(data)}"
        )
    key, body = next(iter(top.items()))
    if not isinstance(body, Mapping):
        raise ProductionTypeError(f"Production data must be a dictionary. Below {key!r} is {shown(body)}")
    found = mapping_of(cast("object", body))
    return text_of(found.get("@Name")) or str(key), found


def read_body(production: Production, items: Items, body: Mapping[str, Any]) -> list[str]:
    """Fill a production that has default fields and no items yet.

    Returns:
        What could not be read, one line each.
    """
    warnings: list[str] = []
    for key, field in PRODUCTION_ATTRIBUTES.items():
        if key in body:
            setattr(production, field, _scalar(body[key], f"{key} of the production", warnings))
    _read_production_settings(production, body, warnings)
    known = {"@Name", "Item", "Setting", *PRODUCTION_ATTRIBUTES}
    warnings += [f"Ignoring unknown key {key!r} of the production" for key in body if key not in known]
    for number, entry in _entries(body.get("Item"), "Item", warnings):
        _read_item(production, items, entry, f"Item {number}", warnings)
    return warnings


def _read_production_settings(production: Production, body: Mapping[str, Any], warnings: list[str]) -> None:
    for number, entry in _entries(body.get("Setting"), "Setting", warnings):
        name, place = text_of(entry.get("@Name")), f"Setting {number}"
        text = _scalar(entry.get("#text"), f"{place} {name!r}", warnings)
        field = _FIELD_OF_SETTING.get(name)
        if field is not None and text_of(entry.get("@Target")) in ("", "Production"):
            setattr(production, field, text)
        else:
            # Unknown here, but IRIS has it: an export without it would delete it there.
            kept = {key: text_of(entry[key]) for key in ("@Target", "@Name") if key in entry}
            production.other_settings.append({**kept, "#text": text})


def _read_item(production: Production, items: Items, entry: Mapping[str, Any], place: str, warnings: list[str]) -> None:
    try:
        name = check_item_name(text_of(entry.get("@Name")))
        place = f"{place} {name!r}"
        ref = ComponentRef(production, name)
        for key, field in ITEM_ATTRIBUTES.items():
            if key in entry:
                setattr(ref, field, _scalar(entry[key], f"{key} of {place}", warnings))
        items.add(ref)
    except ProductionError as error:
        warnings.append(f"Ignoring {place}: {error}")
        return
    ref.kind = read_kind(entry, place, warnings) or kind_of_class(ref.class_name)
    known = {"@Name", "Setting", *ITEM_ATTRIBUTES, *_KIND_KEYS}
    warnings += [f"Ignoring unknown key {key!r} of {place}" for key in entry if key not in known]
    seen: set[tuple[str, str]] = set()
    for number, setting in _entries(entry.get("Setting"), f"Setting of {place}", warnings):
        target, name = text_of(setting.get("@Target")) or "Host", text_of(setting.get("@Name"))
        text = _scalar(setting.get("#text"), f"Setting {number} {name!r} of {place}", warnings)
        if (target, name) in seen:
            warnings.append(f"Setting {number} of {place} repeats {target} setting {name!r}; the last value counts")
        seen.add((target, name))
        ref.other_setting(target, name, text)


def read_kind(entry: Mapping[str, Any], place: str, warnings: list[str]) -> Kind | None:
    """Return the kind that an entry says in one of the usual keys, None when it says none."""
    for key in _KIND_KEYS:
        if key in entry:
            said = text_of(entry[key]).strip().lower()
            found: Kind | None = next((kind for kind in KINDS if kind == said), None)
            if found is None and said:
                warnings.append(f"Ignoring kind {entry[key]!r} of {place}; use {', '.join(KINDS)}")
            return found
    return None


def kind_of_class(class_name: str) -> Kind:
    """Return the kind that the name of a class stands for.

    Example:
        >>> kind_of_class("EnsLib.File.PassthroughService"), kind_of_class("Demo.FooService")
        ('service', 'component')
    """
    name = class_name.lower()
    if name.startswith(_KIND_PREFIXES):
        for kind in KINDS:
            if name.endswith(kind):
                return kind
    return "component"


def _entries(value: object, label: str, warnings: list[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the dictionaries of a list, or of one alone, with their positions from 1."""
    for number, entry in enumerate(list_of(value), 1):
        if isinstance(entry, Mapping):
            yield number, mapping_of(cast("object", entry))
        else:
            warnings.append(f"Ignoring {label} {number}: it is {shown(entry)}, not a dictionary")


def _scalar(value: object, place: str, warnings: list[str]) -> str:
    if isinstance(value, (Mapping, list, tuple)):
        warnings.append(f"{place} should be text, and is kept as JSON: {shown(cast('object', value))}")
        return json.dumps(value, default=str)
    return text_of(value)
