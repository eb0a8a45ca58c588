"""A backend under test: how the conformance suites run productions on it.

An author of a backend subclasses the suites and gives one fixture, or two:

    class TestMySending(SendingSuite):
        @pytest.fixture
        def open_backend(self, tmp_path: Path) -> Callable[[], Backend]:
            return lambda: MyBackend.open(f"mine:{tmp_path}", namespace="USER")
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import pytest

from iop_core import Message
from iop_core.backends import Backend, MessageHistory, RunOptions
from iop_core.definitions import ProductionDefinition
from iop_production import Production
from iop_testing.production_run import ProductionRun, definition_of
from iop_testing.virtual_clock import VirtualClock

_T = TypeVar("_T")

# So long a backend may take for what ought to be immediate, before a test fails instead of hanging.
PATIENCE_SECONDS = 20.0


@dataclass
class Note(Message):
    """The message of the suites."""

    text: str = ""


class BackendTrial:
    """Runs productions at one place of a backend, one after the other, on a clock that the test moves.

    Args:
        open_backend: Opens the place.
        open_crashed: Opens a copy of what a crash at this moment would leave; None: the backend
            has no way to make one.

    Attributes:
        clock: The clock of all runs; it goes on from one run to the next.
        seen: For components to note what they did.
        gate: For components to wait at with ``pass_gate``; open at first.
    """

    def __init__(self, open_backend: Callable[[], Backend], open_crashed: Callable[[], Backend] | None) -> None:
        self._backend = open_backend()
        self._open_crashed = open_crashed
        self.clock = VirtualClock()
        self.seen: list[str] = []
        self.gate = threading.Event()
        self.gate.set()

    @property
    def backend(self) -> Backend:
        """The backend, for what has no shorter way here."""
        return self._backend

    @contextmanager
    def run(
        self,
        production: Production | ProductionDefinition,
        *,
        read_again: Callable[[], ProductionDefinition] | None = None,
        fingerprint: Callable[[], Mapping[str, str]] | None = None,
    ) -> Generator[ProductionRun, None, None]:
        """Run a production for the length of a ``with`` block; run it again for a restart.

        Args:
            production: What to run.
            read_again: As for ``RunOptions``.
            fingerprint: As for ``RunOptions``.
        """
        options = RunOptions(clock=self.clock, read_again=read_again, fingerprint=fingerprint)
        running = self._backend.run(definition_of(production), options)
        try:
            yield ProductionRun(running)
        finally:
            self.gate.set()
            running.stop()

    def crash(self) -> None:
        """Have later runs begin with what a crash at this moment leaves.

        What runs now goes on at the old place, where it harms nobody, until its block ends.
        """
        if self._open_crashed is None:
            pytest.skip("this backend has no way to show what a crash leaves: override 'open_crashed'")
        self._backend = self._open_crashed()

    def history(self) -> MessageHistory:
        """Return what is stored, read without a running production."""
        return self._backend.history()

    def pass_gate(self) -> None:
        """Wait until the gate is open; for components."""
        # Longer than ``until``: what waits here must not go on while a test still waits for somebody else.
        assert self.gate.wait(2 * PATIENCE_SECONDS), "the test never opened the gate"

    def until(self, condition: Callable[[], _T]) -> _T:
        """Wait until other threads have come so far that a condition holds, and return what it returned."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (found := condition()):
            assert time.monotonic() < deadline, "not reached in time"
            time.sleep(0.001)
        return found

    def pass_time_until(self, condition: Callable[[], _T], *, step_seconds: float = 1.0) -> _T:
        """Move the clock again and again until a condition holds, and return what it returned."""

        def after_a_step() -> _T:
            if not (found := condition()):
                self.clock.advance(step_seconds)
            return found

        return self.until(after_a_step)


def in_background(function: Callable[[], _T]) -> Future[_T]:
    """Call a function in another thread; ``result(PATIENCE_SECONDS)`` gives or raises what came of it."""
    outcome: Future[_T] = Future()

    def run() -> None:
        try:
            outcome.set_result(function())
        except BaseException as exc:  # noqa: BLE001 - boundary: raised again by the caller
            outcome.set_exception(exc)

    # A daemon, unlike the threads of a pool: one that hangs must not keep the process from ending.
    threading.Thread(target=run, daemon=True).start()
    return outcome


class BackendSuite:
    """Fixtures of the suites for backends."""

    @pytest.fixture
    def open_backend(self) -> Callable[[], Backend]:
        """Return a function that opens the same place, empty at first, each time it is called."""
        raise NotImplementedError("override the 'open_backend' fixture: return a function that opens your backend")

    @pytest.fixture
    def open_crashed(self) -> Callable[[], Backend] | None:
        """Return a function that opens a copy of what a crash at this moment would leave; None: cannot be had."""
        return None

    @pytest.fixture
    def trial(
        self, open_backend: Callable[[], Backend], open_crashed: Callable[[], Backend] | None
    ) -> Iterator[BackendTrial]:
        """Open the backend."""
        trial = BackendTrial(open_backend, open_crashed)
        yield trial
        trial.gate.set()
