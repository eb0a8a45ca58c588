"""What iop-serializer-pickle offers: the serializer ``pickle``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_core.hookspecs import hookimpl

if TYPE_CHECKING:
    from iop_core.serializers import Serializer


@hookimpl
def iop_serializers() -> list[type[Serializer]]:
    """Offer the serializer ``pickle``."""
    from iop_serializer_pickle.pickle_serializer import PickleSerializer

    return [PickleSerializer]
