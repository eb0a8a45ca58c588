"""Who waits for whom: finds calls that would wait for each other for ever, synchronous and awaited ones."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Generator
from contextlib import contextmanager

from iop_core.errors import SyncDeadlockError


class Job:
    """One worker, as far as waiting is concerned.

    Args:
        queue: The queue it serves.

    Attributes:
        queue: As given.
        answers: Return queue of the message in hand; empty when nobody waits for its answer.
        waits: Return queue of each request it waits for without a limit, to the queue the request is in.
    """

    __slots__ = ("answers", "queue", "waits")

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self.answers = ""
        self.waits: dict[str, str] = {}


class WaitGraph:
    """The jobs of all queues and what they wait for.

    A job is *stuck* when it waits for a request that only stuck jobs can answer: the job that has
    it in hand, or all jobs of its queue. Jobs that wait with a time limit are never stuck, and
    a queue without jobs may get some: so a cycle that is found cannot end by itself. A job that
    awaits several answers counts as waiting for each of them; a limit that ``asyncio`` sets is not
    known here.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: defaultdict[str, list[Job]] = defaultdict(list)
        self._threads: dict[int, Job] = {}
        self._waiting: dict[str, Job] = {}

    def join(self, job: Job) -> None:
        """Add a job, which is the calling thread."""
        with self._lock:
            self._jobs[job.queue].append(job)
            self._threads[threading.get_ident()] = job

    def leave(self, job: Job) -> None:
        """Remove a job."""
        with self._lock:
            self._jobs[job.queue].remove(job)
            self._threads.pop(threading.get_ident(), None)

    @contextmanager
    def acting_for(self, thread: int) -> Generator[None, None, None]:
        """Count the calling thread as the job of another one for a while, which awaits what is done here.

        Args:
            thread: Its ``threading.get_ident()``; a thread that is no job changes nothing.
        """
        own = threading.get_ident()
        with self._lock:
            job = self._threads.get(thread)
            if job is None or own in self._threads:
                own = 0
            else:
                self._threads[own] = job
        try:
            yield
        finally:
            if own:
                with self._lock:
                    self._threads.pop(own, None)

    def expect(self, slot: str, target: str, queue: str) -> None:
        """Note that the calling thread is going to wait for an answer.

        Args:
            slot: Return queue of the request, which is not stored yet.
            target: The item it is for.
            queue: The queue of that item.

        Raises:
            SyncDeadlockError: It would wait for ever; nothing is noted.
        """
        with self._lock:
            job = self._threads.get(threading.get_ident())
            if job is None:
                return
            job.waits[slot] = queue
            self._waiting[slot] = job
            if all(other.waits for other in self._jobs.get(queue, ())) and job in self._stuck():
                path = self._path(job, queue)
                self._forget(slot)
                raise SyncDeadlockError(target, path)

    def forget(self, slot: str) -> None:
        """Note that nobody waits for an answer any more, or that it is on its way."""
        if slot in self._waiting:
            with self._lock:
                self._forget(slot)

    def _forget(self, slot: str) -> None:
        job = self._waiting.pop(slot, None)
        if job is not None:
            job.waits.pop(slot, None)

    def _holders(self) -> dict[str, Job]:
        """Return which job has which request in hand, by the return queue of that."""
        return {job.answers: job for job in self._threads.values() if job.answers}

    def _stuck(self) -> set[Job]:
        holders = self._holders()
        stuck = set(self._waiting.values())
        while True:
            free = {job for job in stuck if not any(self._hangs(*wait, holders, stuck) for wait in job.waits.items())}
            if not free:
                return stuck
            stuck -= free

    def _hangs(self, slot: str, queue: str, holders: dict[str, Job], stuck: Collection[Job]) -> bool:
        """Return whether only stuck jobs can answer a request."""
        holder = holders.get(slot)
        able = [holder] if holder is not None else self._jobs.get(queue, [])
        return bool(able) and all(job in stuck for job in able)

    def _path(self, job: Job, queue: str) -> list[str]:
        """Return a way through the queues that comes back to one it has passed."""
        path = [job.queue]
        stuck, holders = self._stuck(), self._holders()
        while queue not in path:
            path.append(queue)
            waits = [wait for other in self._jobs[queue] if other in stuck for wait in other.waits.items()]
            queue = next(to for slot, to in waits if self._hangs(slot, to, holders, stuck))
        return [*path, queue]
