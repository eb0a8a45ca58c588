"""Looking at queues and idle items from time to time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from iop_core.definitions import ProductionDefinition
from iop_core.errors import StoreError
from iop_core.events import QueueStatus
from iop_engine.alerts.alert_settings import AlertSettings
from iop_engine.alerts.item_alerts import ItemAlerts
from iop_engine.assumptions import ALERT_CLEARED_BELOW
from iop_engine.runtime import Runtime

CHECK_SECONDS = 5.0

_LOG = logging.getLogger("iop.engine")


@dataclass(frozen=True, slots=True)
class _Watched:
    """One item that is looked at."""

    item: str
    queue: str
    settings: AlertSettings


class ItemWatch:
    """Checks every five seconds of the engine's clock, in a thread of its own, what no message tells.

    Args:
        runtime: What the engine's parts share.
        alerts: Raises the alerts.
        is_running: Whether an item runs.
    """

    def __init__(self, runtime: Runtime, alerts: ItemAlerts, is_running: Callable[[str], bool]) -> None:
        self._runtime = runtime
        self._alerts = alerts
        self._is_running = is_running
        self._clock = runtime.clock
        self._alarm = self._clock.alarm()
        self._watched: list[_Watched] = []
        # Item to the moment since which it can have had something to do.
        self._running_since: dict[str, float] = {}
        self._next_check = 0.0
        self._thread: threading.Thread | None = None

    def follow(self, production: ProductionDefinition) -> None:
        """Take over which items are to be looked at, and begin to look when there are any."""
        addresses = self._runtime.addresses
        self._watched = [
            _Watched(item.name, addresses.get(item.name).queue, settings)
            for item in production.items
            if (settings := self._alerts.settings_of(item.name)).needs_watching and not self._alerts.is_quiet(item.name)
        ]
        if self._watched and self._thread is None and not self._alarm.is_set():
            begin = self._clock.monotonic()
            self._next_check = begin + CHECK_SECONDS
            for watched in self._watched:
                self._running_since.setdefault(watched.item, begin)
            self._thread = threading.Thread(target=self._run, name="iop-watch", daemon=True)
            self._thread.start()

    def is_resting(self) -> bool:
        """Return whether no check is due."""
        return self._thread is None or self._clock.monotonic() < self._next_check or not self._thread.is_alive()

    def stop(self) -> None:
        """End; repeatable."""
        self._alarm.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._alarm.wait_until(self._next_check):
            for watched in self._watched:
                try:
                    self._check(watched)
                except StoreError as exc:
                    _LOG.error("item %r cannot be watched: %s", watched.item, exc)
            self._next_check = max(self._next_check + CHECK_SECONDS, self._clock.monotonic())

    def _check(self, watched: _Watched) -> None:
        settings = watched.settings
        if settings.queue_count or settings.queue_wait_seconds:
            # Counted no further than matters, however long the queue is.
            queue = self._runtime.store.reader.queue(watched.queue, at_most=settings.queue_count + 1)
            self._check_count(watched, queue)
            self._check_wait(watched, queue)
        if settings.inactivity_seconds:
            self._check_activity(watched)

    def _check_count(self, watched: _Watched, queue: QueueStatus) -> None:
        limit = watched.settings.queue_count
        if limit and queue.count >= limit:
            text = f"QueueCountAlert: the queue of {watched.item!r} has {limit} messages or more"
            self._alerts.state_raised(watched.item, "queue count", text)
        elif queue.count < limit * ALERT_CLEARED_BELOW:
            self._alerts.state_cleared(watched.item, "queue count")

    def _check_wait(self, watched: _Watched, queue: QueueStatus) -> None:
        limit = watched.settings.queue_wait_seconds
        waited = 0.0 if queue.oldest is None else (self._clock.now() - queue.oldest).total_seconds()
        if limit and waited >= limit:
            text = f"QueueWaitAlert: the first message of {watched.item!r} waits or is handled for {waited:.0f} s"
            self._alerts.state_raised(watched.item, "queue wait", text)
        elif waited < limit * ALERT_CLEARED_BELOW:
            self._alerts.state_cleared(watched.item, "queue wait")

    def _check_activity(self, watched: _Watched) -> None:
        now = self._clock.monotonic()
        activity = self._runtime.activities[watched.item]
        if not self._is_running(watched.item):
            self._running_since[watched.item] = now
            return
        idle = now - self._running_since.setdefault(watched.item, now)
        if activity.idle_seconds is not None:
            idle = min(idle, activity.idle_seconds)
        activity.is_inactive = idle >= watched.settings.inactivity_seconds
        if activity.is_inactive:
            text = f"InactivityTimeout: {watched.item!r} has had nothing to do for {idle:.0f} s"
            self._alerts.state_raised(watched.item, "inactivity", text)
        else:
            self._alerts.state_cleared(watched.item, "inactivity")
