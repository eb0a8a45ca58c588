"""The one thread that writes: it gathers the commits of all threads.

The hot path of the engine: ``submit`` numbers a unit and puts it in line; the thread
takes everything that waits, writes it in one transaction, and then tells everybody.
There is no timer: a lone unit is written at once, and load forms batches by itself.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from iop_core.errors import StoreError, StoreUnwritableError
from iop_core.headers import Body, MessageStatus, MessageType
from iop_core.stores import SYNC_CALL_PREFIX, HeaderChange, NewMessage, Unit
from iop_engine import crash_points
from iop_engine.sqlite.class_numbers import ClassNumbers
from iop_engine.sqlite.conditions import CLOCK_SET_BACK, SLACK_MICROSECONDS
from iop_engine.sqlite.errands import Errand
from iop_engine.sqlite.job import Job
from iop_engine.sqlite.replies import Slots
from iop_engine.sqlite.rows import audit_row, body_row, io_row, process_row, storable, to_microseconds, with_id
from iop_engine.sqlite.schema import translate
from iop_engine.sqlite.typed_tables import TypedTables

if TYPE_CHECKING:
    from datetime import datetime

# At most so many units go into one transaction, so that nobody waits long for it.
BATCH_UNITS = 2000
# Senders wait while so many messages are waiting to be written: memory stays bounded.
BACKLOG_MESSAGES = 20_000
BACKLOG_BYTES = 64 * 1024 * 1024

# A handled message whose end cannot be stored (a full disk) is tried again this often.
RETRY_SECONDS = 1.0

_LOG = logging.getLogger("iop.engine")

_CLOSED = "the store is closed: the production was stopped"

T = TypeVar("T")


def _marks(count: int) -> str:
    return ", ".join("?" * count)


_INSERT_BODY = f"INSERT INTO bodies VALUES ({_marks(5)})"  # noqa: S608
_INSERT_HEADER = f"INSERT INTO headers VALUES ({_marks(26)})"  # noqa: S608
_INSERT_SEARCH = "INSERT OR IGNORE INTO search (body_id, name, value) VALUES (?, ?, ?)"
_SETTLE = "UPDATE headers SET status = ?, is_error = ?, error = ?, processed = ?, attempts = ? WHERE id = ?"
_LINK = "UPDATE headers SET corresponding_id = ? WHERE id = ?"
_CHANGE = (
    "UPDATE headers SET status = coalesce(:status, status), attempts = coalesce(:attempts, attempts), "
    "is_error = coalesce(:is_error, is_error), error = coalesce(:error, error), "
    "description = coalesce(:description, description), queue = coalesce(:queue, queue), "
    "body_id = coalesce(:body_id, body_id), class_id = coalesce(:class_id, class_id), "
    "processed = coalesce(:processed, processed) WHERE id = :id"
)
_SAVE_PROCESS = f"INSERT OR REPLACE INTO processes VALUES ({_marks(12)})"  # noqa: S608
_INSERT_LOG = f"INSERT INTO log VALUES ({_marks(8)})"  # noqa: S608
_INSERT_IO = f"INSERT INTO io_log VALUES (NULL, {_marks(8)})"  # noqa: S608
_INSERT_AUDIT = "INSERT INTO audit VALUES (NULL, ?, ?, ?, ?, ?, ?)"


def _must_be_kept(unit: Unit) -> bool:
    """Return whether a unit tells of handled messages: it is tried until it can be stored."""
    return bool(unit.settled or unit.changes)


def _without_changes_between(jobs: Sequence[Job]) -> Iterator[Sequence[Job]]:
    """Split jobs after each one that changes stored headers, which must count just then."""
    start = 0
    for position, job in enumerate(jobs, 1):
        if job.unit.changes:
            yield jobs[start:position]
            start = position
    if start < len(jobs):
        yield jobs[start:]


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


class Writer:
    """Owns the writing connection and its thread.

    Args:
        connection: Opened for writing; used by the thread alone from now on.
        path: The file, for error texts.
        highest_ids: Highest ids in use of headers, bodies and log entries.
        slots: Where synchronous callers wait.
        on_stored: Called in the thread with the jobs of each commit, before their
            submitters go on.
        on_quiet: Called in the thread when nothing waits to be written any more.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        highest_ids: tuple[int, int, int],
        slots: Slots,
        on_stored: Callable[[Sequence[Job]], None],
        on_quiet: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._typed_tables = TypedTables(connection)
        self._class_numbers = ClassNumbers(connection)
        self._path = path
        self._header_id, self._body_id, self._log_id = highest_ids
        self._latest = _latest_of(connection, path)
        self._slots = slots
        self._on_stored = on_stored
        self._on_quiet = on_quiet
        lock = threading.Lock()
        self._condition = threading.Condition(lock)
        self._room = threading.Condition(lock)
        self._waiting: deque[Job] = deque()
        self._retries: list[Job] = []
        self._errands: deque[Errand[Any]] = deque()
        self._backlog_messages = 0
        self._backlog_bytes = 0
        self._in_hand = 0
        self._submitted = 0
        self._is_closing = False
        self._reported: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="iop-store-writer", daemon=True)
        self._thread.start()

    def submit(self, unit: Unit, created: datetime) -> Job:
        """Number the new messages of a unit and put it in line.

        Raises:
            StoreError: The writer is closed.
        """
        job = Job(unit, created, sum(len(message.body.payload) for message in unit.new))
        with self._condition:
            while self._is_full() and not self._is_closing:
                self._room.wait()
            if self._is_closing:
                raise StoreError(_CLOSED)
            for message in unit.new:
                self._header_id += 1
                message.message_id = self._header_id
                if not message.session_id:
                    message.session_id = message.message_id
                if message.return_queue.startswith(SYNC_CALL_PREFIX):
                    self._slots.expect(message.return_queue, message.message_id)
            self._waiting.append(job)
            self._submitted += 1
            self._backlog_messages += len(unit.new)
            self._backlog_bytes += job.size_bytes
            self._condition.notify()
        return job

    def perform(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Have something done between two commits, in a transaction of its own, and return its result.

        Raises:
            StoreError: It failed, or the writer is closed.
        """
        errand = Errand(work)
        with self._condition:
            if self._is_closing:
                raise StoreError(_CLOSED)
            self._errands.append(errand)
            self._condition.notify()
        return errand.wait()

    def quiet_since(self) -> int | None:
        """Return how many units were submitted so far, when all of them are written; else None."""
        with self._condition:
            return None if self._waiting or self._in_hand else self._submitted

    def close(self) -> None:
        """Write what waits, then end the thread and close the connection; repeatable."""
        with self._condition:
            self._is_closing = True
            self._condition.notify_all()
            self._room.notify_all()
        self._thread.join()

    def _is_full(self) -> bool:
        return self._backlog_messages > BACKLOG_MESSAGES or self._backlog_bytes > BACKLOG_BYTES

    def _run(self) -> None:
        while True:
            jobs = self._take_batch()
            if jobs:
                self._store(jobs)
            if self._errands and not self._is_closing:
                self._errands.popleft().perform(self._connection, self._path)
            elif not jobs:
                break
        while self._errands:
            self._errands.popleft().refuse(StoreError(_CLOSED))
        self._connection.close()

    def _take_batch(self) -> list[Job]:
        """Wait for jobs and return all that go into one transaction; none for an errand alone, or once closed."""
        with self._condition:
            while not self._waiting and not self._errands and not self._is_closing:
                if not self._condition.wait(RETRY_SECONDS if self._retries else None):
                    break
            jobs = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH_UNITS))]
            self._backlog_messages -= sum(len(job.unit.new) for job in jobs)
            self._backlog_bytes -= sum(job.size_bytes for job in jobs)
            self._in_hand += len(jobs)
            self._room.notify_all()
        retries, self._retries = self._retries, []
        return retries + jobs

    def _store(self, jobs: Sequence[Job]) -> None:
        """Store the jobs in one commit; when that fails each in its own, so that one cannot spoil the rest."""
        error = self._commit(jobs)
        if error is None:
            self._finish(jobs, None)
            return
        if isinstance(error, StoreUnwritableError):
            self._hold(jobs, error)  # it would be the same for each, and may take seconds
            return
        for position, job in enumerate(jobs):
            error = self._commit([job]) if len(jobs) > 1 else error
            if error is not None and _must_be_kept(job.unit) and error.retryable and not self._is_closing:
                self._hold(jobs[position:], error)
                return
            self._finish([job], error)

    def _hold(self, jobs: Sequence[Job], error: StoreError) -> None:
        """Keep handled messages for another try, and refuse new input until it succeeds.

        No later job may overtake one that is kept: messages would be stored out of order, and
        an old state of a process instance over a newer one.
        """
        for job in jobs:
            if _must_be_kept(job.unit) and not self._is_closing:
                self._report(f"handled messages cannot be stored, trying again every {RETRY_SECONDS:g} s: {error}")
                self._retries.append(job)
            else:
                self._finish([job], error)

    def _report(self, text: str) -> None:
        """Log what went wrong, once until something is stored again."""
        if text not in self._reported:
            self._reported.add(text)
            _LOG.error("%s", text)

    def _finish(self, jobs: Sequence[Job], error: StoreError | None) -> None:
        if error is None:
            self._reported.clear()
            self._on_stored(jobs)
            crash_points.reach("commit.published")
        else:
            self._report(str(error))
            self._slots.refuse([message.return_queue for job in jobs for message in job.unit.new], error)
        with self._condition:
            self._in_hand -= len(jobs)
            is_quiet = not self._waiting and not self._in_hand
        for job in jobs:
            job.finish(error)
        crash_points.reach("commit.told")
        if is_quiet:
            self._on_quiet()

    def _commit(self, jobs: Sequence[Job]) -> StoreError | None:
        execute = self._connection.execute
        crash_points.reach("commit.begin")
        try:
            execute("BEGIN IMMEDIATE")
            for group in _without_changes_between(jobs):
                # Ends of handling first: they free what a full disk or a long queue holds.
                self._write_settled(group)
                self._write_new(group)
                self._write_changes(group)
            self._write_processes(jobs)
            self._write_log(jobs)
            self._write_notes(jobs)
            self._write_audit(jobs)
            self._write_io(jobs)
            crash_points.reach("commit.written")
            execute("COMMIT")
            crash_points.reach("commit.done")
        except sqlite3.Error as exc:
            self._roll_back(jobs)
            return translate(exc, self._path)
        except Exception as exc:  # noqa: BLE001 - boundary: one unit must never end the thread that serves all
            self._roll_back(jobs)
            return StoreError(f"a message could not be stored in {str(self._path)!r}: {type(exc).__name__}: {exc}")
        return None

    def _roll_back(self, jobs: Sequence[Job]) -> None:
        self._typed_tables.forget()
        self._class_numbers.forget()
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error as exc:  # the next BEGIN will say so too, to those who wait
                _LOG.error("the store %r cannot undo a failed write: %s", str(self._path), exc)
        for job in jobs:
            for message in job.unit.new:
                self._slots.unclaim(message.queue, message.message_id)
            for change in job.unit.changes:
                self._slots.unclaim(change.queue or "", change.message_id)

    def _write_settled(self, jobs: Sequence[Job]) -> None:
        rows = [
            (
                int(end.status),
                bool(end.error),
                storable(end.error),
                to_microseconds(job.created),
                end.attempts,
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
        links: list[tuple[int, int]] = []
        found: list[tuple[int, str, str]] = []
        for job in jobs:
            created = to_microseconds(job.created)
            self._watch_clock(created)
            for message in job.unit.new:
                body_id = message.shared_body_id
                if message.body.class_name and not body_id:
                    body_id, row = self._new_body(message.body)
                    if message.body.search:
                        found += [(body_id, name, storable(value)) for name, value in message.body.search]
                    message.body = with_id(message.body, body_id)
                    bodies.append(row)
                if message.type is MessageType.RESPONSE:
                    links.append((message.message_id, message.corresponding_id))
                headers.append(self._header_row(message, body_id, created))
        if bodies:
            self._connection.executemany(_INSERT_BODY, bodies)
        if headers:
            self._connection.executemany(_INSERT_HEADER, headers)
        if links:
            self._connection.executemany(_LINK, links)
        if found:
            self._connection.executemany(_INSERT_SEARCH, found)

    def _watch_clock(self, created: int) -> None:
        """Note when the clock of the machine was set back: from then on ids do not rise with times."""
        if created > self._latest:
            self._latest = created
        elif created < self._latest - SLACK_MICROSECONDS:
            self._latest = created
            self._connection.execute("INSERT OR IGNORE INTO notes VALUES (?, ?)", (CLOCK_SET_BACK, str(created)))

    def _header_row(self, message: NewMessage, body_id: int, created: int) -> tuple[Any, ...]:
        status, processed = message.status, None
        if message.queue.startswith(SYNC_CALL_PREFIX) and status is MessageStatus.QUEUED:
            status = self._slots.claim(message.queue, message.message_id, message.corresponding_id)
            processed = created
        return (
            message.message_id,
            message.session_id,
            int(message.type),
            int(status),
            int(message.priority),
            int(message.invocation),
            message.source,
            message.target,
            int(message.source_type),
            int(message.target_type),
            message.queue,
            message.return_queue,
            message.corresponding_id,
            message.process_id,
            body_id,
            message.is_error,
            storable(message.error),
            storable(message.description),
            storable(message.completion_key),
            created,
            processed,
            0,
            message.resent,
            storable(message.super_session),
            storable(message.order_key),
            self._class_numbers.number(message.body.class_name),
        )

    def _new_body(self, body: Body) -> tuple[int, tuple[Any, ...]]:
        """Number a body and return its row."""
        self._body_id += 1
        return self._body_id, body_row(self._body_id, self._typed_tables.keep(with_id(body, self._body_id)))

    def _write_changes(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            for change in job.unit.changes:
                self._connection.execute(_CHANGE, self._change_row(change, to_microseconds(job.created)))

    def _change_row(self, change: HeaderChange, now: int) -> dict[str, object]:
        body_id = class_id = None
        if change.body is not None:
            body_id, row = self._new_body(change.body)
            class_id = self._class_numbers.number(change.body.class_name)
            self._connection.execute(_INSERT_BODY, row)
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
        }

    def _claim(self, change: HeaderChange) -> MessageStatus:
        """Reserve the place of an answer that was put off."""
        found = self._connection.execute("SELECT corresponding_id FROM headers WHERE id = ?", (change.message_id,))
        (request_id,) = found.fetchone() or (0,)
        return self._slots.claim(change.queue or "", change.message_id, request_id)

    def _write_audit(self, jobs: Sequence[Job]) -> None:
        rows = [audit_row(entry) for job in jobs for entry in job.unit.audit]
        if rows:
            self._connection.executemany(_INSERT_AUDIT, rows)

    def _write_io(self, jobs: Sequence[Job]) -> None:
        rows = [io_row(entry) for job in jobs for entry in job.unit.io]
        if rows:
            self._connection.executemany(_INSERT_IO, rows)

    def _write_processes(self, jobs: Sequence[Job]) -> None:
        rows = [process_row(record) for job in jobs if (record := job.unit.process) is not None]
        if rows:
            self._connection.executemany(_SAVE_PROCESS, rows)

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
