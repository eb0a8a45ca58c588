"""What operators did: who, when, what, to which messages, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One deed of an operator.

    Attributes:
        entry_id: Rising number; 0 before it is stored.
        action: What was done, such as ``resend``.
        actor: Who did it.
        reason: Why, in the words of the actor.
        selection: What it was done to: a filter or ids, as JSON.
        counts: What came of it: names to numbers, as JSON.
        time_done: When (UTC).
    """

    entry_id: int
    action: str
    actor: str
    reason: str
    selection: str
    counts: str
    time_done: datetime
