"""Calling ``on_keepalive`` from time to time, between messages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from iop_core.adapters import OutboundAdapter
from iop_core.clock import Clock
from iop_core.component import Component
from iop_core.operations import BusinessOperation
from iop_engine.component_host import ComponentHost
from iop_engine.handler_loop import HandlerLoop

DEFAULT_KEEPALIVE_INTERVAL_SECONDS = 30.0

_PLAIN = (BusinessOperation.on_keepalive, OutboundAdapter.on_keepalive)


class Keepalive:
    """Has the worker of some instances call their ``on_keepalive`` once per interval.

    A call that is due while a message is handled comes right after that; those that become
    due before it came are left out.

    Args:
        instances: An operation and its adapter; those without the hook are never called.
        host: Their side of the engine.
        loop: Runs coroutines.
        clock: Where time comes from.
    """

    def __init__(
        self, instances: Sequence[Component | None], host: ComponentHost, loop: HandlerLoop, clock: Clock
    ) -> None:
        self._instances = [
            each
            for each in instances
            if isinstance(each, (BusinessOperation, OutboundAdapter)) and type(each).on_keepalive not in _PLAIN
        ]
        self._host = host
        self._loop = loop
        self._clock = clock
        self._alarm = clock.alarm()
        self._is_due = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_needed(self) -> bool:
        """Whether any of the instances has the hook."""
        return bool(self._instances)

    def start(self, interval_seconds: float, do_between: Callable[[Callable[[], None]], None]) -> None:
        """Begin.

        Args:
            interval_seconds: Time from one call to the next.
            do_between: Has the worker do something as soon as it handles no message.
        """
        begin = self._clock.monotonic()
        self._thread = threading.Thread(
            target=self._run, args=(begin, interval_seconds, do_between), name="iop-keepalive", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End; repeatable."""
        self._alarm.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, moment: float, interval_seconds: float, do_between: Callable[[Callable[[], None]], None]) -> None:
        while not self._alarm.wait_until(moment + interval_seconds):
            moment = max(moment + interval_seconds, self._clock.monotonic() - interval_seconds)
            if not self._is_due.is_set():
                self._is_due.set()
                do_between(self._call)

    def _call(self) -> None:
        self._is_due.clear()
        for instance in self._instances:
            self._host.enter_input()
            try:
                self._loop.call(instance.on_keepalive)
            except Exception:
                instance.logger.exception("on_keepalive failed")
            finally:
                self._host.leave()
