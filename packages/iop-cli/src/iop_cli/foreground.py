"""Running a production in the foreground until it is told to stop."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from iop_cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from iop_core.backends import RunningProduction

_IDLE_CHECK_SECONDS = 0.2


class StopSignals:
    """Ctrl-C and SIGTERM as a request to stop, while the ``with`` block runs.

    The first one is remembered; a second one ends the process at once with exit code 130.
    """

    def __init__(self) -> None:
        # SimpleQueue.put may be called from a signal handler; Event.set may not.
        self._received: SimpleQueue[int] = SimpleQueue()
        self._previous: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}
        self.requested = False

    def __enter__(self) -> StopSignals:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._previous[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def send(self) -> None:
        """Have ``wait`` return as if a signal had come."""
        self._received.put(0)

    def wait(self) -> None:
        """Wait for the first signal."""
        self._received.get()

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if self.requested:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            os._exit(ExitCode.INTERRUPTED)
        self.requested = True
        os.write(2, b"Stopping; press Ctrl-C again to leave at once.\n")
        self._received.put(number)


def serve(running: RunningProduction, signals: StopSignals, *, until_idle: bool) -> None:
    """Keep a production running until a signal comes or somebody else stops it, then stop it.

    Args:
        running: The production.
        signals: Where signals arrive.
        until_idle: Also stop as soon as nothing is left to do.
    """

    def tell() -> None:
        running.wait_until_stopped()
        signals.send()

    try:
        if until_idle:
            while not signals.requested and not running.wait_until_idle(_IDLE_CHECK_SECONDS):
                pass
        else:
            # Only the main thread gets signals, and it can wait for one thing at a time.
            threading.Thread(target=tell, name="iop-watch-stop", daemon=True).start()
            signals.wait()
    finally:
        running.stop()
