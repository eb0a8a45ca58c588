"""What each item has done since the production was started."""

from __future__ import annotations

from datetime import datetime, timedelta

from iop_core.clock import Clock


class ItemActivity:
    """What one item has done.

    Counted by all jobs of the item without a lock: after a race a count may be one too low.

    Args:
        clock: Where time comes from.

    Attributes:
        handled: Messages and inputs it has handled.
        errors: How many of them ended in error.
        last_error: Error of the last one; empty when that went well.
        is_inactive: Whether it has had nothing to do for longer than it should.
    """

    __slots__ = ("_clock", "_last", "errors", "handled", "is_inactive", "last_error")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: float | None = None
        self.handled = 0
        self.errors = 0
        self.last_error = ""
        self.is_inactive = False

    def ended(self, error: str = "") -> None:
        """Note that a message or input was handled."""
        self._last = self._clock.monotonic()
        self.handled += 1
        self.last_error = error
        self.is_inactive = False
        if error:
            self.errors += 1

    @property
    def idle_seconds(self) -> float | None:
        """Seconds since it last handled something; None when it never did."""
        return None if self._last is None else self._clock.monotonic() - self._last

    @property
    def last_time(self) -> datetime | None:
        """When it last handled something (UTC); None when it never did."""
        idle = self.idle_seconds
        return None if idle is None else self._clock.now() - timedelta(seconds=idle)


class Activities(dict[str, ItemActivity]):
    """The activities of all items, by name; made when first asked for.

    Args:
        clock: Where time comes from.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def __missing__(self, item: str) -> ItemActivity:
        """Make the activity of an item; of two threads that do, the first counts."""
        return self.setdefault(item, ItemActivity(self._clock))
