"""The request by which a production tells people that something needs them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from iop_core.messages import Message

ALERT_ITEM = "Ens.Alert"
"""Alerts are sent to the item of this name, when a production has one, as in IRIS."""


@dataclass
class AlertRequest(Message, serializer="json", searchable=("source", "cause")):
    """Tells of something that needs a person; sent to the item ``Ens.Alert``.

    It stands for ``Ens.AlertRequest`` on IRIS.

    Attributes:
        source: Item that the alert is about.
        text: What happened, in one line.
        time: When (UTC).
        cause: ``error``, ``suspended``, ``queue count``, ``queue wait``, ``inactivity``, ``dead job`` or
            ``component`` (it called ``log_alert``).
        session_id: Session of the message concerned; 0 for none.
        message_id: The message concerned; 0 for none.
        production: Name of the production.
    """

    source: str
    text: str
    time: datetime
    cause: str = "error"
    session_id: int = 0
    message_id: int = 0
    production: str = ""
