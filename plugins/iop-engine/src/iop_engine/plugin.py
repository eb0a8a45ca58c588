"""What iop-engine offers: the backend ``local``, the store ``sqlite`` and a command to verify them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_core.hookspecs import hookimpl

if TYPE_CHECKING:
    from iop_core.backends import Backend
    from iop_core.checkups import Checkup
    from iop_core.commands import CommandEntry
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


@hookimpl
def iop_commands() -> list[CommandEntry]:
    """Offer ``iop verify-durability``."""
    from iop_core.commands import CommandEntry

    location = "iop_engine.verification.command:verify_durability"
    return [
        CommandEntry("verify-durability", "Kill productions on this disk and check that nothing is lost.", location)
    ]


@hookimpl
def iop_checkups() -> list[Checkup]:
    """Offer what ``iop doctor`` looks at in a data directory."""
    from iop_core.checkups import Checkup
    from iop_engine.data_checkup import check_data

    return [Checkup("local-data", check_data)]
