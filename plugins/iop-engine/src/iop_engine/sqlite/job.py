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
        size_bytes: Length of its bodies.
    """

    __slots__ = ("_latch", "created", "error", "moment", "size_bytes", "unit")

    def __init__(self, unit: Unit, created: datetime, size_bytes: int) -> None:
        self.unit = unit
        self.created = created
        # As it is stored.
        self.moment = to_microseconds(created)
        self.size_bytes = size_bytes
        self.error: StoreError | None = None
        self._latch = threading.Lock()
        self._latch.acquire()

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait until the unit is stored; False when time ran out.

        Raises:
            StoreError: The unit could not be stored; nothing of it was.
        """
        if not self._latch.acquire(timeout=-1 if timeout_seconds is None else timeout_seconds):
            return False
        self._latch.release()
        if self.error is not None:
            raise self.error
        return True

    def finish(self, error: StoreError | None) -> None:
        """Let everybody who waits go on; called once."""
        self.error = error
        self._latch.release()
