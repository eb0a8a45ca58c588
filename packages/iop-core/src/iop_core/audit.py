"""What operators did: who, when, what, to which messages or items, and why.

The entries are a chain: the hash of each is made of its content and of the hash before it. So
an entry that somebody changed, or took out, is found, unless he also makes the chain anew from
there; a checkpoint (number and hash of an entry, kept elsewhere) shows that, too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from types import MappingProxyType

NO_CHECKPOINTS: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One deed of an operator.

    Attributes:
        entry_id: Rising number without gaps; 0 before it is stored.
        action: What was done, such as ``resend``.
        actor: Who did it.
        reason: Why, in the words of the actor.
        selection: What it was done to: a filter, ids or names, as JSON.
        counts: What came of it: names to numbers, as JSON.
        time_done: When (UTC).
        hash: SHA-256 of the entry and of the hash before it, in hexadecimal; empty before it is stored.
    """

    entry_id: int
    action: str
    actor: str
    reason: str
    selection: str
    counts: str
    time_done: datetime
    hash: str = ""

    def hash_after(self, previous: str) -> str:
        """Return the hash that the entry has after another.

        Args:
            previous: The hash of the entry before it; empty for the first.
        """
        when = self.time_done.astimezone(timezone.utc).isoformat(timespec="microseconds")
        texts = (self.action, self.actor, self.reason, self.selection, self.counts, when)
        return hashlib.sha256(json.dumps([previous, self.entry_id, *texts]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """Whether the audit is as it was written.

    Attributes:
        entries: How many entries were looked at, up to the first that is wrong.
        last_id: The newest of them; 0 when there is none.
        last_hash: Its hash: together a checkpoint to be kept elsewhere.
        purged_up_to: Entries up to this one were removed by a purge; 0 for none.
        broken_id: The first entry that is wrong or missing; 0 when all is well.
        reason: What is wrong with it; empty when all is well.
    """

    entries: int
    last_id: int
    last_hash: str
    purged_up_to: int = 0
    broken_id: int = 0
    reason: str = ""

    @property
    def is_sound(self) -> bool:
        """True when nothing is wrong."""
        return not self.broken_id
