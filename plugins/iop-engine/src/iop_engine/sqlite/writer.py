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
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from iop_core.errors import StoreError, StoreUnwritableError
from iop_core.store_units import SYNC_CALL_PREFIX, Unit
from iop_engine import crash_points
from iop_engine.sqlite.errands import Errand
from iop_engine.sqlite.flushing import QUIET_SECONDS, Flushing
from iop_engine.sqlite.job import Job
from iop_engine.sqlite.replies import Slots
from iop_engine.sqlite.schema import translate
from iop_engine.sqlite.unit_tables import UnitTables

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


def _must_be_kept(unit: Unit) -> bool:
    """Return whether a unit tells of handled messages: it is tried until it can be stored."""
    return bool(unit.settled or unit.changes)


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
        self._path = path
        self._header_id, body_id, log_id = highest_ids
        self._tables = UnitTables(connection, path, body_id, log_id, slots)
        self._flushing = Flushing(connection)
        self._slots = slots
        self._on_stored = on_stored
        self._on_quiet = on_quiet
        self._lock = threading.Lock()
        self._condition = threading.Condition(self._lock)
        self._room = threading.Condition(self._lock)
        self._waiting: deque[Job] = deque()
        self._retries: list[Job] = []
        self._errands: deque[Errand[Any]] = deque()
        self._backlog_messages = 0
        self._backlog_bytes = 0
        self._in_hand = 0
        self._is_waiting = False
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
        job = Job(unit, created)
        with self._lock:
            if unit.new:
                self._wait_for_room()
            if self._is_closing:
                raise StoreError(_CLOSED)
            for message in unit.new:
                self._header_id = message.message_id = self._header_id + 1
                job.size_bytes += len(message.body.payload)
                if not message.session_id:
                    message.session_id = message.message_id
                if message.return_queue.startswith(SYNC_CALL_PREFIX):
                    self._slots.expect(message.return_queue, message.message_id)
            self._backlog_messages += len(unit.new)
            self._backlog_bytes += job.size_bytes
            self._waiting.append(job)
            self._submitted += 1
            if self._is_waiting:
                self._condition.notify()
        return job

    def perform(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Have something done between two commits, in a transaction of its own, and return its result.

        Raises:
            StoreError: It failed, or the writer is closed.
        """
        errand = Errand(work)
        with self._lock:
            if self._is_closing:
                raise StoreError(_CLOSED)
            self._errands.append(errand)
            self._condition.notify()
        return errand.wait()

    def move_messages(self, target: str, old_queue: str, queue: str) -> int:
        """Have the messages of an item wait in another queue, now and later; see ``Store``."""
        return self.perform(lambda _: self._tables.move_messages(target, old_queue, queue))

    def quiet_since(self) -> int | None:
        """Return how many units were submitted so far, when all of them are written; else None."""
        with self._lock:
            return None if self._waiting or self._in_hand else self._submitted

    def close(self) -> None:
        """Write what waits, then end the thread and close the connection; repeatable."""
        with self._lock:
            self._is_closing = True
            self._condition.notify_all()
            self._room.notify_all()
        self._thread.join()

    def _wait_for_room(self) -> None:
        while self._backlog_messages > BACKLOG_MESSAGES or self._backlog_bytes > BACKLOG_BYTES:
            if self._is_closing:
                return
            self._room.wait()

    def _run(self) -> None:
        while True:
            jobs = self._take_batch()
            if jobs:
                self._store(jobs)
            elif self._flushing.is_owed:
                self._flushing.flush()
            if self._errands and not self._is_closing:
                self._flushing.require()
                self._errands.popleft().perform(self._connection, self._path)
            elif not jobs and self._is_closing:
                break
        while self._errands:
            self._errands.popleft().refuse(StoreError(_CLOSED))
        self._connection.close()

    def _take_batch(self) -> list[Job]:
        """Wait for jobs and return all that go into one transaction; none for an errand alone, or once closed."""
        with self._lock:
            while not self._waiting and not self._errands and not self._is_closing:
                self._is_waiting = True
                has_work = self._condition.wait(self._seconds_to_wait())
                self._is_waiting = False
                if not has_work:
                    break
            jobs = list(islice(self._waiting, BATCH_UNITS))
            for job in jobs:
                self._waiting.popleft()
                self._backlog_messages -= len(job.unit.new)
                self._backlog_bytes -= job.size_bytes
            self._in_hand += len(jobs)
            self._room.notify_all()
        retries, self._retries = self._retries, []
        return retries + jobs

    def _seconds_to_wait(self) -> float | None:
        if self._retries:
            return RETRY_SECONDS
        return QUIET_SECONDS if self._flushing.is_owed else None

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
        with self._lock:
            self._in_hand -= len(jobs)
            is_quiet = not self._waiting and not self._in_hand
        for job in jobs:
            job.finish(error)
        # Not until all are finished: a worker who wakes finds the ends of all its messages.
        for job in jobs:
            job.release()
        crash_points.reach("commit.told")
        if is_quiet:
            self._on_quiet()

    def _commit(self, jobs: Sequence[Job]) -> StoreError | None:
        execute = self._connection.execute
        crash_points.reach("commit.begin")
        try:
            self._flushing.prepare(jobs)
            execute("BEGIN IMMEDIATE")
            self._tables.write(jobs)
            execute("COMMIT")
            self._flushing.done()
            crash_points.reach("commit.done")
        except sqlite3.Error as exc:
            self._roll_back(jobs)
            return translate(exc, self._path)
        except Exception as exc:  # noqa: BLE001 - boundary: one unit must never end the thread that serves all
            self._roll_back(jobs)
            return StoreError(f"a message could not be stored in {str(self._path)!r}: {type(exc).__name__}: {exc}")
        return None

    def _roll_back(self, jobs: Sequence[Job]) -> None:
        self._tables.forget()
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
