"""Which settings hold secrets, and how their values are shown."""

from __future__ import annotations

import re
from typing import cast

MASK = "***"

_SECRET_NAME = re.compile(r"passw|passphrase|secret|token|api_?key|private_?key", re.IGNORECASE)


def is_secret_setting(name: str) -> bool:
    """Return whether a setting holds a secret, by its name.

    Example:
        >>> is_secret_setting("SSLKeyPassword"), is_secret_setting("Credentials")
        (True, False)
    """
    return _SECRET_NAME.search(name) is not None


def masked(value: object, name: str = "") -> object:
    """Return a value of a plan with all secrets in it replaced by ``***``.

    Args:
        value: Value of a setting; or the signature of an item, or a list of settings, which
            hold such values.
        name: Name of the setting; empty when the value is not of a single one.

    Example:
        >>> masked({"host_settings": {"Password": "x", "Limit": "5"}})
        {'host_settings': {'Password': '***', 'Limit': '5'}}
    """
    if isinstance(value, dict):
        said = cast("dict[str, object]", value)
        if "@Name" in said and is_secret_setting(str(said["@Name"])):
            return {**said, "#text": MASK}
        return {key: masked(held, key) for key, held in said.items()}
    if isinstance(value, list):
        return [masked(entry) for entry in cast("list[object]", value)]
    return MASK if isinstance(value, str) and value and is_secret_setting(name) else value
