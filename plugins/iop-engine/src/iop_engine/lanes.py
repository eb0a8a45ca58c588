"""The lanes of a running production: which queues are served, and by how many jobs."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator

from iop_core.definitions import ItemDefinition, ProductionDefinition
from iop_core.errors import ComponentStartError
from iop_core.headers import BusinessType
from iop_engine.addresses import ACTOR_QUEUE, queue_of
from iop_engine.in_proc_calls import is_in_proc
from iop_engine.in_proc_lane import InProcLane
from iop_engine.lane import Lane, build_lane
from iop_engine.runtime import Runtime
from iop_engine.start_hooks import StartHooks

_LOG = logging.getLogger("iop.engine")

# A stop takes away the input first; a start lets it in last.
START_ORDER = (BusinessType.OPERATION, BusinessType.PROCESS, BusinessType.UNKNOWN, BusinessType.SERVICE)
STOP_ORDER = (BusinessType.SERVICE, BusinessType.UNKNOWN, BusinessType.PROCESS, BusinessType.OPERATION)


class Lanes:
    """Starts and stops the lanes of items; used by one thread at a time.

    Args:
        runtime: What the engine's parts share.
        alarms: The lane of the timers.
    """

    def __init__(self, runtime: Runtime, alarms: Lane) -> None:
        self._runtime = runtime
        self._alarms = alarms
        self._lanes: dict[str, Lane] = {}
        # Their items were stopped, and a handler was still at work then.
        self._late: dict[str, Lane] = {}
        self._hooks = StartHooks(runtime)

    def find(self, queue: str) -> Lane | None:
        """Return the lane that serves a queue, or None."""
        return self._lanes.get(queue)

    def all(self) -> Iterator[Lane]:
        """Return all lanes that run, with that of the timers."""
        yield from tuple(self._lanes.values())
        yield self._alarms

    def start_alarms(self) -> None:
        """Let timers ring."""
        self._alarms.start()

    def start(self, production: ProductionDefinition, queue: str, update_timeout_seconds: float) -> Lane:
        """Start the lane of a queue; its adapters do not look for input yet.

        Raises:
            ComponentStartError: A component could not start, or a job from before still works.
        """
        items = items_of(production, queue)
        late = self._late.pop(queue, None)
        if late is not None and not late.stop(time.monotonic() + update_timeout_seconds):
            self._late[queue] = late
            raise ComponentStartError(
                items[0].name, "a message from before its stop is still being handled; start it when that has ended"
            )
        size = production.actor_pool_size if queue == ACTOR_QUEUE else items[0].pool_size
        if is_in_proc(items[0]):
            lane: Lane = InProcLane(items[0], self._runtime)
        else:
            lane = build_lane(queue, items, max(1, size), self._runtime)
        self._lanes[queue] = lane
        try:
            self._hooks.begin(queue, items)
            lane.start()
        except BaseException:
            self.stop(queue, time.monotonic() + update_timeout_seconds)
            raise
        return lane

    def stop(self, queue: str, deadline: float) -> bool:
        """Stop the lane of a queue; False when a handler did not end by then."""
        lane = self._lanes.pop(queue, None)
        if lane is None:
            return True
        has_ended = lane.stop(deadline)
        self._hooks.end(queue, deadline)
        if not has_ended:
            self._late[queue] = lane
        return has_ended

    def has_ended(self, queue: str, deadline: float) -> bool:
        """Return whether no job of a queue is at work by then, though its items were stopped."""
        late = self._late.get(queue)
        if late is not None and late.stop(deadline):
            del self._late[queue]
        return queue not in self._lanes and queue not in self._late

    def stop_all(self, deadline: float) -> None:
        """Take away the input, have what callers wait for answered, then stop the rest."""
        for kind in STOP_ORDER[:2]:
            for lane in self.all():
                if lane.kind is kind:
                    lane.stop(deadline)
                    self._hooks.end(lane.queue, deadline)
        self._quiesce([lane for lane in self.all() if lane.kind in STOP_ORDER[2:]], deadline)
        for kind in STOP_ORDER[2:]:
            for lane in self.all():
                if lane.kind is kind:
                    lane.stop(deadline)
                    self._hooks.end(lane.queue, deadline)
        self._lanes.clear()

    def _quiesce(self, lanes: Iterable[Lane], deadline: float) -> None:
        """Have synchronous messages handled, but no asynchronous ones, until nobody waits for an answer."""
        lanes = tuple(lanes)
        for lane in lanes:
            lane.quiesce()
        if self._is_answered(lanes):
            return
        _LOG.info("no more input; what callers wait for is still answered")
        while time.monotonic() < deadline and not self._is_answered(lanes):
            time.sleep(0.001)

    def _is_answered(self, lanes: Iterable[Lane]) -> bool:
        return self._runtime.store.is_resting({lane.queue: lane.jobs for lane in lanes})


def items_of(production: ProductionDefinition, queue: str) -> list[ItemDefinition]:
    """Return the items whose messages wait in a queue."""
    return [item for item in production.items if queue_of(item) == queue]
