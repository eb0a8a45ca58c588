"""Where children come from: a process that has everything imported, and forks one for each order.

So that a child costs milliseconds and not the start of Python. It reads an order a line and
answers with the process id of the child, then with how that ended. Where a system cannot fork, each
child is started anew.
"""

from __future__ import annotations

import gc
import json
import os
import queue
import subprocess
import sys
import threading
from types import TracebackType
from typing import TextIO

from iop_core.bodies import BodyCodec
from iop_engine.backend import LocalBackend
from iop_engine.verification.child import NAMESPACE, ChildOrder, become_child
from iop_engine.verification.production import Load

_HARD_END = 9
_PATIENCE_SECONDS = 60.0


class Child:
    """One process that was ordered.

    Args:
        pid: Its process id.
        ends: Where the nursery tells of its end.
    """

    def __init__(self, pid: int, ends: queue.Queue[str]) -> None:
        self.pid = pid
        self._ends = ends
        self.exit_code: int | None = None

    def poll(self) -> bool:
        """Return whether it has ended."""
        return self._learn(0)

    def kill(self) -> int:
        """End it by force and return its exit code: negative for a signal."""
        if not self.poll():
            # The nursery keeps the process id from being used again until the next order.
            os.kill(self.pid, _HARD_END)
        self.wait()
        return self.exit_code or 0

    def wait(self, timeout_seconds: float = _PATIENCE_SECONDS) -> None:
        """Wait for its end.

        Raises:
            TimeoutError: It lives on.
        """
        if not self._learn(timeout_seconds):
            raise TimeoutError(f"process {self.pid} did not end in {timeout_seconds:g} s")

    def _learn(self, timeout_seconds: float) -> bool:
        if self.exit_code is None:
            try:
                self.exit_code = int(self._ends.get(timeout_seconds > 0, timeout_seconds or None))
            except queue.Empty:
                return False
        return True


class Nursery:
    """Starts children, one at a time; a context manager."""

    def __enter__(self) -> Nursery:
        """Start the process that forks."""
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, name="iop-nursery", daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(_PATIENCE_SECONDS)
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def start(self, order: ChildOrder) -> Child:
        """Start a child; the one before must have ended."""
        if self._process.stdin is None:  # never so: it was asked for
            raise ValueError("the nursery takes no orders")
        self._process.stdin.write(f"{order.to_json()}\n")
        self._process.stdin.flush()
        return Child(int(self._lines.get(timeout=_PATIENCE_SECONDS)), self._lines)

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._lines.put(line)


def _warm_up() -> None:
    """Load the plug-ins and compile the codec, so that no child has to."""
    LocalBackend("", namespace=NAMESPACE)
    codec = BodyCodec()
    codec.decode(codec.encode(Load()))
    gc.freeze()  # nothing of this is copied into children by being looked at


def _fork_for_each(orders: TextIO, answers: TextIO) -> None:
    _warm_up()
    ended = 0
    for line in orders:
        if ended:
            os.waitpid(ended, 0)
        ended = os.fork()
        if not ended:
            become_child(ChildOrder(**json.loads(line)))
        answers.write(f"{ended}\n")
        answers.flush()
        # Learn of the end without giving the process id free: somebody may be about to kill it.
        end = os.waitid(os.P_PID, ended, os.WEXITED | os.WNOWAIT)
        status = 0 if end is None else end.si_status
        answers.write(f"{status if end is not None and end.si_code == os.CLD_EXITED else -status}\n")
        answers.flush()


def _start_for_each(orders: TextIO, answers: TextIO) -> None:
    for line in orders:
        process = subprocess.Popen([sys.executable, "-m", "iop_engine.verification.child", line])  # noqa: S603
        answers.write(f"{process.pid}\n")
        answers.flush()
        answers.write(f"{process.wait()}\n")
        answers.flush()


if __name__ == "__main__":
    (_fork_for_each if hasattr(os, "fork") else _start_for_each)(sys.stdin, sys.stdout)
