"""Reading the history: headers, bodies, processes, queues and log."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Iterator
from dataclasses import replace

from iop_core.events import LogEntry, MessageFilter, QueueStatus, StoredMessage
from iop_core.headers import EMPTY_BODY, Body, MessageHeader, MessagePriority
from iop_core.stores import Delivery, ProcessRecord, StoreReader
from iop_engine.sqlite.directory import DataDirectory
from iop_engine.sqlite.rows import (
    DELIVERY_COLUMNS,
    HEADER_COLUMNS,
    JOIN_BODIES,
    Row,
    delivery_from_row,
    header_from_row,
    log_entry_from_row,
    to_datetime,
    to_microseconds,
)
from iop_engine.sqlite.schema import open_for_reading, translate

PAGE = 500

_COLUMN_OF = {
    "message_id": "h.id",
    "session_id": "h.session_id",
    "type": "h.type",
    "status": "h.status",
    "source": "h.source",
    "target": "h.target",
    "is_error": "h.is_error",
}


class SqliteReader(StoreReader):
    """Reads one database file over a connection of its own; usable from any thread.

    Args:
        directory: The data directory.

    Raises:
        StoreError: It cannot be opened.
    """

    def __init__(self, directory: DataDirectory) -> None:
        self._directory = directory
        self._path = directory.database
        self._lock = threading.Lock()
        self._connection = open_for_reading(self._path)
        self._close = weakref.finalize(self, self._connection.close)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._close()

    def notes(self) -> dict[str, str]:
        """Return what engines noted about themselves: name to text."""
        return {row[0]: row[1] for row in self._rows("SELECT name, value FROM notes")}

    def is_in_use(self) -> bool:
        """Return whether a running engine owns the directory."""
        return self._directory.is_locked()

    def highest_ids(self) -> tuple[int, int, int]:
        """Return the highest ids of headers, bodies and log entries in use."""
        sql = "SELECT (SELECT max(id) FROM headers), (SELECT max(id) FROM bodies), (SELECT max(id) FROM log)"
        (row,) = self._rows(sql)
        return row[0] or 0, row[1] or 0, row[2] or 0

    def messages(self, criteria: MessageFilter) -> Iterator[MessageHeader]:
        """Return the matching headers, reading a page at a time."""
        remaining = criteria.limit
        before: int | None = None
        while remaining is None or remaining > 0:
            size = PAGE if remaining is None else min(PAGE, remaining)
            where, values = _conditions(criteria)
            if before is not None:
                where += " AND h.id < ?"
                values.append(before)
            order = "DESC" if criteria.newest_first else "ASC"
            sql = f"SELECT {HEADER_COLUMNS} FROM {JOIN_BODIES} WHERE {where} ORDER BY h.id {order} LIMIT ?"  # noqa: S608
            page = [header_from_row(row) for row in self._rows(sql, (*values, size))]
            yield from page
            if len(page) < size:
                return
            remaining = None if remaining is None else remaining - len(page)
            if criteria.newest_first:
                before = page[-1].message_id
            else:
                criteria = replace(criteria, after_id=page[-1].message_id)

    def count_messages(self, criteria: MessageFilter) -> int:
        """Return how many headers match."""
        where, values = _conditions(criteria)
        source = JOIN_BODIES if criteria.body_class else "headers h"
        (row,) = self._rows(f"SELECT count(*) FROM {source} WHERE {where}", values)  # noqa: S608
        return int(row[0])

    def message(self, message_id: int) -> StoredMessage | None:
        """Return one message with its body, or None."""
        sql = f"SELECT {HEADER_COLUMNS}, b.serializer, b.payload FROM {JOIN_BODIES} WHERE h.id = ?"  # noqa: S608
        rows = self._rows(sql, (message_id,))
        if not rows:
            return None
        row = rows[0]
        body = Body(row[15], row[-2], row[-1]) if row[15] else EMPTY_BODY
        return StoredMessage(header_from_row(row), body)

    def queues(self) -> list[QueueStatus]:
        """Return every queue that holds unfinished messages."""
        sql = "SELECT queue, count(*), min(created) FROM headers WHERE status <= 3 GROUP BY queue ORDER BY queue"
        return [QueueStatus(row[0], row[1], to_datetime(row[2])) for row in self._rows(sql)]

    def urgent(self) -> list[Delivery]:
        """Return unfinished messages of a higher priority than asynchronous ones, in order."""
        sql = (
            f"SELECT {DELIVERY_COLUMNS} FROM {JOIN_BODIES} WHERE h.status <= 3 AND h.priority < ? "  # noqa: S608
            "ORDER BY h.priority, h.id"
        )
        return [delivery_from_row(row) for row in self._rows(sql, (int(MessagePriority.ASYNC),))]

    def refill(self, queue: str, above: int, most: int, most_bytes: int) -> tuple[list[Delivery], bool]:
        """Return the next unfinished asynchronous messages of a queue, and whether there are more."""
        sql = (
            f"SELECT {DELIVERY_COLUMNS} FROM {JOIN_BODIES} WHERE h.queue = ? AND h.status <= 3 AND h.priority = ? "  # noqa: S608
            "AND h.id > ? ORDER BY h.id LIMIT ?"
        )
        found: list[Delivery] = []
        size = 0
        with self._lock:
            try:
                for row in self._connection.execute(sql, (queue, int(MessagePriority.ASYNC), above, most)):
                    found.append(delivery_from_row(row))
                    size += len(found[-1].body.payload)
                    if size >= most_bytes:
                        return found, True
            except sqlite3.Error as exc:
                raise translate(exc, self._path) from exc
        return found, len(found) == most

    def find_process(self, process_id: int) -> ProcessRecord | None:
        """Return the state of a process instance, or None."""
        rows = self._rows("SELECT * FROM processes WHERE id = ?", (process_id,))
        if not rows:
            return None
        row = rows[0]
        return ProcessRecord(
            process_id=row[0],
            item=row[1],
            session_id=row[2],
            pending=row[3],
            is_completed=bool(row[4]),
            has_replied=bool(row[5]),
            state=row[6],
            response=Body(row[7], row[8], row[9]),
            error=row[10],
        )

    def log(
        self, *, since_id: int = 0, item: str | None = None, session_id: int | None = None, limit: int | None = None
    ) -> list[LogEntry]:
        """Return event log entries, oldest first; with ``limit`` the newest that many."""
        where = "id > ?"
        parameters: list[object] = [since_id]
        if item is not None:
            where += " AND item = ?"
            parameters.append(item)
        if session_id is not None:
            where += " AND session_id = ?"
            parameters.append(session_id)
        sql = f"SELECT * FROM log WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608
        rows = self._rows(sql, (*parameters, -1 if limit is None else limit))
        return [log_entry_from_row(row) for row in reversed(rows)]

    def _rows(self, sql: str, values: Row = ()) -> list[Row]:
        with self._lock:
            try:
                return self._connection.execute(sql, values).fetchall()
            except sqlite3.Error as exc:
                raise translate(exc, self._path) from exc


def _conditions(criteria: MessageFilter) -> tuple[str, list[object]]:
    """Return the WHERE text and its values; only fixed texts go into the SQL."""
    parts, values = ["1"], list[object]()
    for name, column in _COLUMN_OF.items():
        value = getattr(criteria, name)
        if value is not None:
            parts.append(f"{column} = ?")
            values.append(value if isinstance(value, str) else int(value))
    if criteria.body_class is not None:
        parts.append("(b.class_name = ? OR b.class_name LIKE ? ESCAPE '\\')")
        escaped = criteria.body_class.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values += [criteria.body_class, f"%.{escaped}"]
    for value, text in ((criteria.since, "h.created >= ?"), (criteria.until, "h.created < ?")):
        if value is not None:
            parts.append(text)
            values.append(to_microseconds(value))
    if criteria.after_id is not None:
        parts.append("h.id > ?")
        values.append(criteria.after_id)
    return " AND ".join(parts), values
