"""A filter of the event log as the condition of a query."""

from __future__ import annotations

from iop_core.events import EventType, LogFilter
from iop_engine.sqlite.rows import to_microseconds

_SERIOUS = frozenset({EventType.ASSERT, EventType.ERROR, EventType.WARNING, EventType.ALERT})


class LogConditions:
    """The parts of a WHERE clause over ``log``, and the values for its marks.

    Args:
        criteria: The filter.
        since_id: Only entries with higher ids.
        item: Only entries of that item.
        session_id: Only entries of that session, besides what the filter says.
    """

    def __init__(self, criteria: LogFilter, *, since_id: int, item: str | None, session_id: int | None) -> None:
        self._parts = ["id > ?"]
        self.values: list[object] = [since_id]
        if item is not None:
            self._add("item = ?", item)
        for session in (session_id, criteria.session_id):
            if session is not None:
                # In the words of the partial indexes, which SQLite uses for nothing else.
                self._add("session_id > 0 AND session_id = ?" if session > 0 else "session_id = ?", session)
        if criteria.types:
            if _SERIOUS.issuperset(criteria.types):
                self._parts.append("type IN (1, 2, 3, 6)")
            self._add(f"type IN ({', '.join('?' * len(criteria.types))})", *map(int, criteria.types))
        if criteria.text:
            self._add("instr(lower(text), lower(?))", criteria.text)
        if criteria.since is not None:
            self._add("logged >= ?", to_microseconds(criteria.since))
        if criteria.until_id is not None:
            self._add("id <= ?", criteria.until_id)

    @property
    def text(self) -> str:
        """The condition."""
        return " AND ".join(self._parts)

    def _add(self, part: str, *values: object) -> None:
        self._parts.append(part)
        self.values += values
