"""A clock that tests move forward by hand."""

from __future__ import annotations

import math
import threading
from datetime import datetime, timedelta, timezone

from iop_core.clock import Alarm, Clock

# A wait on a released clock lasts so long in real time, so that who waits in a loop leaves others room to end.
_RELEASED_WAIT_SECONDS = 0.01


class VirtualClock(Clock):
    """Time stands still until ``advance`` is called; nobody who waits on it sleeps for real.

    Args:
        start: The time of day at first (UTC).

    Example:
        >>> clock = VirtualClock()
        >>> clock.advance(30)
        >>> clock.monotonic()
        30.0
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=timezone.utc)) -> None:
        self._start = start
        self._elapsed_seconds = 0.0
        self._is_released = False
        self._lock = threading.RLock()
        # One entry for each wait that goes on.
        self._waiting: list[threading.Condition] = []

    def now(self) -> datetime:
        """Return the virtual time of day."""
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Return the seconds that ``advance`` added up to."""
        with self._lock:
            return self._elapsed_seconds

    def alarm(self) -> Alarm:
        """Return a new alarm that is not set."""
        return VirtualAlarm(self, self._lock, self._waiting)

    def advance(self, seconds: float) -> None:
        """Move the time forward and wake everybody whose time has come."""
        with self._lock:
            self._elapsed_seconds += seconds
            for changed in self._waiting:
                changed.notify_all()

    def release(self) -> None:
        """End every wait, now and later, as if its time had come; the time of day stays.

        ``run_production`` does it when a production does not stop because a handler waits for a
        time that no test will reach any more.
        """
        with self._lock:
            self._is_released = True
            for changed in self._waiting:
                changed.notify_all()

    @property
    def is_released(self) -> bool:
        """Whether ``release`` was called."""
        return self._is_released


class VirtualAlarm:
    """An alarm on a virtual clock; made by ``VirtualClock.alarm``.

    Args:
        clock: The clock.
        lock: Guards the time, all alarms and ``waiting``.
        waiting: Whom to notify when time moves; a wait adds itself for its length.
    """

    def __init__(self, clock: VirtualClock, lock: threading.RLock, waiting: list[threading.Condition]) -> None:
        self._clock = clock
        self._waiting = waiting
        # Its own, so that setting one alarm among thousands wakes nobody else.
        self._changed = threading.Condition(lock)
        self._is_set = False

    def set(self) -> None:
        """Wake everybody who waits, now and later."""
        with self._changed:
            self._is_set = True
            self._changed.notify_all()

    def is_set(self) -> bool:
        """Return whether ``set`` was called."""
        return self._is_set

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for ``set``; False when ``timeout`` virtual seconds passed first."""
        return self.wait_until(math.inf if timeout is None else self._clock.monotonic() + timeout)

    def wait_until(self, moment: float) -> bool:
        """Wait for ``set``; False when the virtual time reached ``moment`` first."""
        with self._changed:
            self._waiting.append(self._changed)
            try:
                self._changed.wait_for(
                    lambda: self._is_set or self._clock.is_released or self._clock.monotonic() >= moment
                )
                if self._clock.is_released and not self._is_set:
                    self._changed.wait(_RELEASED_WAIT_SECONDS)
            finally:
                self._waiting.remove(self._changed)
            return self._is_set
