"""What iop-core itself offers, through the same hooks as any plug-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_core.hookspecs import hookimpl

if TYPE_CHECKING:
    from iop_core.serializers import Serializer


@hookimpl
def iop_serializers() -> list[type[Serializer]]:
    """Offer the JSON serializer, and that of persistent messages."""
    from iop_core.json_serializer import JsonSerializer
    from iop_core.persistent.serializer import PersistentSerializer

    return [JsonSerializer, PersistentSerializer]


@hookimpl
def iop_components() -> dict[str, type]:
    """Offer the adapter that calls its service once per interval."""
    from iop_core.adapters import IntervalAdapter

    return {"Ens.InboundAdapter": IntervalAdapter}
