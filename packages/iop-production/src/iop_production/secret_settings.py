"""Which settings hold secrets, and how their values are shown."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import cast
from weakref import WeakKeyDictionary

from iop_core.secret_references import MASK, is_reference, sounds_secret
from iop_production.setting_types import known_settings

_DECLARED: WeakKeyDictionary[type, frozenset[str]] = WeakKeyDictionary()


def declared_secrets(classes: Iterable[type | None]) -> frozenset[str]:
    """Return the names of the settings that classes declare as secret with ``controls.secret()``.

    Those that sound secret are left out: they are found by their names everywhere.
    """
    names: frozenset[str] = frozenset()
    for cls in classes:
        if cls is not None:
            found = _DECLARED.get(cls)
            if found is None:
                infos = (known_settings(cls) or {}).values()
                found = frozenset(info.name for info in infos if info.is_secret and not sounds_secret(info.name))
                _DECLARED[cls] = found
            names |= found
    return names


def masked(value: object, name: str = "", *, secrets: Collection[str] = ()) -> object:
    """Return a value of a plan with all secrets in it replaced by ``***``.

    A reference such as ``env:PASSWORD`` is no secret.

    Args:
        value: Value of a setting; or the signature of an item, or a list of settings, which
            hold such values.
        name: Name of the setting; empty when the value is not of a single one.
        secrets: Names of settings that are secret besides those that sound so.

    Example:
        >>> masked({"host_settings": {"Password": "x", "Pin": "4711", "Limit": "5"}}, secrets={"Pin"})
        {'host_settings': {'Password': '***', 'Pin': '***', 'Limit': '5'}}
    """
    if isinstance(value, dict):
        said = cast("dict[str, object]", value)
        if "@Name" in said:
            return {**said, "#text": masked(said.get("#text", ""), str(said["@Name"]), secrets=secrets)}
        return {key: masked(held, key, secrets=secrets) for key, held in said.items()}
    if isinstance(value, list):
        return [masked(entry, secrets=secrets) for entry in cast("list[object]", value)]
    is_hidden = isinstance(value, str) and value and (name in secrets or sounds_secret(name))
    return MASK if is_hidden and not is_reference(value) else value
