"""Which commits wait until the disk has everything.

With the durability ``full`` that is every commit with something new in it: a message, an
answer, an operator's deed. The mere end of a handling may reach the disk together with what
is stored next. After a power cut such a message is handled again, as one is whose handler was
at work then; after the death of the process nothing is missing, since the operating system
has it all. So an asynchronous message costs one flush, and not two.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence

from iop_engine.sqlite.job import Job

# At most so many ends of handling are left to the next flush.
MOST_OWED = 256

# A quiet store is flushed after so many seconds.
QUIET_SECONDS = 0.2

_FULL = 2

_LOG = logging.getLogger("iop.engine")


class Flushing:
    """Sets how the next commit is made; used by the writer's thread alone.

    Args:
        connection: The writing connection, opened with the durability in use.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._is_wanted = connection.execute("PRAGMA synchronous").fetchone()[0] == _FULL
        self._is_on = self._is_wanted
        self._owed = 0
        self._next_owed = 0

    @property
    def is_owed(self) -> bool:
        """Whether the end of some handling is not yet safe against a power cut."""
        return self._owed > 0

    def prepare(self, jobs: Sequence[Job]) -> None:
        """Decide whether the commit of some units waits for the disk; called before its transaction begins."""
        if not self._is_wanted:
            return
        owed = self._owed
        for job in jobs:
            unit = job.unit
            if unit.new or unit.changes or unit.notes or unit.audit or unit.removed:
                owed = 0
                break
            owed += len(unit.settled)
        self._next_owed = owed if owed <= MOST_OWED else 0
        self._switch(on=not self._next_owed)

    def done(self) -> None:
        """Take note that the commit succeeded."""
        self._owed = self._next_owed

    def require(self) -> None:
        """Have the next commit wait for the disk, whatever it is."""
        self._switch(on=self._is_wanted)

    def flush(self) -> None:
        """Have the disk take everything that is owed to it; what fails is tried again later."""
        try:
            self._switch(on=True)
            self._connection.execute("INSERT OR REPLACE INTO notes VALUES ('flushed', '')")
            self._owed = 0
        except sqlite3.Error as exc:
            _LOG.warning("the ends of %d handled messages are not on the disk yet: %s", self._owed, exc)

    def _switch(self, *, on: bool) -> None:
        if on is not self._is_on:
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if on else 'NORMAL'}")
            self._is_on = on
