"""The event that ends a process instance because an operator aborted its request."""

from __future__ import annotations

from dataclasses import dataclass

from iop_core.messages import Message
from iop_core.registry import class_name_of


@dataclass
class AbortInstance(Message, serializer="json", strict=True):
    """Ends the process instance it is sent to.

    Attributes:
        reason: Who wants that, and why.
    """

    reason: str = ""


ABORT_INSTANCE = class_name_of(AbortInstance)
