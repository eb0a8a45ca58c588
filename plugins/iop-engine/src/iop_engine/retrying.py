"""Trying a message until it is handled, given up, or set aside: what an operation does with failures.

The rules are those of InterSystems operations (ReplyCodeActions, RetryInterval,
FailureTimeout, Retry, SuspendMessage). A job that retries is busy: the messages behind it
wait, those of other items do not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from iop_core.definitions import ItemDefinition
from iop_core.errors import ReplyRefusedError
from iop_core.events import EventType, LogEntry
from iop_core.operations import BusinessOperation
from iop_core.store_units import Delivery, HeaderChange, Unit
from iop_engine import crash_points
from iop_engine.engine_settings import EngineSettings
from iop_engine.error_kinds import is_connection_error
from iop_engine.failed_tries import SUSPEND, FailedTry, verdict_on
from iop_engine.in_hand import Handling
from iop_engine.instances import one_line
from iop_engine.reply_code_actions import Action
from iop_engine.request_handling import RequestHandling, Try
from iop_engine.runtime import Runtime


class Retrying:
    """Has the messages of one operation instance handled, again and again where that is wanted.

    Args:
        item: The item.
        runtime: What the engine's parts share.
        settings: What the item says about failures.
        operation: The instance, whose wishes are looked at after each try.
        requests: Has a request handled once.
    """

    def __init__(
        self,
        item: ItemDefinition,
        runtime: Runtime,
        settings: EngineSettings,
        operation: BusinessOperation,
        requests: RequestHandling,
    ) -> None:
        self._item = item
        self._runtime = runtime
        self._settings = settings
        self._operation = operation
        self._requests = requests

    def handle(self, handling: Handling, respond: Callable[[object], object], settle: Callable[[Unit], None]) -> None:
        """Have a message handled and settle it, unless it goes back to the queue or to another worker.

        Args:
            handling: The message.
            respond: Calls the component with the message and returns its reply.
            settle: Stores a unit.
        """
        delivery, clock = handling.delivery, self._runtime.clock
        first_start = start = clock.monotonic()
        if delivery.first_tried is not None:  # before its item was restarted
            first_start -= max(0.0, (clock.now() - delivery.first_tried).total_seconds())
        while True:
            tried = self._requests.try_once(delivery, respond)
            if tried is None:
                return
            # Not by their public names, which a class may use for settings of its own.
            wants_retry, wants_suspension = self._operation._take_wishes()  # pyright: ignore[reportPrivateUsage]
            verdict = (
                SUSPEND if wants_suspension else verdict_on(tried, delivery, self._settings, wants_retry=wants_retry)
            )
            if not verdict.actions and not verdict.warnings:  # as most end
                self._settle_success(handling, delivery, tried, settle)
                return
            error = ReplyRefusedError(self._item.name, tried.codes) if tried.codes and not tried.error else tried.error
            failed = FailedTry(self._item, self._runtime, delivery, error, verdict)
            if not verdict.actions:
                tried.unit.log += failed.warnings()
                self._settle_success(handling, delivery, tried, settle)
                return
            if tried.is_deferred:
                self._runtime.deferred.forget(delivery.message_id)
            if handling.end is not None:
                settle(failed.ended_by_operator(handling))
                return
            next_start = start + self._interval(delivery.attempt)
            if Action.RETRY not in verdict.actions:
                self._settle_end(failed, settle)
                return
            if self._is_too_late(first_start, next_start, tried):
                self._settle_end(failed.given_up(self._settings.failure_timeout), settle)
                return
            now = clock.monotonic()
            began = clock.now() - timedelta(seconds=now - first_start)
            settle(failed.noted(max(0.0, next_start - now), began=self._change(failed, began)))
            crash_points.reach("retry.noted")
            delivery = delivery._replace(attempt=delivery.attempt + 1, first_tried=began)
            if handling.wait_until(next_start):
                start = clock.monotonic()
                continue
            if handling.end is not None:
                settle(failed.ended_by_operator(handling))
            else:
                self._runtime.store.put_back(delivery)
            return

    def _settle_success(
        self, handling: Handling, delivery: Delivery, tried: Try, settle: Callable[[Unit], None]
    ) -> None:
        if handling.end is not None:
            text = f"message {delivery.message_id} was {handling.wish}, but its handling succeeded: it counts"
            tried.unit.log.append(
                LogEntry(
                    0,
                    EventType.WARNING,
                    self._item.name,
                    delivery.session_id,
                    delivery.message_id,
                    "",
                    text,
                    self._runtime.clock.now(),
                )
            )
        if not tried.is_deferred:
            settle(self._requests.completed(delivery, tried))
            return
        early = self._runtime.deferred.take_early(delivery.message_id)
        if early is not None:
            settle(self._requests.completed(delivery, tried._replace(reply=early)))
            return
        settle(self._requests.deferred(delivery, tried))
        response_id = tried.unit.new[-1].message_id if delivery.return_queue else 0
        self._runtime.deferred.settled(delivery.message_id, response_id, self._runtime.store)

    def _settle_end(self, failed: FailedTry, settle: Callable[[Unit], None]) -> None:
        """End a message as the verdict says; disable the item where it says so."""
        unit = failed.ended()
        if unit is not None:
            settle(unit)
        if Action.DISABLE not in failed.verdict.actions:
            return
        if unit is None:
            # Whoever enables the item has removed the cause: the time for tries begins anew.
            settle(failed.noted(-1, began=self._change(failed, None)))
            self._runtime.store.put_back(
                failed.delivery._replace(attempt=failed.delivery.attempt + 1, first_tried=None)
            )
        # At once, so that no job of the pool takes another message.
        self._runtime.store.close_queue(failed.delivery.queue)
        for callback in self._runtime.on_disable:
            callback(self._item.name, f"ReplyCodeActions: message {failed.delivery.message_id} {failed.outcome}")

    def _change(self, failed: FailedTry, began: datetime | None) -> HeaderChange:
        return HeaderChange(
            failed.delivery.message_id,
            attempts=failed.delivery.attempt,
            error="" if failed.error is None else one_line(failed.error),
            time_processed=began,
            begins_anew=began is None,
        )

    def _interval(self, attempt: int) -> float:
        """Return the seconds from the start of a try to the start of the next."""
        settings = self._settings
        # Beyond so many doublings every wait is for ever.
        seconds = settings.retry_interval * settings.retry_backoff ** min(attempt - 1, 64)
        return min(seconds, settings.retry_interval_max) if settings.retry_interval_max else seconds

    def _is_too_late(self, first_start: float, next_start: float, tried: Try) -> bool:
        settings = self._settings
        if settings.failure_timeout < 0:
            return False
        if settings.no_fail_while_disconnected and tried.error is not None and is_connection_error(tried.error):
            return False
        return max(next_start, self._runtime.clock.monotonic()) - first_start >= settings.failure_timeout
