"""How units become rows: everything that is written in one transaction.

Part of the hot path: what goes into one table goes there with one statement per commit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from iop_core.headers import Body, MessageStatus, MessageType
from iop_core.store_units import SYNC_CALL_PREFIX, HeaderChange, NewMessage
from iop_engine import crash_points
from iop_engine.sqlite import audit_chain
from iop_engine.sqlite.body_rows import BodyRows
from iop_engine.sqlite.class_numbers import ClassNumbers
from iop_engine.sqlite.conditions import CLOCK_SET_BACK, SLACK_MICROSECONDS
from iop_engine.sqlite.job import Job
from iop_engine.sqlite.many_rows import ManyRows
from iop_engine.sqlite.removal import remove_messages
from iop_engine.sqlite.replies import Slots
from iop_engine.sqlite.rows import body_row, io_row, process_row, storable, to_microseconds, with_id
from iop_engine.sqlite.schema import translate
from iop_engine.sqlite.typed_tables import TypedTables


def _marks(count: int) -> str:
    return ", ".join("?" * count)


_INSERT_SEARCH = "INSERT OR IGNORE INTO search (body_id, name, value) VALUES (?, ?, ?)"
_SETTLE = (
    "UPDATE headers SET status = ?, is_error = ?, error = ?, processed = ?, attempts = ?, "
    "corresponding_id = coalesce(?, corresponding_id) WHERE id = ?"
)
_LINK = "UPDATE headers SET corresponding_id = ? WHERE id = ?"
# What waits, and what is set aside or will be answered later; each with the index that it needs.
_MOVE = (
    "UPDATE headers SET queue = ? WHERE queue = ? AND status <= 3 AND +target = ?",
    "UPDATE headers SET queue = ? WHERE status IN (4, 5, 6, 7, 8) AND +status IN (5, 6) AND +queue = ? AND +target = ?",
)
_CHANGE = (
    "UPDATE headers SET status = coalesce(:status, status), attempts = coalesce(:attempts, attempts), "
    "is_error = coalesce(:is_error, is_error), error = coalesce(:error, error), "
    "description = coalesce(:description, description), queue = coalesce(:queue, queue), "
    "body_id = coalesce(:body_id, body_id), class_id = coalesce(:class_id, class_id), "
    "processed = CASE WHEN :begins_anew THEN NULL ELSE coalesce(:processed, processed) END WHERE id = :id"
)
_INSERT_LOG = f"INSERT INTO log VALUES ({_marks(8)})"  # noqa: S608
_INSERT_IO = f"INSERT INTO io_log VALUES (NULL, {_marks(15)})"  # noqa: S608


def _without_changes_between(jobs: Sequence[Job]) -> Iterator[Sequence[Job]]:
    """Split jobs after each one that changes stored headers, which must count just then."""
    start = 0
    for position, job in enumerate(jobs, 1):
        if job.unit.changes:
            yield jobs[start:position]
            start = position
    if start < len(jobs):
        yield jobs[start:]


def _answers_in(jobs: Sequence[Job]) -> dict[int, int]:
    """Return request to answer."""
    return {
        message.corresponding_id: message.message_id
        for job in jobs
        for message in job.unit.new
        if message.type is MessageType.RESPONSE and message.corresponding_id
    }


def _latest_of(connection: sqlite3.Connection, path: Path) -> int:
    """Return when the latest message was stored.

    Raises:
        StoreError: The file is damaged; the connection is closed then.
    """
    try:
        latest: int = connection.execute("SELECT coalesce(max(created), 0) FROM headers").fetchone()[0]
    except sqlite3.Error as exc:
        connection.close()
        raise translate(exc, path) from exc
    return latest


class UnitTables:
    """Writes the units of one transaction into the tables; used by the writer's thread alone.

    Args:
        connection: The writing connection.
        path: The file, for error texts.
        body_id: Highest id of a body in use.
        log_id: Highest id of a log entry in use.
        slots: Where synchronous callers wait.

    Raises:
        StoreError: The file is damaged; the connection is closed then.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, body_id: int, log_id: int, slots: Slots) -> None:
        self._connection = connection
        self._typed_tables = TypedTables(connection)
        self._class_numbers = ClassNumbers(connection)
        self._bodies = BodyRows(connection)
        self._headers = ManyRows(connection, "INSERT INTO headers", columns=26)
        self._process_rows = ManyRows(connection, "INSERT OR REPLACE INTO processes", columns=14)
        self._body_id, self._log_id = body_id, log_id
        self._latest = _latest_of(connection, path)
        self._slots = slots
        # Item to the queue that its messages were moved to.
        self._moved: dict[str, str] = {}

    def move_messages(self, target: str, old_queue: str, queue: str) -> int:
        """Have the messages of an item wait in another queue, now and later; a transaction is open."""
        moved = [self._connection.execute(sql, (queue, old_queue, target)).rowcount for sql in _MOVE]
        self._moved[target] = queue
        return sum(moved)

    def write(self, jobs: Sequence[Job]) -> None:
        """Write all units; a transaction is open."""
        if self._moved:
            self._redirect(jobs)
        for group in _without_changes_between(jobs):
            answers = _answers_in(group)
            # Ends of handling first: they free what a full disk or a long queue holds.
            self._write_settled(group, answers)
            self._write_new(group)
            if answers:
                self._connection.executemany(_LINK, [(answer, request) for request, answer in answers.items()])
            self._write_changes(group)
        self._write_processes(jobs)
        self._write_removed(jobs)
        self._write_log(jobs)
        self._write_notes(jobs)
        self._write_audit(jobs)
        self._write_io(jobs)
        crash_points.reach("commit.written")

    def forget(self) -> None:
        """Look at tables and classes anew: the transaction was undone."""
        self._typed_tables.forget()
        self._class_numbers.forget()

    def _write_settled(self, jobs: Sequence[Job], answers: dict[int, int]) -> None:
        """Write the ends of messages, those of requests with the answers, which are taken out of ``answers``."""
        # "_value_" and not "int()", 0 and not False: SQLite's binding is slow with anything but plain numbers.
        rows = [
            (
                end.status._value_,
                1 if end.error else 0,
                storable(end.error),
                job.moment,
                end.attempts,
                answers.pop(end.message_id, None),
                end.message_id,
            )
            for job in jobs
            for end in job.unit.settled
        ]
        if rows:
            self._connection.executemany(_SETTLE, rows)

    def _write_new(self, jobs: Sequence[Job]) -> None:
        bodies: list[tuple[Any, ...]] = []
        headers: list[tuple[Any, ...]] = []
        found: list[tuple[int, str, str]] = []
        for job in jobs:
            created = job.moment
            self._watch_clock(created)
            for message in job.unit.new:
                body_id = message.shared_body_id
                if body_id and not self._has_body(body_id):  # a purge was faster than who shares it
                    body_id = 0
                if message.body.class_name and not body_id:
                    search = message.body.search
                    message.body, row = self._new_body(message.body)
                    body_id = message.body.body_id
                    if search:
                        found += [(body_id, name, storable(value)) for name, value in search]
                    bodies.append(row)
                headers.append(self._header_row(message, body_id, created))
        if bodies:
            self._bodies.insert(bodies)
        if headers:
            self._headers.insert(headers)
        if found:
            self._connection.executemany(_INSERT_SEARCH, found)

    def _redirect(self, jobs: Sequence[Job]) -> None:
        """Have new messages for items that were moved wait where those are now."""
        for job in jobs:
            for message in job.unit.new:
                queue = self._moved.get(message.target)
                if queue is not None and message.queue and not message.queue.startswith(SYNC_CALL_PREFIX):
                    message.queue = queue

    def _watch_clock(self, created: int) -> None:
        """Note when the clock of the machine was set back: from then on ids do not rise with times."""
        if created > self._latest:
            self._latest = created
        elif created < self._latest - SLACK_MICROSECONDS:
            self._latest = created
            self._connection.execute("INSERT OR IGNORE INTO notes VALUES (?, ?)", (CLOCK_SET_BACK, str(created)))

    def _header_row(self, message: NewMessage, body_id: int, created: int) -> tuple[Any, ...]:
        # One that was answered in its caller's job has ended before it is stored.
        status, processed = message.status, created if message.status is MessageStatus.COMPLETED else None
        if message.queue.startswith(SYNC_CALL_PREFIX) and status is MessageStatus.QUEUED:
            status = self._slots.claim(message.queue, message.message_id, message.corresponding_id)
            processed = created
        return (
            message.message_id,
            message.session_id,
            message.type._value_,
            status._value_,
            message.priority._value_,
            message.invocation._value_,
            message.source,
            message.target,
            message.source_type._value_,
            message.target_type._value_,
            message.queue,
            message.return_queue,
            message.corresponding_id,
            message.process_id,
            body_id,
            1 if message.is_error else 0,
            message.error,
            message.description,
            message.completion_key,
            created,
            processed,
            0,
            message.resent,
            message.super_session,
            message.order_key,
            self._class_numbers.number(message.body.class_name),
        )

    def _has_body(self, body_id: int) -> bool:
        return self._connection.execute("SELECT 1 FROM bodies WHERE id = ?", (body_id,)).fetchone() is not None

    def _new_body(self, body: Body) -> tuple[Body, tuple[Any, ...]]:
        """Return a body with its id, and its row."""
        self._body_id += 1
        numbered = with_id(body, self._body_id)
        return numbered, body_row(self._body_id, self._typed_tables.keep(numbered))

    def _write_changes(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            for change in job.unit.changes:
                self._connection.execute(_CHANGE, self._change_row(change, job.moment))

    def _change_row(self, change: HeaderChange, now: int) -> dict[str, object]:
        body_id = class_id = None
        if change.body is not None:
            body, row = self._new_body(change.body)
            body_id = body.body_id
            class_id = self._class_numbers.number(change.body.class_name)
            self._bodies.insert([row])
            found = [(body_id, name, storable(value)) for name, value in change.body.search]
            self._connection.executemany(_INSERT_SEARCH, found)
        status = change.status
        if status is MessageStatus.QUEUED and (change.queue or "").startswith(SYNC_CALL_PREFIX):
            status = self._claim(change)
        processed = None if change.time_processed is None else to_microseconds(change.time_processed)
        if processed is None and status is not None and status > MessageStatus.DELIVERED:
            processed = now
        return {
            "id": change.message_id,
            "status": None if status is None else int(status),
            "attempts": change.attempts,
            "is_error": None if change.error is None else bool(change.error),
            "error": None if change.error is None else storable(change.error),
            "description": None if change.description is None else storable(change.description),
            "queue": change.queue,
            "body_id": body_id,
            "class_id": class_id,
            "processed": processed,
            "begins_anew": change.begins_anew,
        }

    def _claim(self, change: HeaderChange) -> MessageStatus:
        """Reserve the place of an answer that was put off."""
        found = self._connection.execute("SELECT corresponding_id FROM headers WHERE id = ?", (change.message_id,))
        (request_id,) = found.fetchone() or (0,)
        return self._slots.claim(change.queue or "", change.message_id, request_id)

    def _write_removed(self, jobs: Sequence[Job]) -> None:
        ids = [message_id for job in jobs for message_id in job.unit.removed]
        if ids:
            remove_messages(self._connection, ids)

    def _write_audit(self, jobs: Sequence[Job]) -> None:
        entries = [entry for job in jobs for entry in job.unit.audit]
        if entries:
            audit_chain.append(self._connection, entries)

    def _write_io(self, jobs: Sequence[Job]) -> None:
        rows = [io_row(entry) for job in jobs for entry in job.unit.io]
        if rows:
            self._connection.executemany(_INSERT_IO, rows)

    def _write_processes(self, jobs: Sequence[Job]) -> None:
        rows = [process_row(record) for job in jobs if (record := job.unit.process) is not None]
        if rows:
            self._process_rows.insert(rows)

    def _write_log(self, jobs: Sequence[Job]) -> None:
        rows: list[tuple[Any, ...]] = []
        for job in jobs:
            for entry in job.unit.log:
                self._log_id += 1
                rows.append(
                    (
                        self._log_id,
                        int(entry.type),
                        storable(entry.item),
                        entry.session_id,
                        entry.message_id,
                        storable(entry.method),
                        storable(entry.text),
                        to_microseconds(entry.time_logged),
                    )
                )
        if rows:
            self._connection.executemany(_INSERT_LOG, rows)

    def _write_notes(self, jobs: Sequence[Job]) -> None:
        rows = [(name, storable(text)) for job in jobs for name, text in job.unit.notes.items()]
        if rows:
            self._connection.executemany("INSERT OR REPLACE INTO notes VALUES (?, ?)", rows)
