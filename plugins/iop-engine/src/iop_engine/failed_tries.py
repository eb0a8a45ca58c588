"""What comes of a try of an operation that failed, or that asks for something else than the next message."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from iop_core.definitions import ItemDefinition
from iop_core.errors import FailureTimeoutError, ReplyRefusedError
from iop_core.events import EventType, LogEntry
from iop_core.headers import MessageStatus
from iop_core.store_units import Delivery, HeaderChange, Unit
from iop_engine.engine_settings import EngineSettings
from iop_engine.error_kinds import is_connection_error, is_of_class, number_of
from iop_engine.in_hand import Handling
from iop_engine.instances import full_text, one_line
from iop_engine.reply_code_actions import Action, TryResult, Verdict
from iop_engine.request_handling import Try
from iop_engine.runtime import Runtime
from iop_engine.settlement import answer, failure, settled, tell_of
from iop_engine.stream_server import FRAMES

_LEVELS = {EventType.INFO: logging.INFO, EventType.WARNING: logging.WARNING, EventType.ERROR: logging.ERROR}
_FINE = Verdict()
_FAIL = Verdict(frozenset({Action.FAIL}))
SUSPEND = Verdict(frozenset({Action.SUSPEND}))
_TRY_AGAIN = Verdict(frozenset({Action.RETRY, Action.FAIL}))


def verdict_on(tried: Try, delivery: Delivery, settings: EngineSettings, *, wants_retry: bool) -> Verdict:
    """Return what to do after a try; no actions when it counts.

    Args:
        tried: What came of it.
        delivery: The message.
        settings: What the item says about failures.
        wants_retry: Whether the code asked for another try.
    """
    if tried.error is None:
        if wants_retry:
            return _TRY_AGAIN
        codes = settings.reply_code_actions
        if not codes.minds_replies or (tried.has_reply and not tried.codes):
            return _FINE
        verdict = codes.decide(TryResult(has_reply=tried.has_reply, codes=tried.codes))
        is_taken = bool(tried.codes) and verdict.actions <= {Action.COMPLETE}
        return Verdict(warnings=verdict.warnings) if is_taken else verdict
    if delivery.body.class_name in FRAMES:  # a stream that broke has nothing to try again
        return _FAIL
    verdict = settings.reply_code_actions.decide(TryResult(one_line(tried.error), number_of(tried.error)))
    actions = verdict.actions
    if is_of_class(tried.error, settings.fail_on):
        actions = actions - {Action.RETRY} or _FAIL.actions
    elif (wants_retry and Action.FAIL in actions) or (
        is_connection_error(tried.error) or is_of_class(tried.error, settings.retry_on)
    ):
        actions = actions | {Action.RETRY}
    return Verdict(actions, verdict.warnings)


@dataclass(frozen=True, slots=True)
class FailedTry:
    """One try that does not count, and the ways it can end.

    Attributes:
        item: The item.
        runtime: What the engine's parts share.
        delivery: The message, with the number of the try.
        error: What the handler raised, or why the message is given up; None when the operation only asked.
        verdict: What to do.
    """

    item: ItemDefinition
    runtime: Runtime
    delivery: Delivery
    error: BaseException | None
    verdict: Verdict

    def noted(self, wait_seconds: float, *, began: HeaderChange) -> Unit:
        """Return what is stored before the next try: the number of tries, and the error with its traceback."""
        text = f"message {self.delivery.message_id}: try {self.delivery.attempt} {self.outcome}"
        if wait_seconds >= 0:
            text += f"; next in {wait_seconds:g} s"
        entry = self._entry(EventType.WARNING, text, self._traceback)
        return Unit(changes=[began], log=[*self.warnings(), entry])

    def given_up(self, failure_timeout: float) -> FailedTry:
        """Return the same with the error that says that the time for tries is over."""
        last = "" if self.error is None else one_line(self.error)
        error = FailureTimeoutError(self.delivery.attempt, failure_timeout, last)
        error.__cause__ = self.error
        actions = self.verdict.actions - {Action.RETRY}
        if not actions - {Action.WARN}:
            actions = frozenset({*actions, Action.FAIL})
        return FailedTry(self.item, self.runtime, self.delivery, error, Verdict(actions, self.verdict.warnings))

    def ended(self) -> Unit | None:
        """Return the end of the message as the verdict says; None when it goes back to the queue."""
        actions = self.verdict.actions
        if Action.DISABLE in actions and not actions & {Action.COMPLETE, Action.SUSPEND, Action.FAIL}:
            return None
        unit = self._end()
        unit.log[:0] = self.warnings()
        return unit

    def ended_by_operator(self, handling: Handling) -> Unit:
        """Return the end that an operator wanted."""
        status = handling.end or MessageStatus.ABORTED
        text = f"message {self.delivery.message_id}: {handling.wish} after try {self.delivery.attempt} {self.outcome}"
        unit = Unit(settled=[settled(self.delivery, status, handling.wish)], log=[self._entry(EventType.WARNING, text)])
        if status is not MessageStatus.SUSPENDED and self.delivery.return_queue:
            unit.new.append(answer(self.item, self.delivery, error=f"the request was {handling.wish}"))
        return unit

    def _end(self) -> Unit:
        actions, delivery = self.verdict.actions, self.delivery
        error = "" if self.error is None else one_line(self.error)
        text = f"message {delivery.message_id} {self.outcome}"
        if Action.SUSPEND in actions:
            entry = self._entry(EventType.ERROR, f"{text}; it is suspended", self._traceback)
            return Unit(settled=[settled(delivery, MessageStatus.SUSPENDED, error)], log=[entry])
        if Action.FAIL in actions and self.error is not None:
            return failure(self.item, delivery, self.error, self.runtime.clock.now())
        if Action.FAIL in actions:
            return failure(self.item, delivery, ReplyRefusedError(self.item.name), self.runtime.clock.now())
        entry = self._entry(EventType.INFO, f"{text}; it is completed as ReplyCodeActions say", self._traceback)
        unit = Unit(settled=[settled(delivery)], log=[entry])
        if delivery.return_queue:
            unit.new.append(answer(self.item, delivery))
        return unit

    @property
    def outcome(self) -> str:
        """How the try ended, in words."""
        return "gave no reply" if self.error is None else f"ended with {one_line(self.error)}"

    @property
    def _traceback(self) -> str:
        return "" if self.error is None else f"\n{full_text(self.error)}"

    def warnings(self) -> list[LogEntry]:
        """Return the warnings that the verdict asks for."""
        return [
            self._entry(
                EventType.WARNING, f"message {self.delivery.message_id} {self.outcome} (ReplyCodeActions {entry})"
            )
            for entry in self.verdict.warnings
        ]

    def _entry(self, kind: EventType, text: str, traceback: str = "") -> LogEntry:
        """Return an entry for the event log, and tell the logging of this process its first line."""
        delivery, now = self.delivery, self.runtime.clock.now()
        tell_of(self.item, delivery, _LEVELS[kind], text, error=self.error if traceback else None)
        return LogEntry(
            0, kind, self.item.name, delivery.session_id, delivery.message_id, "", f"{text}{traceback}", now
        )
