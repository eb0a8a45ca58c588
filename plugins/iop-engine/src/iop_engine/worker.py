"""One job of a pool: a thread that takes messages of one queue and has them handled."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping

from iop_core.errors import StoreError
from iop_core.headers import MessageStatus
from iop_core.store_units import Delivery, Unit
from iop_core.stores import Ticket
from iop_engine import crash_points
from iop_engine.instances import one_line
from iop_engine.runtime import Runtime
from iop_engine.wait_graph import Job

# How far a worker may run ahead of the disk. After a crash at most so many messages are
# handled again per worker; measured: more brings no more speed.
RUN_AHEAD_UNITS = 64

_LOG = logging.getLogger("iop.engine")

Settle = Callable[[Unit], None]


class Runner(ABC):
    """Runs the component of one item for one worker; all calls come from its thread.

    Attributes:
        hand_over: Have a message handled by this runner though another worker leased it; may
            be called from any thread. The worker sets it.
        throttle_seconds: How long the worker waits before it takes the next message.
        do_between: Have something done in the thread of the worker while it handles no
            message; may be called from any thread. The worker sets it.
    """

    hand_over: Callable[[Delivery], None]
    throttle_seconds: float = 0.0
    do_between: Callable[[Callable[[], None]], None]

    @abstractmethod
    def start(self) -> None:
        """Get ready; an exception makes the start of the item fail."""

    @abstractmethod
    def handle(self, delivery: Delivery, settle: Settle) -> None:
        """Have a message handled and settle it, whatever the component does."""

    def interrupt(self) -> None:  # noqa: B027 - most runners wait for nothing
        """End what ``handle`` waits for, because the item stops; may be called from any thread."""

    def give_up(self) -> bool:
        """End the handler in hand, because the time for a stop is over; False when that cannot be done."""
        return False

    @abstractmethod
    def stop(self) -> None:
        """Clean up; errors of the component are logged."""


class Worker:
    """A thread that serves one queue.

    Args:
        name: Of the thread.
        queue: The queue it takes messages from.
        runners: Item name to the runner of that item.
        runtime: What the engine's parts share.
    """

    def __init__(self, name: str, queue: str, runners: Mapping[str, Runner], runtime: Runtime) -> None:
        self._queue = queue
        self._runners = runners
        self._runtime = runtime
        self._store = runtime.store
        self._in_hand: Delivery | None = None
        self._job = Job(queue)
        # Messages for items that this worker does not serve.
        self._strays: list[Delivery] = []
        for runner in runners.values():
            runner.hand_over = self.hand_over
            runner.do_between = self.do_between
        self._tickets: deque[tuple[Ticket, Unit]] = deque()
        self._inbox: deque[Delivery] = deque()
        self._errands: deque[Callable[[], None]] = deque()
        self._throttle_seconds = 0.0
        self._hurries = runtime.clock.alarm()
        self._is_ready = threading.Event()
        self._failure: tuple[str, BaseException] | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread, without waiting for it to be ready."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether it serves its queue."""
        return self._thread.is_alive()

    def wait_until_ready(self) -> tuple[str, BaseException] | None:
        """Wait until the components are started; the item and error when one failed."""
        self._is_ready.wait()
        return self._failure

    def hand_over(self, delivery: Delivery) -> None:
        """Have this worker handle a message that another one leased, before it leases the next."""
        self._inbox.append(delivery)
        self._store.nudge(self._queue)

    def do_between(self, errand: Callable[[], None]) -> None:
        """Have something done in this worker's thread before it handles the next message."""
        self._errands.append(errand)
        self._store.nudge(self._queue)

    def hurry(self) -> None:
        """Wait no more between messages: the item stops."""
        self._hurries.set()

    def join(self, timeout_seconds: float) -> bool:
        """Wait for the end, after the queue was closed; False when the handler did not end in time."""
        if self._thread.ident is None:  # the start of the production failed before it came to this one
            return True
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def give_up(self) -> bool:
        """End the handler in hand; False when that cannot be done."""
        given_up = [runner.give_up() for runner in self._runners.values()]
        return any(given_up)

    def _run(self) -> None:
        started: list[Runner] = []
        try:
            for item, runner in self._runners.items():
                started.append(runner)
                try:
                    runner.start()
                except BaseException as exc:  # noqa: BLE001 - boundary: component code may raise anything
                    self._failure = (item, exc)
                    return
            self._throttle_seconds = max(runner.throttle_seconds for runner in self._runners.values())
            self._is_ready.set()
            self._serve()
        finally:
            for runner in reversed(started):
                runner.stop()
            self._is_ready.set()

    def _serve(self) -> None:
        self._runtime.waits.join(self._job)
        try:
            while (delivery := self._next()) is not None:
                runner = self._runners.get(delivery.target)
                if runner is None:
                    self._set_aside(delivery)
                    continue
                crash_points.reach("message.leased")
                self._in_hand = delivery
                self._job.answers = delivery.return_queue
                runner.handle(delivery, self._settle)
                self._in_hand = None
                self._job.answers = ""
            self._confirm(0)
        except StoreError as exc:
            self._tell_of_death(exc)
        except BaseException as exc:
            self._tell_of_death(exc)
            raise
        finally:
            self._runtime.waits.leave(self._job)
            for delivery in (*self._inbox, *self._strays):
                self._store.put_back(delivery)

    def _tell_of_death(self, exc: BaseException) -> None:
        _LOG.error("queue %r is no longer served: %s", self._queue, exc)
        item = next(iter(self._runners)) if self._in_hand is None else self._in_hand.target
        self._runtime.alerts.job_died(item, one_line(exc))

    def _set_aside(self, delivery: Delivery) -> None:
        """Leave a message for an item that is gone, or has another queue now, where it is."""
        if not self._strays:
            _LOG.warning(
                "queue %r holds messages for %r, which is not served there any more; they stay stored",
                self._queue,
                delivery.target,
            )
        self._strays.append(delivery)

    def _next(self) -> Delivery | None:
        """Return the next message: one that was handed over, or one of the queue; None once that is closed."""
        if self._throttle_seconds:
            self._hurries.wait(self._throttle_seconds)
        while True:
            while self._errands:
                self._errands.popleft()()
            if self._inbox:
                return self._inbox.popleft()
            delivery = self._store.lease(self._queue, is_called_away=self._is_called_away)
            if delivery is not None or not self._is_called_away():
                return delivery

    def _is_called_away(self) -> bool:
        return bool(self._inbox or self._errands)

    def _settle(self, unit: Unit) -> None:
        if self._job.answers:
            self._runtime.waits.forget(self._job.answers)  # its answer is on its way, or comes later
            self._job.answers = ""
        if self._in_hand is not None:
            self._runtime.note_end(self._in_hand, unit)
        crash_points.reach("message.handled")
        self._tickets.append((self._store.submit(unit), unit))
        crash_points.reach("message.submitted")
        if len(self._tickets) >= RUN_AHEAD_UNITS:
            self._confirm(RUN_AHEAD_UNITS - 1)

    def _confirm(self, left: int) -> None:
        """Wait until at most ``left`` units are not yet on disk."""
        while len(self._tickets) > left:
            ticket, unit = self._tickets.popleft()
            try:
                ticket.wait()
            except StoreError as exc:
                if exc.retryable or not unit.new:
                    raise
                self._tickets.append((self._store.submit(_without_sends(unit, exc)), Unit()))


def _without_sends(unit: Unit, exc: StoreError) -> Unit:
    """Return the end of a handling whose sends cannot be stored, such as one of more than a gigabyte.

    One message that can never be stored must not stop its queue.
    """
    _LOG.error("what a handler sent cannot be stored, its message ends in error: %s", exc)
    return Unit(settled=[end._replace(status=MessageStatus.ERROR, error=str(exc)) for end in unit.settled])
