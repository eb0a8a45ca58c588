"""The instances of business processes, as an operator sees them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ProcessInstanceStatus:
    """One instance of a business process at one moment.

    Attributes:
        process_id: Its id, which is that of its primary request: the message that it was made for.
        item: The process item.
        session_id: Session of the primary request.
        is_completed: True when nothing more will happen.
        has_replied: True when the caller has its answer, or nobody wants one any more.
        pending: Answers that it still waits for.
        error: Why it ended early, in one line; empty when fine.
        time_created: When its first event began (UTC).
        time_completed: When its last event ended (UTC); None before.
    """

    process_id: int
    item: str
    session_id: int
    is_completed: bool
    has_replied: bool
    pending: int
    error: str
    time_created: datetime
    time_completed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessFilter:
    """Which instances to read; a field that is None does not restrict.

    Attributes:
        item: Of that process item.
        session_id: Of that session.
        is_completed: Only those that have ended, or only the others.
        since_id: Only those with higher ids.
        limit: Only the newest that many.
    """

    item: str | None = None
    session_id: int | None = None
    is_completed: bool | None = None
    since_id: int = 0
    limit: int | None = None


EVERY_PROCESS = ProcessFilter()
