"""Running a business operation in a child process: one request, one settlement, as for threads."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from iop_core.component import allocate
from iop_core.definitions import ItemDefinition
from iop_core.errors import ComponentStartError, SettingError, WorkerProcessDiedError
from iop_core.operations import BusinessOperation
from iop_core.setting_discovery import apply_settings
from iop_core.store_units import Delivery, HeaderChange, Unit
from iop_engine.component_host import ComponentHost
from iop_engine.engine_settings import read_engine_settings
from iop_engine.failed_tries import FailedTry
from iop_engine.handler_loop import HandlerLoop
from iop_engine.in_hand import Handling
from iop_engine.instances import KEEPALIVE_INTERVAL, adapter_class_of, component_class_of, interval_of, one_line
from iop_engine.keepalive import DEFAULT_KEEPALIVE_INTERVAL_SECONDS, Keepalive
from iop_engine.reply_code_actions import Verdict
from iop_engine.retrying import Retrying
from iop_engine.runtime import Runtime
from iop_engine.settlement import failure
from iop_engine.worker import Runner, Settle
from iop_engine.worker_processes.child_requests import ChildRequests
from iop_engine.worker_processes.deaths import MOST_DEATHS, Deaths
from iop_engine.worker_processes.order import order_for
from iop_engine.worker_processes.worker_process import WorkerProcess

# A process that dies sooner is replaced only when there is a message for it.
SHORT_LIFE_SECONDS = 5.0
# Between two tries to start one.
SHORTEST_PAUSE_SECONDS = 1.0

_LOG = logging.getLogger("iop.engine")


class WorkerProcessRunner(Runner):
    """Runs one instance of an operation in a child process, which is made again when it dies.

    The instance of this process has the settings and takes the wishes of the one in the child;
    none of its code runs.

    Args:
        item: The item.
        runtime: What the engine's parts share.
        deaths: Shared by the runners of the item.
    """

    def __init__(self, item: ItemDefinition, runtime: Runtime, deaths: Deaths) -> None:
        self._item = item
        self._runtime = runtime
        self._deaths = deaths
        self._host = ComponentHost(item, runtime)
        self._keepalive: Keepalive | None = None
        self._handling: Handling | None = None
        self._process: WorkerProcess | None = None
        self._is_interrupted = False
        self._is_given_up = False

    def start(self) -> None:
        """Make the child process, and the component in it."""
        self._is_interrupted = False
        operation_class = component_class_of(self._item, BusinessOperation)
        operation = self._stand_in(operation_class)
        adapter_class = adapter_class_of(self._item)
        both = (None if adapter_class is None else allocate(adapter_class, self._host), operation)
        settings = self._settings = read_engine_settings(self._item, operation)
        self.throttle_seconds = settings.throttle_delay
        self._requests = ChildRequests(
            self._item, self._runtime, self._host, operation, archive_bytes=settings.archive_bytes
        )
        self._retrying = Retrying(self._item, self._runtime, settings, operation, self._requests)
        self._begin_process()
        self._keepalive = ChildKeepalive(both, self._host, HandlerLoop(), self._runtime.clock)
        self._keepalive.call = self._keep_alive
        if self._keepalive.is_needed:
            interval = interval_of(self._item, KEEPALIVE_INTERVAL, both, DEFAULT_KEEPALIVE_INTERVAL_SECONDS)
            self._keepalive.start(interval, self.do_between)

    def handle(self, delivery: Delivery, settle: Settle) -> None:
        """Have the request handled; its sends and its reply are stored with its end."""
        handling = self._handling = self._runtime.in_hand.begin(delivery, self._runtime.clock)
        if self._is_interrupted:
            handling.call_back()
        try:
            if self._has_process(handling):
                self._retrying.handle(handling, _in_the_child, settle)
                self._deaths.forget(delivery.message_id)
            elif handling.end is None:
                self._runtime.store.put_back(delivery)
            else:
                failed = FailedTry(self._item, self._runtime, delivery, None, Verdict())
                settle(failed.ended_by_operator(handling))
        except WorkerProcessDiedError as exc:
            self._after_death(handling, exc, settle)
        finally:
            self._runtime.in_hand.end(handling)

    def interrupt(self) -> None:
        """Have a message that waits for its next try go back to the queue."""
        self._is_interrupted = True
        if self._handling is not None:
            self._handling.call_back()

    def give_up(self) -> bool:
        """End the child process at once; its message goes back to the queue."""
        self._is_given_up = True
        if self._process is not None:
            self._process.kill()
        return True

    def stop(self) -> None:
        """Have the component clean up, and the child process end."""
        if self._keepalive is not None:
            self._keepalive.stop()
        if self._process is not None:
            # Known until it has ended, so that it can be given up while it cleans up.
            self._process.stop()

    def _stand_in(self, operation_class: type[BusinessOperation]) -> BusinessOperation:
        operation = allocate(operation_class, self._host)
        try:
            apply_settings(operation, self._item.host_settings, owner=self._item.name)
        except SettingError as exc:
            raise ComponentStartError(self._item.name, str(exc)) from exc
        return operation

    def _begin_process(self) -> None:
        order = order_for(self._item, self._runtime.codec, self._settings)
        try:
            process = WorkerProcess(self._item, self._runtime, self._host, self._note_exit)
        except OSError as exc:
            raise ComponentStartError(self._item.name, f"no worker process could be started: {exc}") from exc
        # Before its start, so that it can be given up.
        self._process, self._begun = process, time.monotonic()
        try:
            process.start(order)
        except ComponentStartError:
            self._process = None
            raise
        self._requests.process = process

    def _note_exit(self, process: WorkerProcess) -> None:
        """Have a process that died replaced; called in a thread of its own."""
        if process is self._process:
            self.do_between(self._replace_dead)

    def _replace_dead(self) -> None:
        """Make another process soon, unless the last one did not live long: then when there is a message."""
        if self._process is None or self._process.is_alive or self._is_interrupted:
            return
        self._bury()
        if time.monotonic() - self._begun >= SHORT_LIFE_SECONDS:
            try:
                self._begin_process()
            except ComponentStartError as exc:
                self._tell_of_start(exc)

    def _has_process(self, handling: Handling) -> bool:
        """Make sure that there is a process; False when none could start and the message must not wait longer."""
        clock = self._runtime.clock
        while self._process is None or not self._process.is_alive:
            self._bury()
            try:
                self._begin_process()
            except ComponentStartError as exc:
                if self._is_given_up:
                    return False
                self._tell_of_start(exc)
                pause = max(self._settings.retry_interval, SHORTEST_PAUSE_SECONDS)
                if not handling.wait_until(clock.monotonic() + pause):
                    return False
        return True

    def _bury(self) -> None:
        """Clean up after a process that died, and tell operators."""
        process, self._process = self._process, None
        if process is None:
            return
        process.end()
        if not self._is_given_up:
            self._runtime.alerts.job_died(self._item.name, one_line(process.death()))

    def _tell_of_start(self, exc: ComponentStartError) -> None:
        _LOG.error("%s", exc, extra={"iop_item": self._item.name})
        self._runtime.alerts.job_died(self._item.name, one_line(exc))

    def _after_death(self, handling: Handling, exc: WorkerProcessDiedError, settle: Settle) -> None:
        """Have the message in hand handled again, by another process, unless it has ended too many."""
        delivery = self._requests.delivery
        if self._is_given_up:
            self._runtime.store.put_back(delivery)
            return
        failed = FailedTry(self._item, self._runtime, delivery, exc.with_traceback(None), Verdict())
        deaths = self._deaths.count(delivery.message_id)
        if handling.end is None and deaths < MOST_DEATHS:
            now = self._runtime.clock.now()
            change = HeaderChange(
                delivery.message_id, attempts=delivery.attempt, error=one_line(exc), time_processed=now
            )
            settle(failed.noted(0.0, began=change))
            self._runtime.store.put_back(delivery._replace(attempt=delivery.attempt + 1))
            return
        self._deaths.forget(delivery.message_id)
        settle(self._end_of(failed, handling, deaths))

    def _end_of(self, failed: FailedTry, handling: Handling, deaths: int) -> Unit:
        if handling.end is not None:
            return failed.ended_by_operator(handling)
        last = failed.error.reason if isinstance(failed.error, WorkerProcessDiedError) else failed.outcome
        reason = f"{deaths} worker processes died while they handled this message, so it is not tried again; the last: "
        error = WorkerProcessDiedError(self._item.name, reason + last)
        return failure(self._item, failed.delivery, error, self._runtime.clock.now())

    def _keep_alive(self) -> None:
        if self._process is None or not self._process.is_alive:
            return
        self._host.enter_input()
        try:
            self._process.keep_alive()
        except WorkerProcessDiedError:
            pass  # it is replaced in a moment
        finally:
            self._host.leave()


class ChildKeepalive(Keepalive):
    """Has the child process of a job keep its connections alive once per interval.

    Attributes:
        call: Called in the thread of the job.
    """

    call: Callable[[], None]

    def _call(self) -> None:
        self._is_due.clear()
        self.call()


def _in_the_child(_: object) -> object:
    """Stand for the component, which is in the child."""
    return None
