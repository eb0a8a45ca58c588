"""Time as something that is given, so that tests can give another."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from datetime import datetime, timezone
from typing import Protocol


class Alarm(Protocol):
    """An event that one can wait for with a time limit on the clock that made it."""

    def set(self) -> None:
        """Wake everybody who waits, now and later."""
        ...

    def is_set(self) -> bool:
        """Return whether ``set`` was called."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for ``set``; False when ``timeout`` seconds passed first."""
        ...

    def wait_until(self, moment: float) -> bool:
        """Wait for ``set``; False when ``monotonic`` of the clock reached ``moment`` first."""
        ...


class Clock(ABC):
    """What an engine takes time from."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the time of day in UTC."""

    @abstractmethod
    def monotonic(self) -> float:
        """Return seconds that never run backwards."""

    @abstractmethod
    def alarm(self) -> Alarm:
        """Return a new alarm that is not set."""


class SystemAlarm(threading.Event):
    """An alarm on the time of this machine."""

    def wait_until(self, moment: float) -> bool:
        """Wait for ``set``; False when ``time.monotonic`` reached ``moment`` first."""
        return self.wait(min(max(0.0, moment - time.monotonic()), threading.TIMEOUT_MAX))


class SystemClock(Clock):
    """The time of this machine."""

    def now(self) -> datetime:
        """Return the time of day in UTC."""
        return datetime.now(timezone.utc)

    # As it is: several times for each message a call of our own around it would show.
    monotonic = staticmethod(time.monotonic)  # pyright: ignore[reportAssignmentType] - it is called the same

    def alarm(self) -> Alarm:
        """Return a new alarm that is not set."""
        return SystemAlarm()
