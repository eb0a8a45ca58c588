"""Reading the history: headers, bodies, processes, queues and log."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, TypeVar

from iop_core.audit import AuditCheck, AuditEntry
from iop_core.events import EVERY_ENTRY, IoEntry, LogEntry, LogFilter, MessageFilter, QueueStatus, StoredMessage
from iop_core.headers import Body, MessageHeader, MessagePriority, MessageStatus, MessageType
from iop_core.process_instances import ProcessFilter, ProcessInstanceStatus
from iop_core.store_units import Delivery, ProcessRecord
from iop_core.stores import StoreReader
from iop_engine.sqlite import audit_chain
from iop_engine.sqlite.conditions import Conditions, bindable
from iop_engine.sqlite.directory import DataDirectory
from iop_engine.sqlite.log_conditions import LogConditions
from iop_engine.sqlite.removal import highest_ids
from iop_engine.sqlite.rows import (
    BODY_COLUMNS,
    DELIVERY_COLUMNS,
    HEADER_COLUMNS,
    JOIN_BODIES,
    JOIN_CLASSES,
    Row,
    audit_from_row,
    body_from_row,
    delivery_from_row,
    header_from_row,
    io_entry_from_row,
    log_entry_from_row,
    process_from_row,
    process_status_from_row,
    to_datetime,
)
from iop_engine.sqlite.schema import damaged, open_for_reading, translate
from iop_engine.sqlite.typed_tables import check_class, restored

T = TypeVar("T")

PAGE = 500


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
        return dict(self._read(_pair, "SELECT name, value FROM notes"))

    def is_in_use(self) -> bool:
        """Return whether a running engine owns the directory."""
        return self._directory.is_locked()

    def highest_ids(self) -> tuple[int, int, int]:
        """Return the highest ids that headers, bodies and log entries ever had, also when those are purged."""
        with self._reading():
            return highest_ids(self._connection)

    def backlog(self) -> dict[str, int]:
        """Return queue name to number of unfinished messages, without looking at each message."""
        return dict(self._read(_pair, "SELECT queue, count(*) FROM headers WHERE status <= 3 GROUP BY queue"))

    def messages(self, criteria: MessageFilter) -> Iterator[MessageHeader]:
        """Return the matching headers, reading a page at a time."""
        remaining = criteria.limit
        beyond: int | None = None
        while remaining is None or remaining > 0:
            size = PAGE if remaining is None else min(PAGE, remaining)
            page = self._page(criteria, beyond, size)
            yield from page
            if len(page) < size:
                return
            remaining = None if remaining is None else remaining - len(page)
            beyond = page[-1].message_id

    def _page(self, criteria: MessageFilter, beyond: int | None, size: int) -> list[MessageHeader]:
        """Return the next headers that match; fewer than asked for only at the end."""
        order = "DESC" if criteria.newest_first else "ASC"
        page: list[MessageHeader] = []
        for condition in self._conditions(criteria).pages(newest_first=criteria.newest_first, beyond=beyond):
            ids = f"SELECT h.id FROM headers h WHERE {condition.text} ORDER BY h.id {order} LIMIT ?"  # noqa: S608
            sql = (
                f"SELECT {HEADER_COLUMNS} FROM ({ids}) page CROSS JOIN {JOIN_CLASSES} WHERE h.id = page.id "  # noqa: S608
                f"ORDER BY h.id {order}"
            )
            page = self._read(header_from_row, sql, (*condition.values, size))
            if len(page) == size:
                break
        return page

    def count_messages(self, criteria: MessageFilter) -> int:
        """Return how many headers match."""
        condition = self._conditions(criteria).everything()
        return self._number(f"SELECT count(*) FROM headers h WHERE {condition.text}", condition.values)  # noqa: S608

    def message(self, message_id: int) -> StoredMessage | None:
        """Return one message with its body, or None."""
        sql = f"SELECT {HEADER_COLUMNS}, {BODY_COLUMNS} FROM {JOIN_CLASSES} WHERE h.id = ?"  # noqa: S608
        found = self._read(lambda row: StoredMessage(header_from_row(row), self._body(row)), sql, (message_id,))
        return found[0] if found else None

    def queues(self) -> list[QueueStatus]:
        """Return every queue that holds unfinished messages."""
        where = "status <= 3 AND queue <> ''"  # without those that are handled in their callers' jobs
        sql = f"SELECT queue, count(*), min(created) FROM headers WHERE {where} GROUP BY queue ORDER BY queue"  # noqa: S608
        return self._read(lambda row: QueueStatus(row[0], row[1], to_datetime(row[2])), sql)

    def queue(self, name: str, *, at_most: int) -> QueueStatus:
        """Return one queue, counted no further than a number; ``oldest`` is its first message."""
        open_ones = "FROM headers WHERE queue = ? AND status <= 3"
        count = self._number(f"SELECT count(*) FROM (SELECT 1 {open_ones} LIMIT ?)", (name, at_most))  # noqa: S608
        first = self._read(_first, f"SELECT created {open_ones} ORDER BY priority, id LIMIT 1", (name,))
        return QueueStatus(name, count, to_datetime(first[0]) if first else None)

    def urgent(self) -> list[Delivery]:
        """Return unfinished messages of a higher priority than asynchronous ones, in order."""
        sql = (
            f"SELECT {DELIVERY_COLUMNS} FROM {JOIN_BODIES} WHERE h.status <= 3 AND h.priority < ? "  # noqa: S608
            "ORDER BY h.priority, h.id"
        )
        return self._read(self._delivery, sql, (int(MessagePriority.ASYNC),))

    def refill(self, queue: str, above: int, most: int, most_bytes: int) -> tuple[list[Delivery], bool]:
        """Return the next unfinished asynchronous messages of a queue, and whether there are more."""
        sql = (
            f"SELECT {DELIVERY_COLUMNS} FROM {JOIN_BODIES} WHERE h.queue = ? AND h.status <= 3 AND h.priority = ? "  # noqa: S608
            "AND h.id > ? ORDER BY h.id LIMIT ?"
        )
        found: list[Delivery] = []
        size = 0
        with self._reading(), closing(self._connection.cursor()) as cursor:
            for row in cursor.execute(sql, (queue, int(MessagePriority.ASYNC), above, most)):
                found.append(self._delivery(row))
                size += len(found[-1].body.payload)
                if size >= most_bytes:
                    return found, True
        return found, len(found) == most

    def has_open_sync(self) -> bool:
        """Return whether a synchronous request still waits in a queue."""
        # A request of the highest priority was resent to the head of its queue, and nobody waits for it.
        resent = f"priority = {int(MessagePriority.HIGH_SYNC)} AND type = {int(MessageType.REQUEST)}"
        awaited = f"priority <= {int(MessagePriority.SYNC)} AND NOT ({resent} AND return_queue = '')"
        return bool(self._number(f"SELECT EXISTS(SELECT 1 FROM headers WHERE status <= 3 AND {awaited})"))  # noqa: S608

    def find_process(self, process_id: int) -> ProcessRecord | None:
        """Return the state of a process instance, or None."""
        found = self._read(process_from_row, "SELECT * FROM processes WHERE id = ?", (process_id,))
        return found[0] if found else None

    def log(
        self,
        *,
        since_id: int = 0,
        item: str | None = None,
        session_id: int | None = None,
        limit: int | None = None,
        criteria: LogFilter = EVERY_ENTRY,
    ) -> list[LogEntry]:
        """Return event log entries, oldest first; with ``limit`` the newest that many."""
        conditions = LogConditions(criteria, since_id=since_id, item=item, session_id=session_id)
        sql = f"SELECT * FROM log WHERE {conditions.text} ORDER BY id DESC LIMIT ?"  # noqa: S608
        found = self._read(log_entry_from_row, sql, (*conditions.values, -1 if limit is None else max(0, limit)))
        return found[::-1]

    def io_log(
        self,
        *,
        since_id: int = 0,
        item: str | None = None,
        session_id: int | None = None,
        limit: int | None = None,
    ) -> list[IoEntry]:
        """Return exchanges with the outside, oldest first; with ``limit`` the newest that many."""
        known: list[tuple[str, object]] = [] if item is None else [("item = ?", item)]
        if session_id is not None:
            known.append(("session_id > 0 AND session_id = ?", session_id))  # as its index says
        conditions = " AND ".join(["id > ?", *(text for text, _ in known)])
        sql = f"SELECT * FROM io_log WHERE {conditions} ORDER BY id DESC LIMIT ?"  # noqa: S608
        values = (since_id, *(value for _, value in known), -1 if limit is None else max(0, limit))
        return self._read(io_entry_from_row, sql, values)[::-1]

    def processes(self, criteria: ProcessFilter) -> list[ProcessInstanceStatus]:
        """Return instances of processes, oldest first; with ``limit`` the newest that many."""
        wanted = (("item", criteria.item), ("session_id", criteria.session_id), ("is_completed", criteria.is_completed))
        conditions = " AND ".join(["id > ?", *(f"{column} = ?" for column, value in wanted if value is not None)])
        values = (criteria.since_id, *(value for _, value in wanted if value is not None))
        sql = f"SELECT * FROM processes WHERE {conditions} ORDER BY id DESC LIMIT ?"  # noqa: S608
        limit = -1 if criteria.limit is None else max(0, criteria.limit)
        return self._read(process_status_from_row, sql, (*values, limit))[::-1]

    def audit(self, *, since_id: int = 0, limit: int | None = None) -> list[AuditEntry]:
        """Return what operators did, oldest first; with ``limit`` the newest that many."""
        sql = "SELECT * FROM audit WHERE id > ? ORDER BY id DESC LIMIT ?"
        return self._read(audit_from_row, sql, (since_id, -1 if limit is None else max(0, limit)))[::-1]

    def check_audit(self, checkpoints: Mapping[int, str]) -> AuditCheck:
        """Look over the chain that the deeds of operators form."""
        with self._reading():
            return audit_chain.check(self._connection, checkpoints)

    def find_delivery(self, message_id: int, *, is_open: bool = False) -> Delivery | None:
        """Return a message as it would be leased, or None; with ``is_open`` only one that has not ended."""
        last = MessageStatus.DELIVERED if is_open else MessageStatus.COMPLETED
        sql = f"SELECT {DELIVERY_COLUMNS} FROM {JOIN_BODIES} WHERE h.id = ? AND h.status <= ?"  # noqa: S608
        found = self._read(self._delivery, sql, (message_id, int(last)))
        return found[0] if found else None

    def check_class(self, class_name: str) -> None:
        """Raise StoreError when the table of a class is missing and may not be made."""
        with self._reading():
            check_class(self._connection, class_name)

    def _conditions(self, criteria: MessageFilter) -> Conditions:
        with self._reading():
            return Conditions(criteria, self._connection)

    def _delivery(self, row: Row) -> Delivery:
        return delivery_from_row(row, self._body(row))

    def _body(self, row: Row) -> Body:
        """Return the body whose columns are the last of a row."""
        body = body_from_row(row[-5:])
        return body if body.payload else restored(self._connection, body)

    def _number(self, sql: str, values: Row = ()) -> int:
        return self._read(lambda row: int(row[0]), sql, values)[0]

    def _read(self, convert: Callable[[Row], T], sql: str, values: Row = ()) -> list[T]:
        bound = [bindable(value) for value in values]
        with self._reading():
            rows = self._connection.execute(sql, bound).fetchall()
            return [convert(row) for row in rows]

    @contextmanager
    def _reading(self) -> Generator[None, None, None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as exc:
                raise translate(exc, self._path) from exc
            except (ValueError, TypeError, OverflowError, LookupError) as exc:  # no column of ours holds such a value
                raise damaged(self._path, exc) from exc


def _pair(row: Row) -> tuple[str, Any]:
    return row[0], row[1]


def _first(row: Row) -> Any:
    return row[0]
