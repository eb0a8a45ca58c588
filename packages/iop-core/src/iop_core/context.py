"""What a component may know about the message it is working on."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class MessageContext(NamedTuple):
    """Identity of the message in hand, the same on every backend.

    Attributes:
        message_id: Id of the message header; 0 outside of a message.
        session_id: Id of the session; 0 while none is open.
        attempt: 1 for the first delivery, more when the message is tried again.
        source: Item that sent the message; empty for an outside caller.
        time_created: When the message was stored (UTC); None outside of a message.
        super_session: Id that the session shares with sessions of other productions; empty when none.
    """

    message_id: int = 0
    session_id: int = 0
    attempt: int = 1
    source: str = ""
    time_created: datetime | None = None
    super_session: str = ""


NO_MESSAGE = MessageContext()
