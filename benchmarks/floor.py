"""The floor: the least that any durable engine on this machine has to do.

It stores, hands over, reads back and marks as done, with the same bodies, the same settings of
SQLite, one writer thread with group commit, and one thread per consumer. It has no features: no
names, no statuses but one, no errors, no recovery, no log. What is missing from the rate of the
floor is the price of the features.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from pydantic import TypeAdapter

from benchmarks.messages import Order

RUN_AHEAD = 64
BATCH = 2000
_ADAPTER = TypeAdapter(Order)


def encode(message: Order) -> bytes:
    """Return a message as JSON, with a cached adapter."""
    return _ADAPTER.dump_json(message)


def decode(payload: bytes) -> Order:
    """Return the message that JSON holds."""
    return _ADAPTER.validate_json(payload)


class Stored(NamedTuple):
    """A message on its way: where to, its bytes, whom it answers and who wants the answer."""

    queue: str
    payload: bytes
    answers: int = 0
    process_id: int = 0
    message_id: int = 0


class Job:
    """What is stored as a whole; the latch opens when it is on disk."""

    __slots__ = ("done", "latch", "new", "state")

    def __init__(self, new: list[Stored], done: int, state: tuple[int, str] | None) -> None:
        self.new = new
        self.done = done
        self.state = state
        self.latch = threading.Lock()
        self.latch.acquire()

    def wait(self) -> None:
        """Wait until it is on disk."""
        with self.latch:
            pass


class Floor:
    """A store with a writer thread, and queues in memory behind it.

    Args:
        path: The database file; must not exist.
        durability: ``full`` or ``normal``.
    """

    def __init__(self, path: Path, durability: str) -> None:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {durability}")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        connection.execute("PRAGMA cache_size = -65536")
        connection.executescript(
            "CREATE TABLE bodies (id INTEGER PRIMARY KEY, payload BLOB);"
            "CREATE TABLE headers (id INTEGER PRIMARY KEY, status INTEGER, queue TEXT, answers INTEGER,"
            " process_id INTEGER);"
            "CREATE INDEX headers_open ON headers (queue, id) WHERE status = 2;"
            "CREATE TABLE processes (id INTEGER PRIMARY KEY, state TEXT);"
        )
        self.commits = 0
        self.queues: dict[str, SimpleQueue[Stored | None]] = {}
        self.waiting: dict[int, SimpleQueue[Stored]] = {}
        self._connection = connection
        self._lock = threading.Condition()
        self._jobs: deque[Job] = deque()
        self._last_id = 0
        self._open = 0
        self._is_closing = False
        self._threads = [threading.Thread(target=self._write, daemon=True)]
        self._threads[0].start()

    def serve(self, queue: str, handle: Callable[[Stored], Job], *, size: int = 1) -> None:
        """Have threads take messages of a queue; ``handle`` submits the end and returns the job."""
        self.queues[queue] = SimpleQueue()
        for _ in range(size):
            thread = threading.Thread(target=self._serve, args=(self.queues[queue], handle), daemon=True)
            thread.start()
            self._threads.append(thread)

    def submit(self, new: list[Stored], done: int = 0, state: tuple[int, str] | None = None) -> Job:
        """Put a unit in line and return its job; ids of new messages are filled in."""
        with self._lock:
            for position, message in enumerate(new):
                self._last_id += 1
                new[position] = message._replace(message_id=self._last_id)
            job = Job(new, done, state)
            self._jobs.append(job)
            self._lock.notify()
        return job

    def call(self, queue: str, payload: bytes) -> bytes:
        """Store a request, wait for the stored answer and return it."""
        mailbox: SimpleQueue[Stored] = SimpleQueue()
        with self._lock:
            self._last_id += 1
            message = Stored(queue, payload, message_id=self._last_id)
            self.waiting[message.message_id] = mailbox
            self._jobs.append(Job([message], 0, None))
            self._lock.notify()
        return mailbox.get().payload

    def wait_until_idle(self) -> None:
        """Wait until every message is marked as done, on disk."""
        with self._lock:
            self._lock.wait_for(lambda: not self._open)

    def close(self) -> None:
        """End all threads."""
        for queue in self.queues.values():
            for _ in self._threads:
                queue.put(None)
        for thread in self._threads[1:]:
            thread.join()
        with self._lock:
            self._is_closing = True
            self._lock.notify()
        self._threads[0].join()
        self._connection.close()

    def _serve(self, queue: SimpleQueue[Stored | None], handle: Callable[[Stored], Job]) -> None:
        jobs: deque[Job] = deque()
        while (message := queue.get()) is not None:
            jobs.append(handle(message))
            if len(jobs) >= RUN_AHEAD:
                jobs.popleft().wait()
        for job in jobs:
            job.wait()

    def _write(self) -> None:
        while True:
            with self._lock:
                while not self._jobs and not self._is_closing:
                    self._lock.wait()
                if not self._jobs:
                    return
                jobs = [self._jobs.popleft() for _ in range(min(len(self._jobs), BATCH))]
            self._store(jobs)
            # First, so that nobody finds it idle between the commit and the hand-over.
            self._count(jobs)
            for job in jobs:
                for message in job.new:
                    mailbox = self.waiting.pop(message.answers, None)
                    (mailbox or self.queues[message.queue]).put(message)
                job.latch.release()

    def _count(self, jobs: list[Job]) -> None:
        # An answer that somebody waits for is done once it is stored.
        opened = sum(1 for job in jobs for message in job.new if message.queue)
        with self._lock:
            self._open += opened - sum(1 for job in jobs if job.done)
            self._lock.notify_all()

    def _store(self, jobs: list[Job]) -> None:
        run = self._connection.executemany
        self._connection.execute("BEGIN IMMEDIATE")
        run("UPDATE headers SET status = 9 WHERE id = ?", [(job.done,) for job in jobs if job.done])
        new = [message for job in jobs for message in job.new]
        run("INSERT INTO bodies VALUES (?, ?)", [(each.message_id, each.payload) for each in new])
        run(
            "INSERT INTO headers VALUES (?, 2, ?, ?, ?)",
            [(each.message_id, each.queue, each.answers, each.process_id) for each in new],
        )
        run("INSERT OR REPLACE INTO processes VALUES (?, ?)", [job.state for job in jobs if job.state])
        self._connection.execute("COMMIT")
        self.commits += 1
