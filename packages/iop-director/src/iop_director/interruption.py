"""SIGTERM taken as Ctrl-C, by what shows a log until it is interrupted."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def sigterm_as_interrupt() -> Generator[None]:
    """Have SIGTERM raise KeyboardInterrupt in the block; outside of the main thread nothing changes.

    A supervisor ends programs with SIGTERM, and what they started is to be stopped then, too.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
