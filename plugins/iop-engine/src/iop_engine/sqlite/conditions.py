"""A message filter as the condition of a query that an index answers.

Each filter but those that fit most messages anyway (the type, Completed, without an error) has an
index; a test looks at the plans of SQLite. Times are looked up as ids, which rise with them.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from iop_core.events import MessageFilter
from iop_core.headers import MessageStatus
from iop_core.searchable import search_text
from iop_engine.sqlite.rows import storable, to_microseconds

# How far the times of neighbouring messages may be out of order; after a larger step of the
# clock of the machine, of which the writer makes a note, times are compared one by one.
SLACK_MICROSECONDS = 60_000_000
CLOCK_SET_BACK = "clock_set_back"

_MOST = 2**63 - 1

_COLUMN_OF = {
    "message_id": "h.id",
    "session_id": "h.session_id",
    "type": "h.type",
    "source": "h.source",
    "target": "h.target",
}

_FIRST_AT = "SELECT id FROM headers WHERE created >= ? ORDER BY created, id LIMIT 1"
_LAST_BEFORE = "SELECT id FROM headers WHERE created < ? ORDER BY created DESC, id DESC LIMIT 1"


class Conditions:
    """The parts of a WHERE clause over ``headers h``, and the values for its marks.

    Only fixed texts go into the SQL.

    Args:
        criteria: The filter.
        connection: Where classes and times are looked up.
    """

    def __init__(self, criteria: MessageFilter, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._parts: list[str] = ["1"]
        self._values: list[object] = []
        for name, column in _COLUMN_OF.items():
            value = getattr(criteria, name)
            if value is not None:
                self.add(f"{column} = ?", value if isinstance(value, str) else int(value))
        self._add_status(criteria.status)
        self._add_error(criteria)
        self._add_class(criteria.body_class)
        self._add_times(criteria)
        for name, value in (criteria.fields or {}).items():
            found = search_text(value)
            self.add("h.body_id IN (SELECT body_id FROM search WHERE name = ? AND value = ?)", name, found)
        if criteria.after_id is not None:
            self.add("h.id > ?", criteria.after_id)

    @property
    def text(self) -> str:
        """The condition."""
        return " AND ".join(self._parts)

    @property
    def values(self) -> list[object]:
        """A value for each mark."""
        return list(self._values)

    def add(self, part: str, *values: object) -> None:
        """Demand one more thing."""
        self._parts.append(part)
        self._values += [bindable(value) for value in values]

    def _add_status(self, status: MessageStatus | None) -> None:
        if status is None:
            return
        # In the words of the partial indexes, which SQLite uses for nothing else.
        if status <= MessageStatus.DELIVERED:
            self.add("h.status <= 3")
        elif status < MessageStatus.COMPLETED:
            self.add("h.status IN (4, 5, 6, 7, 8)")
        self.add("h.status = ?", int(status))

    def _add_error(self, criteria: MessageFilter) -> None:
        if criteria.is_error is not None:
            self.add("h.is_error = 1" if criteria.is_error else "h.is_error = 0")
        if criteria.error_text is not None:
            self.add("h.is_error = 1")
            self.add("instr(lower(h.error), lower(?))", criteria.error_text)

    def _add_class(self, name: str | None) -> None:
        if name is None:
            return
        sql, values = "SELECT id FROM classes WHERE name = ?", [storable(name)]
        if "." not in name:
            sql += " OR substr(name, -length(?)) = ?"
            values += [f".{storable(name)}"] * 2
        numbers = [int(row[0]) for row in self._connection.execute(sql, values)]
        self.add(f"h.class_id IN ({', '.join('?' * len(numbers))})", *numbers)

    def _add_times(self, criteria: MessageFilter) -> None:
        since, until = criteria.since, criteria.until
        if since is None and until is None:
            return
        if since is not None:
            self.add("+h.created >= ?", to_microseconds(since))
        if until is not None:
            self.add("+h.created < ?", to_microseconds(until))
        if self._number("SELECT 1 FROM notes WHERE name = ?", CLOCK_SET_BACK) is not None:
            return
        if since is not None:
            first = self._number(_FIRST_AT, to_microseconds(since) - SLACK_MICROSECONDS)
            self.add("h.id >= ?", _MOST if first is None else first)
        if until is not None:
            last = self._number(_LAST_BEFORE, to_microseconds(until) + SLACK_MICROSECONDS)
            self.add("h.id <= ?", -1 if last is None else last)

    def _number(self, sql: str, value: object) -> int | None:
        row: tuple[Any, ...] | None = self._connection.execute(sql, (bindable(value),)).fetchone()
        return None if row is None else int(row[0])


def bindable(value: object) -> object:
    """Return what SQLite can compare with: numbers and texts beyond its reach match nothing all the same."""
    if isinstance(value, int):
        return max(-_MOST, min(value, _MOST))
    return storable(value) if isinstance(value, str) else value
