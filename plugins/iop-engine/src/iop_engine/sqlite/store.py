"""The SQLite store: one file, one writer, queues in memory in front of it."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import ClassVar

from iop_core.clock import Clock
from iop_core.errors import BackendUnavailableError, StoreError
from iop_core.headers import Body, MessageStatus, MessageType
from iop_core.purging import PurgeOptions, PurgeResult, never
from iop_core.store_units import SYNC_CALL_PREFIX, Delivery, HeaderChange, Unit
from iop_core.stores import ReplySlot, Store, StoreReader, Ticket
from iop_engine import crash_points
from iop_engine.queues import QueueSet
from iop_engine.sqlite.directory import DataDirectory
from iop_engine.sqlite.job import Job
from iop_engine.sqlite.purge import Purge
from iop_engine.sqlite.reader import SqliteReader
from iop_engine.sqlite.replies import Slots
from iop_engine.sqlite.rows import delivery_of
from iop_engine.sqlite.schema import open_for_writing
from iop_engine.sqlite.search_index import index_bodies
from iop_engine.sqlite.secret_file import read_secret
from iop_engine.sqlite.writer import Writer


class SqliteStore(Store):
    """Keeps everything in one SQLite file in write-ahead mode; made by ``open``.

    Args:
        directory: The data directory, already taken into possession.
        durability: ``full`` flushes the disk with every commit; ``normal`` leaves that to
            the operating system, so that a power cut may lose the last moments.
        clock: Where the times of headers come from.
    """

    name: ClassVar[str] = "sqlite"

    def __init__(self, directory: DataDirectory, *, durability: str, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        with ExitStack() as undo:
            connection = open_for_writing(directory.database, durability)
            undo.callback(connection.close)
            self._reader = SqliteReader(directory)
            undo.callback(self._reader.close)
            # Of its own, so that a long look at the history never holds up the queues.
            self._queue_reader = SqliteReader(directory)
            undo.callback(self._queue_reader.close)
            self._queues = QueueSet(
                self._queue_reader.refill, self._queue_reader.backlog(), self._queue_reader.urgent()
            )
            highest_ids = self._queue_reader.highest_ids()
            undo.pop_all()
        self._slots = Slots(highest_ids[0])
        self._idle = threading.Condition()
        self._closing = threading.Lock()
        self._reading_secret = threading.Lock()
        self._is_closed = False
        self._writer = Writer(connection, directory.database, highest_ids, self._slots, self._publish, self._tell_idle)

    @classmethod
    def open(cls, location: str, *, namespace: str, durability: str, clock: Clock) -> SqliteStore:
        """Take possession of a namespace in a data directory."""
        directory = DataDirectory(location, namespace)
        directory.acquire()
        try:
            return cls(directory, durability=durability, clock=clock)
        except BaseException:
            directory.release()
            raise

    @classmethod
    def open_reader(cls, location: str, *, namespace: str) -> StoreReader:
        """Open a namespace of a data directory for reading."""
        directory = DataDirectory(location, namespace)
        if not directory.database.exists():
            raise BackendUnavailableError(
                f"no production ever ran here: {str(directory.database)!r} does not exist. Start one with "
                "'iop run FILE.py', or say where the data is"
            )
        return SqliteReader(directory)

    @property
    def reader(self) -> SqliteReader:
        """Reads what is stored."""
        return self._reader

    def secret(self, name: str) -> bytes:
        """Return the secret of that name, kept in a file of its own beside the database."""
        with self._reading_secret:
            return read_secret(self._directory.secret_file(name))

    def check_class(self, class_name: str) -> None:
        """Refuse a class whose table is missing and may not be made."""
        self._reader.check_class(class_name)

    def submit(self, unit: Unit) -> Ticket:
        """Take over a unit and return at once."""
        for change in unit.changes:
            if change.status is MessageStatus.QUEUED and change.queue:
                self._queues.get(change.queue).expect(change.message_id)
        job = self._writer.submit(unit, self._clock.now())
        for end in unit.settled:
            if end.key:
                self._queues.get(end.queue).release(end.key, end.message_id)
                crash_points.reach("message.released")
        return job

    def open_reply(self) -> ReplySlot:
        """Prepare for the answer of one synchronous request."""
        return self._slots.open()

    def open_queue(self, queue: str, *, is_background: bool = False) -> None:
        """Let ``lease`` hand out messages of this queue."""
        self._queues.open(queue, is_background=is_background)

    def quiesce_queue(self, queue: str) -> None:
        """Hand out only synchronous messages of this queue."""
        self._queues.get(queue).quiesce()

    def is_resting(self, jobs: Mapping[str, int]) -> bool:
        """Return whether so many wait in ``lease`` of these queues and no synchronous message is on its way."""
        return self._is_still(lambda: self._queues.is_resting(jobs))

    def lease(self, queue: str, *, is_called_away: Callable[[], object] | None = None) -> Delivery | None:
        """Wait for the next message of a queue; None once it is closed, or the caller is called away."""
        return self._queues.get(queue).lease(is_called_away)

    def withdraw(self, queue: str, message_id: int) -> Delivery | None:
        """Take a waiting message out of its queue; None when it does not wait there."""
        stored = self._queue_reader.find_delivery(message_id, is_open=True)
        if stored is None:
            return None
        found = self._queues.get(queue).withdraw(message_id, stored.priority)
        if isinstance(found, Delivery):
            return found
        return stored if found else None

    def put_back(self, delivery: Delivery) -> None:
        """Give a leased message back, to its old place in the queue."""
        self._queues.get(delivery.queue).put_back(delivery)

    def move_messages(self, target: str, old_queue: str, queue: str) -> int:
        """Have all messages for an item wait in another queue, in the order of their ids."""
        count = self._writer.move_messages(target, old_queue, queue)
        # In the writer's thread again, so that nothing is published meanwhile.
        self._writer.perform(lambda _: self._read_queues_again((old_queue, queue)))
        return count

    def nudge(self, queue: str) -> None:
        """Have everybody who waits in ``lease`` look whether he is called away."""
        self._queues.get(queue).nudge()

    def close_queue(self, queue: str) -> None:
        """Make every ``lease`` of this queue return None."""
        self._queues.close(queue)
        self._tell_idle()

    def wait_until_idle(self, timeout_seconds: float | None) -> bool:
        """Wait until no open queue holds a message and nothing waits to be written."""
        with self._idle:
            self._idle.wait_for(lambda: self._is_closed or self._is_idle(), timeout_seconds)
            return self._is_idle()

    def purge(
        self, options: PurgeOptions, now: datetime, *, dry_run: bool, is_called_off: Callable[[], bool] = never
    ) -> PurgeResult:
        """Remove what is old, in pieces between the commits of the writer."""
        return Purge(self._directory.database, self._writer.perform, options, now, is_called_off).run(dry_run=dry_run)

    def index_bodies(self, class_name: str, with_search_fields: Callable[[Body], Body]) -> int:
        """Write the searchable values of all stored bodies of a class anew."""
        return index_bodies(self._directory.database, self._writer.perform, class_name, with_search_fields)

    def close(self) -> None:
        """Write what was submitted, then let go of the directory; repeatable."""
        with self._closing:
            if self._is_closed:
                return
            self._queues.close_all()
            # Before the writer: the last one to close tidies up, and a reader cannot.
            self._reader.close()
            self._queue_reader.close()
            self._writer.close()
            self._slots.abandon(StoreError("the production was stopped before an answer came"))
            self._directory.release()
            self._is_closed = True
        self._tell_idle()

    def _publish(self, jobs: Sequence[Job]) -> None:
        """Hand over what is on disk now; runs in the writer's thread."""
        # Queue by queue, so that the lock of each is taken once.
        arrivals: defaultdict[str, list[Delivery]] = defaultdict(list)
        for job in jobs:
            for message in job.unit.new:
                if message.status is not MessageStatus.QUEUED:
                    continue
                if not message.queue.startswith(SYNC_CALL_PREFIX):
                    arrivals[message.queue].append(delivery_of(message, job.created))
                elif message.type is MessageType.RESPONSE:
                    self._slots.deliver(delivery_of(message, job.created))
            if job.unit.changes:
                self._queues.publish(arrivals)  # in the order in which they were stored
                arrivals.clear()
                self._hand_out_changed(job.unit.changes)
            for end in job.unit.settled:
                if end.queue:  # else it was handled in its caller's job
                    self._queues.get(end.queue).unsettled -= 1
        self._queues.publish(arrivals)

    def _hand_out_changed(self, changes: Iterable[HeaderChange]) -> None:
        for change in changes:
            if change.status is MessageStatus.QUEUED:
                self._hand_out_again(change.message_id)

    def _hand_out_again(self, message_id: int) -> None:
        delivery = self._queue_reader.find_delivery(message_id)
        if delivery is None:
            return
        if delivery.queue.startswith(SYNC_CALL_PREFIX):
            self._slots.deliver(delivery)
        else:
            self._queues.get(delivery.queue).publish_again(delivery)

    def _read_queues_again(self, names: Sequence[str]) -> None:
        counts = self._queue_reader.backlog()
        urgent = self._queue_reader.urgent()
        for name in names:
            left = [delivery for delivery in urgent if delivery.queue == name]
            self._queues.get(name).read_again(counts.get(name, 0), left)

    def _tell_idle(self) -> None:
        with self._idle:
            self._idle.notify_all()

    def _is_idle(self) -> bool:
        return self._is_still(self._queues.is_drained)

    def _is_still(self, is_still: Callable[[], bool]) -> bool:
        # Nothing may be submitted between the two looks, or a message could pass from a queue
        # not yet looked at to one already looked at.
        before = self._writer.quiet_since()
        return before is not None and is_still() and self._writer.quiet_since() == before
