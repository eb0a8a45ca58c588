"""Timers of process instances: requests that are answered when their time has come.

A timer is a stored request in a queue of its own. It is taken from there at once but
settled only when it is due: so one that a stop or a crash left open is simply taken
again after the next start.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush

from iop_core.alarms import ALARM_ITEM, AlarmRequest
from iop_core.clock import Alarm
from iop_core.definitions import ItemDefinition
from iop_core.errors import StoreError
from iop_core.store_units import Delivery, Unit
from iop_engine import crash_points
from iop_engine.addresses import ALARM_QUEUE
from iop_engine.runtime import Runtime
from iop_engine.settlement import answer, failure, settled
from iop_engine.worker import Runner, Settle

# The time of day may be set while we wait: so it is looked at again after so long.
LOOK_AGAIN_SECONDS = 60.0

ALARMS = ItemDefinition(ALARM_ITEM, "service", None)

_LOG = logging.getLogger("iop.engine")


@dataclass(order=True, slots=True)
class Waiting:
    """A timer that is not yet due.

    Attributes:
        due: When it is.
        message_id: The request, which also orders those that are due at once.
        delivery: The request as it was taken.
    """

    due: datetime
    message_id: int
    delivery: Delivery = field(compare=False)


class AlarmRunner(Runner):
    """Answers the timers of all process instances in order of their due time.

    Args:
        runtime: What the engine's parts share.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._clock = runtime.clock
        self._lock = threading.Lock()
        self._waiting: list[Waiting] = []
        self._changed: Alarm = self._clock.alarm()
        self._is_stopped = False
        self._thread = threading.Thread(target=self._run, name="iop-alarms", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def handle(self, delivery: Delivery, settle: Settle) -> None:
        """Keep a timer until it is due."""
        try:
            request = self._runtime.codec.decode(delivery.body)
            if not isinstance(request, AlarmRequest):
                raise TypeError(f"{ALARM_ITEM} takes {AlarmRequest.__name__} only, not {type(request).__name__}")
        except Exception as exc:  # noqa: BLE001 - boundary: whatever a damaged body leads to
            settle(failure(ALARMS, delivery, exc, self._clock.now()))
            return
        with self._lock:
            heappush(self._waiting, Waiting(request.due, delivery.message_id, delivery))
            self._changed.set()

    def is_resting(self) -> bool:
        """Return whether every stored timer is known here and none is due."""
        with self._lock:
            known = len(self._waiting)
            if known and self._waiting[0].due <= self._clock.now():
                return False
        stored = next((queue.count for queue in self._runtime.store.reader.queues() if queue.name == ALARM_QUEUE), 0)
        return stored == known

    def stop(self) -> None:
        """Leave the timers to the next start."""
        with self._lock:
            self._is_stopped = True
            self._changed.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._is_stopped:
            with self._lock:
                # Before the time is looked at: whatever changes from here on ends the wait.
                self._changed = changed = self._clock.alarm()
                moment = self._clock.monotonic()
                waiting_seconds = self._seconds_to_wait()
            if waiting_seconds > 0:
                changed.wait_until(moment + waiting_seconds)
                continue
            try:
                self._answer_next()
            except StoreError as exc:
                _LOG.error("timers are no longer answered: %s", exc)
                return

    def _seconds_to_wait(self) -> float:
        if self._is_stopped or not self._waiting:
            return LOOK_AGAIN_SECONDS
        return min((self._waiting[0].due - self._clock.now()).total_seconds(), LOOK_AGAIN_SECONDS)

    def _answer_next(self) -> None:
        with self._lock:
            request = heappop(self._waiting).delivery
        crash_points.reach("timer.due")
        self._runtime.store.submit(Unit(settled=[settled(request)], new=[answer(ALARMS, request)]))
