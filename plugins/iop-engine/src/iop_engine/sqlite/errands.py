"""Work on the database that the writer does between its commits, such as a piece of a purge."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from iop_core.errors import StoreError
from iop_engine import crash_points
from iop_engine.sqlite.schema import translate

T = TypeVar("T")


class Errand(Generic[T]):
    """Something to be done in a transaction of its own; short, because messages wait meanwhile.

    Args:
        work: Does it, with the writing connection.
    """

    def __init__(self, work: Callable[[sqlite3.Connection], T]) -> None:
        self._work = work
        self._is_done = threading.Event()
        self._results: list[T] = []
        self._error: StoreError | None = None

    def perform(self, connection: sqlite3.Connection, path: Path) -> None:
        """Do it; called in the thread of the writer."""
        try:
            connection.execute("BEGIN IMMEDIATE")
            self._results.append(self._work(connection))
            crash_points.reach("errand.written")
            connection.execute("COMMIT")
            crash_points.reach("errand.done")
        except Exception as exc:  # noqa: BLE001 - boundary: it must never end the thread that serves all
            self._results.clear()
            self._error = translate(exc, path) if isinstance(exc, sqlite3.Error) else StoreError(f"{exc}")
            self._error.__cause__ = exc
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        self._is_done.set()

    def refuse(self, error: StoreError) -> None:
        """Say that it will not be done."""
        self._error = error
        self._is_done.set()

    def wait(self) -> T:
        """Wait until it is done and return its result.

        Raises:
            StoreError: It failed, and nothing of it was done; or the store was closed.
        """
        self._is_done.wait()
        if self._error is not None:
            raise self._error
        return self._results[0]
