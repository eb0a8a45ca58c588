"""What iop-engine offers: the backend ``local`` and the store ``sqlite``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_core.hookspecs import hookimpl

if TYPE_CHECKING:
    from iop_core.backends import Backend
    from iop_core.stores import Store


@hookimpl
def iop_backends() -> list[type[Backend]]:
    """Offer the backend ``local``."""
    from iop_engine.backend import LocalBackend

    return [LocalBackend]


@hookimpl
def iop_stores() -> list[type[Store]]:
    """Offer the store ``sqlite``."""
    from iop_engine.sqlite.store import SqliteStore

    return [SqliteStore]
