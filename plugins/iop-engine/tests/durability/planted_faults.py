"""Faults that break a promise of the engine; a test plants one in the child, and the checker has to find it."""

from __future__ import annotations

import functools
import time

from iop_core.store_units import Unit
from iop_engine import retrying
from iop_engine.process_runner import ProcessRunner
from iop_engine.queues import Queue
from iop_engine.reply_code_actions import Action, Verdict
from iop_engine.request_handling import RequestHandling
from iop_engine.retrying import Retrying
from iop_engine.settlement import settled
from iop_engine.sqlite.job import Job
from iop_engine.sqlite.store import SqliteStore
from iop_engine.verification import production


def acknowledge_before_commit() -> None:
    """A send does not wait for the disk."""
    Job.wait = lambda self, timeout_seconds=None: True


def settle_before_handler() -> None:
    """A message is marked done when it is taken."""
    lease = SqliteStore.lease

    def lease_and_settle(self, queue, *, is_called_away=None):
        delivery = lease(self, queue, is_called_away=is_called_away)
        if delivery is not None and delivery.target == "Sink":
            self.submit(Unit(settled=[settled(delivery)])).wait()
        return delivery

    SqliteStore.lease = lease_and_settle


def lose_wake_up() -> None:
    """A message comes to a queue, and nobody is woken for it."""
    publish = Queue.publish

    def publish_in_silence(self, delivery):
        if self.name != "Sink":
            publish(self, delivery)
            return
        time.sleep(0.02)  # until its worker waits
        self._condition.notify = lambda n=1: None
        publish(self, delivery)
        del self._condition.notify

    Queue.publish = publish_in_silence


def handle_twice() -> None:
    """A message is handed out twice."""
    handle = Retrying.handle

    def handle_again(self, handling, respond, settle):
        handle(self, handling, respond, lambda unit: None)
        handle(self, handling, respond, settle)

    Retrying.handle = handle_again


def newest_first() -> None:
    """The second message of a queue overtakes the first."""
    take = Queue._take

    def take_newest(self):
        if len(self._ready) > 1:
            self._ready.rotate(1)
        return take(self)

    Queue._take = take_newest


def forget_state() -> None:
    """A process does not remember what it was told before."""
    event = ProcessRunner._event

    def event_without_state(self, instance, delivery):
        if "total" in vars(instance.component):
            instance.component.total = 0
        return event(self, instance, delivery)

    ProcessRunner._event = event_without_state


def change_text() -> None:
    """One letter of a message is another one."""
    production.Gate.on_process_input = _with_wrong_text(production.Gate.on_process_input)


def _with_wrong_text(function):
    @functools.wraps(function)
    def changed(self, message_input=None):
        text_of = production.text_of
        production.text_of = lambda number: text_of(number).replace("parcel", "Parcel")
        try:
            return function(self, message_input)
        finally:
            production.text_of = text_of

    return changed


def send_outside_of_the_unit() -> None:
    """A reply is stored apart from the end of the message that it answers, so that a kill leaves one of the two."""
    completed = RequestHandling.completed

    def completed_in_two(self, delivery, tried):
        unit = completed(self, delivery, tried)
        if delivery.target == "Called":
            self._runtime.store.submit(Unit(new=unit.new)).wait()
            unit.new = []
        return unit

    RequestHandling.completed = completed_in_two


def try_for_ever() -> None:
    """A try that was good is not believed."""
    retrying.verdict_on = lambda *_, **__: Verdict(frozenset({Action.RETRY}))
