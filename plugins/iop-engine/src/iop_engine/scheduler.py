"""A thread that looks whenever a clock may say something new, such as for the schedules of items."""

from __future__ import annotations

import threading
from collections.abc import Callable

from iop_core.clock import Clock


class Scheduler:
    """Has something looked at when it is time, or when it was changed.

    Args:
        clock: Where time comes from.
        look: Does what is due, and returns after how many seconds to look again; None when there
            is nothing to wait for.
        name: Name of the thread.
    """

    def __init__(self, clock: Clock, look: Callable[[], float | None], *, name: str = "iop-scheduler") -> None:
        self._clock = clock
        self._look = look
        self._lock = threading.Lock()
        self._changed = clock.alarm()
        self._is_stopped = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def start_once(self) -> None:
        """Begin to look, unless that was done already."""
        if self._thread.ident is None:
            self._thread.start()

    def look_again(self) -> None:
        """Have it looked at now, because it was changed."""
        with self._lock:
            self._changed.set()

    def stop(self) -> None:
        """End; repeatable."""
        self._is_stopped = True
        self.look_again()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._is_stopped:
            with self._lock:
                # Before the look: whatever changes from here on ends the wait.
                self._changed = changed = self._clock.alarm()
            moment = self._clock.monotonic()
            if self._is_stopped:
                return
            seconds = self._look()
            if seconds is None:
                changed.wait()
            else:
                changed.wait_until(moment + seconds)
