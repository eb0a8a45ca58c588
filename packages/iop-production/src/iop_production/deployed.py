"""Asking a director for what is deployed."""

from __future__ import annotations

from typing import Any, cast

from iop_core.errors import ConfigurationError


def export_deployed(director: Any, name: str) -> tuple[Any, object, list[str]]:
    """Return the exported production, its connections, and what could not be exported.

    A director that knows no connections is no reason to warn.

    Raises:
        ConfigurationError: There is no director, or it cannot export productions.
    """
    purpose = f"reading what is deployed as {name!r}"
    if director is None:
        raise ConfigurationError(f"{purpose} needs a director: give director= or use prod.with_director(...)")
    if not callable(getattr(director, "export_production", None)):
        raise ConfigurationError(
            f"{purpose} needs a director with export_production(), which {type(director).__name__} does not have"
        )
    data = director.export_production(name)
    ask = getattr(director, "export_production_connections", None)
    if ask is None:
        return data, None, []
    try:
        connections = ask(name)
    except AttributeError:
        return data, None, []
    except Exception as error:  # noqa: BLE001 - boundary: the import is of use without routes
        return data, None, [f"Could not export runtime connections: {' '.join(str(error).splitlines())}"]
    return data, _dict_or_list(connections), []


def _dict_or_list(value: object) -> object:
    return cast("object", value) if isinstance(value, (dict, list)) else None
