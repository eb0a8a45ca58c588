"""The settings in one place of an exported production, by target and name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from iop_production.loose_data import list_of, mapping_of
from iop_production.texts import text_of


class SettingEntries:
    """Settings of an item, or of the production itself, in the order in which they are written.

    Args:
        value: ``Setting`` of an export: a list of entries, one alone, or None. Of entries with
            the same target and name the last one counts.
        default_target: What an entry without a target belongs to.
    """

    def __init__(self, value: object, *, default_target: str) -> None:
        self._default_target = default_target
        self._entries: dict[tuple[str, str], dict[str, Any]] = {}
        for entry in map(mapping_of, list_of(value)):
            if entry:
                self._entries[self._key(text_of(entry.get("@Target")), text_of(entry.get("@Name")))] = dict(entry)

    def __iter__(self) -> Iterator[tuple[str, str, str]]:
        """Yield target, name and text of each setting."""
        return ((target, name, text_of(entry.get("#text"))) for (target, name), entry in self._entries.items())

    def find(self, target: str, name: str) -> str | None:
        """Return the text of a setting, None when there is no such setting."""
        entry = self._entries.get(self._key(target, name))
        return None if entry is None else text_of(entry.get("#text"))

    def put(self, target: str, name: str, text: str) -> None:
        """Set a setting where it stands, or add it at the end."""
        known = self._entries.get(self._key(target, name))
        if known is not None:
            known["#text"] = text
            return
        said = {"@Target": target} if target != self._default_target or self._default_target else {}
        self._entries[self._key(target, name)] = {**said, "@Name": name, "#text": text}

    def remove(self, target: str, name: str) -> None:
        """Remove a setting, if it is there."""
        self._entries.pop(self._key(target, name), None)

    def replace_others(self, kept_targets: tuple[str, ...], entries: list[Mapping[str, str]]) -> None:
        """Put entries in place of all settings whose target is none of the kept ones."""
        self._entries = {key: entry for key, entry in self._entries.items() if key[0] in kept_targets}
        for entry in entries:
            self.put(text_of(entry.get("@Target")), text_of(entry.get("@Name")), text_of(entry.get("#text")))

    def to_list(self) -> list[dict[str, Any]]:
        """Return the entries as an export has them."""
        return list(self._entries.values())

    def _key(self, target: str, name: str) -> tuple[str, str]:
        return target or self._default_target, name
