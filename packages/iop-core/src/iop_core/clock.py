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


class SystemClock(Clock):
    """The time of this machine."""

    def now(self) -> datetime:
        """Return the time of day in UTC."""
        return datetime.now(timezone.utc)

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()

    def alarm(self) -> Alarm:
        """Return a new ``threading.Event``."""
        return threading.Event()
