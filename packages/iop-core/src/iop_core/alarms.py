"""The request that stands for a timer of a process instance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from iop_core.messages import Message

# Timers are asked of an item of this name that every production has, as in IRIS.
ALARM_ITEM = "Ens.Alarm"


@dataclass
class AlarmRequest(Message, serializer="json"):
    """Asks to be answered at a later moment; stored for each ``BusinessProcess.set_timer``.

    Attributes:
        duration_seconds: How long it was to take.
        due: When it is to be answered (UTC).
    """

    duration_seconds: float
    due: datetime
