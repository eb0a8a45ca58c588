"""What an operator did, as it is stored: a row of the audit and an entry of the event log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from iop_core.actors import current_user
from iop_core.audit import AuditEntry
from iop_core.events import EventType, LogEntry
from iop_core.store_units import Unit


def recorded_deed(
    action: str,
    text: str,
    proof: tuple[Mapping[str, object], Mapping[str, object]],
    now: datetime,
    *,
    actor: str = "",
    reason: str = "",
    item: str = "",
) -> Unit:
    """Return what has to be stored of a deed.

    Args:
        action: What was done, in a word or two.
        text: What was done, for people.
        proof: What it was done to, and what came of it; both become JSON.
        now: When.
        actor: By whom; empty: the user of this process.
        reason: Why.
        item: The item that it is about; empty: none, or several.
    """
    actor = actor or current_user()
    selection, counts = (json.dumps(part, ensure_ascii=False) for part in proof)
    words = f"{text} by {actor}" + (f": {reason}" if reason else "")
    return Unit(
        log=[LogEntry(0, EventType.INFO, item, 0, 0, action, words, now)],
        audit=[AuditEntry(0, action, actor, reason, selection, counts, now)],
    )
