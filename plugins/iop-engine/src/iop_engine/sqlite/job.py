"""A unit on its way to the disk."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from iop_engine.sqlite.rows import to_microseconds

if TYPE_CHECKING:
    from datetime import datetime

    from iop_core.errors import StoreError
    from iop_core.store_units import Unit


class Job:
    """A unit on its way to the disk; the ticket its submitter holds.

    Args:
        unit: What is to be stored.
        created: When it was submitted (UTC).

    Attributes:
        size_bytes: Length of its bodies; the writer adds them up.
    """

    __slots__ = ("_is_finished", "_latches", "created", "error", "moment", "size_bytes", "unit")

    def __init__(self, unit: Unit, created: datetime) -> None:
        self.unit = unit
        self.created = created
        # As it is stored.
        self.moment = to_microseconds(created)
        self.size_bytes = 0
        self.error: StoreError | None = None
        self._is_finished = False
        # One per thread that waits: most units are not waited for.
        self._latches: list[threading.Lock] = []

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait until the unit is stored; False when time ran out.

        Raises:
            StoreError: The unit could not be stored; nothing of it was.
        """
        if not self._is_finished and not self._wait(timeout_seconds):
            return False
        if self.error is not None:
            raise self.error
        return True

    def _wait(self, timeout_seconds: float | None) -> bool:
        latch = threading.Lock()
        latch.acquire()
        self._latches.append(latch)
        # Looked at again, since ``release`` opens only the latches that it finds.
        return self._is_finished or latch.acquire(timeout=-1 if timeout_seconds is None else timeout_seconds)

    def finish(self, error: StoreError | None) -> None:
        """Note that it is stored, or could not be; called once, before ``release``."""
        self.error = error
        self._is_finished = True

    def release(self) -> None:
        """Wake everybody who waits."""
        for latch in self._latches:
            latch.release()
