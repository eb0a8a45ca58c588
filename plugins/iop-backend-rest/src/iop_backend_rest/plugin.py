"""What iop-backend-rest offers: the backends ``http`` and ``https``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_core.hookspecs import hookimpl

if TYPE_CHECKING:
    from iop_core.backends import Backend


@hookimpl
def iop_backends() -> list[type[Backend]]:
    """Offer the backends ``http`` and ``https``."""
    from iop_backend_rest.backend import HttpBackend, HttpsBackend

    return [HttpBackend, HttpsBackend]
