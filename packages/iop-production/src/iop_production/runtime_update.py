"""What a running production did to become what is deployed, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast

from iop_core.item_control import UpdateResult
from iop_production.loose_data import list_of, mapping_of
from iop_production.texts import text_of

_ITEMS = ("added", "removed", "restarted")
_REPORTS = ("failed", "left_queued")


def update_of(done: object) -> dict[str, Any] | None:
    """Return what the answer of a director says, None when it says nothing."""
    return asdict(done) if isinstance(done, UpdateResult) else None


def read_update(said: object) -> dict[str, Any] | None:
    """Return what ``plain_update`` gave."""
    if not isinstance(said, Mapping):
        return None
    update = mapping_of(cast("object", said))
    names = {key: tuple(map(text_of, list_of(update.get(key)))) for key in _ITEMS}
    return {**names, **{key: dict(mapping_of(update.get(key))) for key in _REPORTS}}


def plain_update(update: Mapping[str, Any]) -> dict[str, Any]:
    """Return it as it stands in JSON."""
    return {key: list(update[key]) if key in _ITEMS else dict(update[key]) for key in (*_ITEMS, *_REPORTS)}


def update_text(update: Mapping[str, Any]) -> str:
    """Return it in one line.

    Example:
        >>> update_text({"added": ("Out",), "left_queued": {"Old": 3}})
        'added Out; 3 messages still wait for Old'
    """
    return UpdateResult(**update).to_text()
