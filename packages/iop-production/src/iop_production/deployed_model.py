"""A deployed production in memory, on which planned changes are tried and checked.

It is the exported dictionary itself: what no operation touches stays as it was exported,
also what this package does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from iop_core.errors import PlanError
from iop_production.component_ref import ComponentRef
from iop_production.loose_data import list_of, mapping_of
from iop_production.production_fields import SETTING_NAMES, ProductionFields
from iop_production.reading import ITEM_ATTRIBUTES, PRODUCTION_ATTRIBUTES, production_body
from iop_production.setting_entries import SettingEntries
from iop_production.texts import boolean_text_of, text_of

BOOLEAN_FIELDS = frozenset({"enabled", "foreground", "log_trace_events", "testing_enabled", "log_general_trace_events"})
ITEM_FIELDS = {field: key for key, field in ITEM_ATTRIBUTES.items()}
PRODUCTION_FIELDS = {field: key for key, field in PRODUCTION_ATTRIBUTES.items()}

_ITEM_DEFAULTS = {field: ComponentRef.__dataclass_fields__[field].default for field in ITEM_FIELDS}
_SETTING_TARGETS = ("Host", "Adapter")


def field_text(field: str, value: object) -> str:
    """Return the value of a field as text that can be compared."""
    return boolean_text_of(value) if field in BOOLEAN_FIELDS else text_of(value)


class DeployedItem:
    """One item of a deployed production.

    Args:
        entry: The item as it is exported; not changed.
    """

    def __init__(self, entry: Mapping[str, Any]) -> None:
        self._entry = dict(entry)
        self.settings = SettingEntries(entry.get("Setting"), default_target="Host")

    @classmethod
    def of_signature(cls, name: str, signature: Mapping[str, Any]) -> DeployedItem:
        """Return a new item with the fields and settings of ``item_signature``."""
        item = cls({"@Name": name, **dict.fromkeys(ITEM_ATTRIBUTES, "")})
        for field in ITEM_FIELDS:
            item.set_field(field, signature.get(field, _ITEM_DEFAULTS[field]))
        for target, key in zip(_SETTING_TARGETS, ("host_settings", "adapter_settings"), strict=True):
            for setting, value in mapping_of(signature.get(key)).items():
                item.settings.put(target, setting, text_of(value))
        item.settings.replace_others(_SETTING_TARGETS, entries_of(signature.get("other_settings")))
        return item

    def field(self, field: str) -> str:
        """Return a field as text; one that the export leaves out has its default."""
        return field_text(field, self._entry.get(ITEM_FIELDS[field], _ITEM_DEFAULTS[field]))

    def set_field(self, field: str, value: object) -> None:
        """Set a field."""
        self._entry[ITEM_FIELDS[field]] = field_text(field, value)

    def other_settings(self) -> dict[tuple[str, str], str]:
        """Return the settings for other targets than the host and its adapter, by target and name."""
        return {(target, name): text for target, name, text in self.settings if target not in _SETTING_TARGETS}

    def set_other_settings(self, value: object) -> None:
        """Replace the settings for other targets than the host and its adapter."""
        self.settings.replace_others(_SETTING_TARGETS, entries_of(value))

    def has_signature(self, signature: Mapping[str, Any]) -> bool:
        """Return whether the item is as ``item_signature`` says; the order of settings does not count."""
        wanted = DeployedItem.of_signature("", signature)
        return sorted(self.settings) == sorted(wanted.settings) and all(
            self.field(field) == wanted.field(field) for field in ITEM_FIELDS
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the item as it is exported."""
        entry = {key: value for key, value in self._entry.items() if key != "Setting"}
        settings = self.settings.to_list()
        return {**entry, "Setting": settings} if settings else entry


class DeployedModel:
    """A deployed production that operations can change.

    Args:
        export: The exported dictionary; not changed.

    Raises:
        ProductionTypeError: Not an exported production.

    Example:
        >>> model = DeployedModel({"P": {"Item": [{"@Name": "Out"}]}})
        >>> model.get_item("Out").set_field("pool_size", 2)
        >>> model.to_dict()
        {'P': {'Item': [{'@Name': 'Out', '@PoolSize': '2'}]}}
    """

    def __init__(self, export: Mapping[str, Any]) -> None:
        self.name, body = production_body(export)
        self._key = next(iter(export))
        self._body = dict(body)
        self.settings = SettingEntries(body.get("Setting"), default_target="")
        self._settings_changed = self._items_changed = False
        # Entries that cannot be found by name have their position as the key.
        self._entries: dict[str | int, object] = {}
        for number, entry in enumerate(list_of(body.get("Item"))):
            name = text_of(mapping_of(entry).get("@Name"))
            self._entries[number if not name or name in self._entries else name] = entry
        self._touched: dict[str, DeployedItem] = {}

    def find_item(self, name: str) -> DeployedItem | None:
        """Return an item to read or change, None when there is none of that name."""
        entry = self._entries.get(name)
        if entry is None:
            return None
        found = self._touched.get(name)
        if found is None:
            found = self._touched[name] = DeployedItem(mapping_of(entry))
        return found

    def get_item(self, name: str) -> DeployedItem:
        """Return an item to read or change.

        Raises:
            PlanError: There is none of that name.
        """
        found = self.find_item(name)
        if found is None:
            raise PlanError(f"the deployed production {self.name!r} has no item {name!r}; make a new plan")
        return found

    def add_item(self, name: str, signature: Mapping[str, Any]) -> None:
        """Add an item at the end.

        Raises:
            PlanError: There is one of that name.
        """
        if name in self._entries:
            raise PlanError(f"the deployed production {self.name!r} already has an item {name!r}; make a new plan")
        self._entries[name] = {}
        self._touched[name] = DeployedItem.of_signature(name, signature)
        self._items_changed = True

    def delete_item(self, name: str) -> None:
        """Remove an item, if it is there."""
        if self._entries.pop(name, None) is not None:
            self._touched.pop(name, None)
            self._items_changed = True

    def field(self, field: str) -> str:
        """Return a field of the production as text; one that the export leaves out has its default."""
        default = getattr(ProductionFields, field)
        if field in PRODUCTION_FIELDS:
            return field_text(field, self._body.get(PRODUCTION_FIELDS[field], default))
        texts = [self.settings.find(target, SETTING_NAMES[field]) for target in ("Production", "")]
        return next((text for text in texts if text is not None), text_of(default))

    def set_field(self, field: str, value: object) -> None:
        """Set a field of the production."""
        text = field_text(field, value)
        if field in PRODUCTION_FIELDS:
            self._body[PRODUCTION_FIELDS[field]] = text
        else:
            name = SETTING_NAMES[field]
            self.settings.remove("Production", name)
            self.put_setting("", name, text)

    def put_setting(self, target: str, name: str, text: str) -> None:
        """Set a setting of the production itself."""
        self.settings.put(target, name, text)
        self._settings_changed = True

    def remove_setting(self, target: str, name: str) -> None:
        """Remove a setting of the production itself, if it is there."""
        self.settings.remove(target, name)
        self._settings_changed = True

    def to_dict(self) -> dict[str, Any]:
        """Return the production as it is exported."""
        body = dict(self._body)
        items = body.pop("Item", None)
        if self._settings_changed:
            body["Setting"] = self.settings.to_list()
            if not body["Setting"]:
                del body["Setting"]
        if self._items_changed or self._touched:
            items = [
                self._touched[key].to_dict() if isinstance(key, str) and key in self._touched else entry
                for key, entry in self._entries.items()
            ]
        if items:
            body["Item"] = items
        return {self._key: body}


def entries_of(value: object) -> list[Mapping[str, str]]:
    """Return the entries of a list of settings, as far as they are entries."""
    return [cast("Mapping[str, str]", entry) for entry in map(mapping_of, list_of(value)) if entry]
