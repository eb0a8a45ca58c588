"""The items of a running production: starting and stopping them all, or single ones."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from functools import partial

from iop_core.definitions import ItemDefinition, ProductionDefinition
from iop_core.errors import ComponentStartError, IopError, SharedJobsError
from iop_core.item_control import ItemState, ItemStatus, UpdateResult
from iop_core.services import BusinessService
from iop_core.store_units import Unit
from iop_engine.activity_windows import ActivityWindows
from iop_engine.addresses import ACTOR_QUEUE, AddressBook, queue_of
from iop_engine.in_proc_calls import is_in_proc
from iop_engine.item_switches import ItemSwitches
from iop_engine.lanes import START_ORDER, Lanes, items_of
from iop_engine.production_changes import compare
from iop_engine.queue_moves import QueueMoves
from iop_engine.runtime import Runtime
from iop_engine.scheduler import Scheduler

_LOG = logging.getLogger("iop.engine")

NO_JOBS = "has pool size 0: it does not run"
OUTSIDE = "outside of its schedule"


class Items:
    """Which items of a production run.

    Args:
        production: The production.
        lanes: What runs.
        runtime: What the engine's parts share.
    """

    def __init__(self, production: ProductionDefinition, lanes: Lanes, runtime: Runtime) -> None:
        self.production = production
        self._lanes = lanes
        self._runtime = runtime
        self._switches = ItemSwitches(runtime.store.reader.notes())
        self._windows = ActivityWindows(production, runtime.clock)
        self._moves = QueueMoves(runtime.store)
        self._scheduler = Scheduler(runtime.clock, self._follow_schedules)
        # Item to the reason why it could not start.
        self._failed: dict[str, str] = {}
        self._turn = threading.RLock()
        self._is_up = False

    def start_all(self) -> None:
        """Start operations, then processes, then services; returns when all are ready.

        Raises:
            ComponentStartError: One could not start.
        """
        with self._turn:
            self._follow_queues()
            self.start_queues(dict.fromkeys(queue_of(item) for item in self.production.items))
            self._lanes.start_alarms()
            self._is_up = True
            for lane in self._lanes.all():
                lane.start_input()
        self._scheduler.start()

    def stop_all(self) -> None:
        """Stop services, then processes, then operations, at the latest when the shutdown timeout is over."""
        self._scheduler.stop()
        with self._turn:
            self._is_up = False
            self._lanes.stop_all(time.monotonic() + self.production.shutdown_timeout_seconds)

    def start_queues(self, queues: Iterable[str]) -> None:
        """Start the lanes of queues whose items are to run, in the order of a start."""
        wanted = [queue for queue in queues if self._lanes.find(queue) is None and self.why_off(queue) is None]
        kinds = {queue: items_of(self.production, queue)[0].business_type for queue in wanted}
        for kind in START_ORDER:
            for queue in wanted:
                if kinds[queue] is kind:
                    self._start_queue(queue)

    def why_off(self, queue: str) -> tuple[ItemState, str] | None:
        """Return why the items of a queue are not to run; None when they are."""
        item = items_of(self.production, queue)[0]
        if queue == ACTOR_QUEUE:  # they are all enabled, or none
            return None if item.enabled else (ItemState.DISABLED, "disabled in the production")
        if item.pool_size == 0 and not _serves_callers(item) and not is_in_proc(item):
            return ItemState.DISABLED, NO_JOBS
        why = self._switches.why_off(item)
        if why is None and not self._windows.is_active(item):
            return ItemState.DISABLED, OUTSIDE
        return why

    def start(self, name: str) -> None:
        """Have an item run; see ``ItemControl``."""
        with self._turn:
            item = self._alone(name)
            self._store_notes(self._switches.start(item))
            why = self.why_off(item.name)
            if why is not None and why[1] == OUTSIDE:
                return
            if why is not None:
                raise ComponentStartError(name, why[1])
            self.start_queues([item.name])

    def stop(self, name: str) -> None:
        """Have an item not run for now; see ``ItemControl``."""
        with self._turn:
            item = self._alone(name)
            self._switches.stop(name)
            self._stop_queue(item.name)

    def restart(self, name: str) -> None:
        """Stop an item and start it; processes that share their jobs are restarted together."""
        with self._turn:
            queue = self._runtime.addresses.get(name).queue
            self._stop_queue(queue)
            if queue == ACTOR_QUEUE:
                self.start_queues([queue])
            else:
                self.start(name)

    def disable(self, name: str) -> None:
        """Have an item not run, now and later; see ``ItemControl``."""
        with self._turn:
            item = self._alone(name)
            self._store_notes(self._switches.disable(name))
            self._stop_queue(item.name)

    def disable_from_inside(self, name: str, reason: str) -> None:
        """Disable an item on behalf of its own component; returns at once.

        Its jobs take no further message from now on.
        """
        _LOG.error("item %r is disabled: %s", name, reason, extra={"iop_item": name})
        self._runtime.store.close_queue(self._runtime.addresses.get(name).queue)
        threading.Thread(target=partial(self._disable_calmly, name), name="iop-disable", daemon=True).start()

    def update(
        self, production: ProductionDefinition, addresses: AddressBook, windows: ActivityWindows
    ) -> UpdateResult:
        """Make what runs like a new definition; see ``ItemControl``.

        Args:
            production: The new definition; it can be run.
            addresses: Its addresses.
            windows: Its schedules.
        """
        with self._turn:
            changes = compare(self.production, production)
            stopped = [queue for queue in changes.queues_to_stop if self._lanes.find(queue) is not None]
            for queue in stopped:
                self._stop_queue(queue)
            for name in (*changes.changed, *changes.added):
                item = production.item(name)
                if item is not None:
                    self._store_notes(self._switches.follow(self.production.item(name), item))
            self.production = production
            self._windows = windows
            self._scheduler.look_again()
            self._runtime.keeps_trace = production.log_trace_events
            self._runtime.addresses.follow(addresses)
            self._follow_queues()
            failed = self._start_again(changes.queues_to_start)
            counts = {queue.name: queue.count for queue in self._runtime.store.reader.queues()}
            return UpdateResult(
                changes.added,
                changes.removed,
                changes.changed,
                failed,
                {name: counts[name] for name in changes.removed if name in counts},
            )

    def _start_again(self, queues: Iterable[str]) -> dict[str, str]:
        """Start what an update stopped or brought; return which items could not start, and why."""
        failed: dict[str, str] = {}
        for kind in START_ORDER:
            for queue in queues:
                if items_of(self.production, queue)[0].business_type is kind:
                    try:
                        self.start_queues([queue])
                    except ComponentStartError as exc:
                        _LOG.error("%s", exc, extra={"iop_item": exc.item})
                        failed[exc.item] = exc.reason
        return failed

    def statuses(self) -> list[ItemStatus]:
        """Return every item, in the order of the production."""
        counts = {queue.name: queue.count for queue in self._runtime.store.reader.queues()}
        return [self._status(item, counts) for item in self.production.items]

    def _follow_schedules(self) -> float | None:
        """Start and stop what schedules say; return for how many seconds that is enough."""
        with self._turn:
            if not self._is_up or not self._windows.items:
                return None
            for name in self._windows.items:
                is_wanted = self.why_off(name) is None
                if is_wanted == (self._lanes.find(name) is not None):
                    continue
                _LOG.info("item %r is %s by its schedule", name, "started" if is_wanted else "stopped")
                if is_wanted:
                    self._start_again([name])
                else:
                    self._stop_queue(name)
            return self._windows.seconds_to_next()

    def _status(self, item: ItemDefinition, counts: dict[str, int]) -> ItemStatus:
        queue = queue_of(item)
        lane = self._lanes.find(queue)
        activity = self._runtime.activities[item.name]
        state, reason = ItemState.RUNNING, ""
        if lane is None:
            state, reason = self.why_off(queue) or (ItemState.STOPPED, "")
            if item.name in self._failed:
                state, reason = ItemState.ERROR, self._failed[item.name]
        elif self._runtime.in_hand.is_retrying(item.name):
            state, reason = ItemState.RETRYING, activity.last_error
        elif activity.last_error:
            state, reason = ItemState.ERROR, activity.last_error
        elif activity.is_inactive:
            state = ItemState.INACTIVE
        return ItemStatus(
            name=item.name,
            kind=item.kind,
            state=state,
            reason=reason,
            queue=queue,
            queue_count=counts.get(queue, 0),
            jobs=0 if lane is None else lane.jobs,
            pool_size=item.pool_size,
            last_activity=activity.last_time,
            handled=activity.handled,
            errors=activity.errors,
        )

    def _start_queue(self, queue: str) -> None:
        names = [item.name for item in items_of(self.production, queue)]
        try:
            self._gather(queue)
            lane = self._lanes.start(self.production, queue, self.production.update_timeout_seconds)
        except ComponentStartError as exc:
            self._failed[exc.item] = exc.reason
            raise
        for name in names:
            self._failed.pop(name, None)
        if self._is_up:
            lane.start_input()

    def _follow_queues(self) -> None:
        """Move the messages of items that have another queue now, or are gone, where no job stands in the way."""
        now = time.monotonic()
        self._moves.follow(self.production.items, can_move=self._lanes.has_ended(ACTOR_QUEUE, now))
        for item in self._moves.due(self.production.items, ACTOR_QUEUE):
            if self._lanes.has_ended(ACTOR_QUEUE, now) and self._lanes.has_ended(item.name, now):
                self._moves.move(item.name, queue_of(item))

    def _gather(self, queue: str) -> None:
        """Move the messages that stayed where they were because a job was at work, before a queue is served."""
        for item in self._moves.due(self.production.items, queue):
            other = item.name if queue == ACTOR_QUEUE else ACTOR_QUEUE
            if not self._lanes.has_ended(other, time.monotonic() + self.production.update_timeout_seconds):
                raise ComponentStartError(
                    item.name,
                    f"its messages cannot move to queue {queue_of(item)!r} while jobs of {other!r} are at work; start "
                    "it when those have ended",
                )
            self._moves.move(item.name, queue_of(item))

    def _stop_queue(self, queue: str) -> bool:
        return self._lanes.stop(queue, time.monotonic() + self.production.update_timeout_seconds)

    def _alone(self, name: str) -> ItemDefinition:
        """Return an item that has jobs of its own."""
        queue = self._runtime.addresses.get(name).queue
        items = items_of(self.production, queue)
        if queue == ACTOR_QUEUE:
            raise SharedJobsError(name, [item.name for item in items if item.name != name])
        return items[0]

    def _disable_calmly(self, name: str) -> None:
        try:
            self.disable(name)
        except IopError as exc:  # the production is being stopped
            _LOG.warning("item %r could not be disabled: %s", name, exc)

    def _store_notes(self, notes: dict[str, str]) -> None:
        if notes:
            self._runtime.store.submit(Unit(notes=notes)).wait()


def _serves_callers(item: ItemDefinition) -> bool:
    """Return whether an item without jobs of its own is a service that programs outside call."""
    is_service = item.component_class is None or issubclass(item.component_class, BusinessService)
    return is_service and item.kind == "service" and item.adapter_class is None and not item.adapter_class_name
