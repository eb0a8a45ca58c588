"""Load for a production: adapters that hand over inputs as fast as they are taken."""

from __future__ import annotations

import threading
import time
from typing import Any

from benchmarks.messages import Order
from iop_core import BusinessService, InboundAdapter, target


class Load:
    """So many inputs, shared by all adapters of a production, and how long each took.

    Args:
        count: Number of inputs.
    """

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._left = count
        self._open = count
        self._latencies: list[float] = []
        self.begin = threading.Event()
        self.end = threading.Event()

    @property
    def latencies(self) -> list[float]:
        """Seconds from the start of each input until its sender could go on."""
        return self._latencies

    def feed(self, adapter: InboundAdapter) -> None:
        """Hand over inputs until all are taken."""
        self.begin.wait()
        while (number := self._take()) is not None:
            start = time.perf_counter()
            adapter.business_host.process_input(number)
            spent = time.perf_counter() - start
            with self._lock:
                self._latencies.append(spent)
                self._open -= 1
                if not self._open:
                    self.end.set()

    def _take(self) -> int | None:
        with self._lock:
            if not self._left:
                return None
            self._left -= 1
            return self._left


# The engine makes the adapters, so they find their load here.
current = Load(0)


def prepare(count: int) -> Load:
    """Make a load the current one and return it."""
    global current
    current = Load(count)
    return current


class Feeder(InboundAdapter):
    """Hands over what the current load holds."""

    def on_task(self) -> None:
        """Feed."""
        current.feed(self)


class Sender(BusinessService):
    """Stores each input as a message before it takes the next."""

    Output = target()

    def on_process_input(self, message_input: Any = None) -> None:
        """Send."""
        self.send_request_async(self.Output, Order(message_input))


class Caller(Sender):
    """Waits for the answer of each input."""

    def on_process_input(self, message_input: Any = None) -> None:
        """Call."""
        self.send_request_sync(self.Output, Order(message_input), timeout=60)
