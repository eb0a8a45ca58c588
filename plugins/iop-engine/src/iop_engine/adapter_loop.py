"""The thread that asks an inbound adapter for input again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable

from iop_core.adapters import InboundAdapter
from iop_core.clock import Alarm
from iop_engine.handler_loop import HandlerLoop
from iop_engine.instances import one_line
from iop_engine.pace import Pace


class AdapterLoop:
    """Calls an inbound adapter, in a thread of its own.

    As long as there is input the next call follows at once; when there was none, or the
    service wants to wait, or the call failed, the next one comes after the interval. This is what
    InterSystems services do with CallInterval and %WaitForNextCallInterval.

    Args:
        adapter: The adapter.
        turn: Held while the adapter or its service runs.
        loop: Runs its coroutines.
        alarm: Ends the loop.
        pace: When the next call comes.
        on_end: Called after each call with its error in one line; empty when it went well.
    """

    def __init__(
        self,
        adapter: InboundAdapter,
        turn: threading.Lock,
        loop: HandlerLoop,
        alarm: Alarm,
        pace: Pace,
        *,
        on_end: Callable[[str], None],
    ) -> None:
        self._on_end = on_end
        self._adapter = adapter
        self._turn = turn
        self._loop = loop
        self._alarm = alarm
        self._pace = pace
        self._has_rested = threading.Event()
        self._is_resting = False
        self._next_call = 0.0
        self._thread = threading.Thread(target=self._run, name=f"iop-{type(adapter).__name__}", daemon=True)

    def start(self) -> None:
        """Begin to poll."""
        self._thread.start()

    def stop(self) -> None:
        """End the loop after the call in hand."""
        self._alarm.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._has_rested.set()

    def wait_for_poll(self, timeout_seconds: float | None) -> bool:
        """Wait until the adapter was called and had no more input; False when time ran out."""
        return self._has_rested.wait(timeout_seconds)

    def is_resting(self) -> bool:
        """Return whether the adapter is waiting for its next call, which is not due yet."""
        if not self._thread.is_alive():
            return True
        # A thread whose time has come needs a moment to wake up.
        return self._is_resting and self._pace.clock.monotonic() < self._next_call

    def _run(self) -> None:
        if self._pace.waits_first:
            self._rest()
        while not self._alarm.is_set():
            if self._pace.throttle_seconds and self._alarm.wait(self._pace.throttle_seconds):
                return
            if not self._call():
                self._rest()

    def _rest(self) -> None:
        self._next_call = self._pace.clock.monotonic() + self._pace.seconds_to_next()
        self._is_resting = True
        self._has_rested.set()
        self._alarm.wait_until(self._next_call)
        self._is_resting = False

    def _call(self) -> bool:
        """Call the adapter once; return whether to call it again without waiting."""
        service = self._adapter.business_host_python
        with self._turn:
            service._wait_for_next_call_interval = True  # process_input takes it back
            try:
                self._loop.call(self._adapter.on_task)
            except Exception as exc:
                self._adapter.logger.exception("input failed; trying again in %g s", self._pace.seconds_to_next())
                self._on_end(one_line(exc))
                return False
            self._on_end("")
            return not service._wait_for_next_call_interval
