"""Data from outside whose shape is not known: exports, reports, plans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast


def mapping_of(value: object) -> Mapping[str, Any]:
    """Return a dictionary as it is, and an empty one for anything else."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def list_of(value: object) -> list[object]:
    """Return the entries of a list, one value alone as a list of one, nothing for None."""
    if value is None:
        return []
    return list(cast("list[object]", value)) if isinstance(value, (list, tuple)) else [value]


def shown(value: object) -> str:
    """Return a value for an error or a warning: on one line, and not longer than 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
