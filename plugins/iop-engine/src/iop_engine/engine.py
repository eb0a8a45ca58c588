"""A running production: lanes of workers in front of a store."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from iop_core.audit import NO_CHECKPOINTS, AuditCheck, AuditEntry
from iop_core.backends import RunOptions, StoredReply
from iop_core.bodies import BodyCodec
from iop_core.definitions import ItemDefinition, ProductionDefinition
from iop_core.dispatch import DispatchTable
from iop_core.errors import (
    BackendError,
    ComponentStartError,
    DispatchError,
    RefusedTestError,
    StoreError,
    UnknownItemError,
)
from iop_core.events import (
    EVERY_ENTRY,
    IoEntry,
    LogEntry,
    LogFilter,
    MessageFilter,
    ProductionStatus,
    QueueStatus,
    StoredMessage,
    Trace,
)
from iop_core.headers import Body, BusinessType, MessageHeader, MessagePriority, MessageType
from iop_core.item_control import ItemStatus, UpdateResult
from iop_core.logs import attach_event_log
from iop_core.outside_calls import ComponentSource, OutsideHost
from iop_core.process_instances import EVERY_PROCESS, ProcessFilter, ProcessInstanceStatus
from iop_core.store_units import NewMessage, Unit
from iop_core.stores import Store
from iop_engine.activity_windows import ActivityWindows
from iop_engine.addresses import Address, AddressBook
from iop_engine.alarm_runner import AlarmRunner
from iop_engine.alerts.item_watch import ItemWatch
from iop_engine.answers import message_of, wait_for
from iop_engine.component_host import ComponentHost
from iop_engine.component_sources import source_of
from iop_engine.daily_purge import DailyPurges
from iop_engine.engine_settings import opens_super_sessions
from iop_engine.history import History
from iop_engine.in_proc_calls import call, deliver
from iop_engine.item_deeds import ItemDeeds
from iop_engine.items import Items
from iop_engine.lane import build_alarm_lane
from iop_engine.lanes import Lanes
from iop_engine.message_control.message_deeds import LivePart, MessageDeeds
from iop_engine.needed_update import NeededUpdate
from iop_engine.production_changes import check_update
from iop_engine.recorded_deed import recorded_deed
from iop_engine.recovery import recovery_of
from iop_engine.runtime import Runtime
from iop_engine.upkeep import Upkeep

_LOG = logging.getLogger("iop.engine")


class Engine:
    """Runs one production in this process; implements ``RunningProduction``.

    Args:
        production: What to run.
        addresses: Where messages for its items go.
        store: Where it keeps its messages; the engine closes it.
        options: How to run it.
        history: Reads the store for callers.
        codec: Messages to bodies and back.
        needed_update: Knows how the production was read, and fills the default settings in.
    """

    def __init__(
        self,
        production: ProductionDefinition,
        addresses: AddressBook,
        store: Store,
        options: RunOptions,
        history: History,
        *,
        codec: BodyCodec,
        needed_update: NeededUpdate,
    ) -> None:
        self._needed_update = needed_update
        self._store = store
        self._options = options
        self._history = history
        self._addresses = addresses
        self._codec = codec
        self._stopping = threading.Lock()
        self._is_stopped = False
        self._has_ended = threading.Event()
        self._at_stop: list[Callable[[], None]] = []
        runtime = Runtime(store, self._codec, self._addresses, options.clock, production.log_trace_events)
        self._runtime = runtime
        self._streams = runtime.streams
        self._alarms = AlarmRunner(runtime)
        _check_serializers(production, codec)
        self._lanes = Lanes(runtime, build_alarm_lane(self._alarms, runtime))
        self._items = Items(production, self._lanes, runtime)
        live = LivePart(codec, self._address_of, self._runs, runtime.in_hand)
        # What operators do is done by others, under the names that the protocols give it.
        deeds = MessageDeeds(store, options.clock, live)
        self.resend, self.resubmit = deeds.resend, deeds.resubmit
        self.abort, self.discard, self.suspend = deeds.abort, deeds.discard, deeds.suspend
        self.delete = deeds.delete
        self._item_deeds = item_deeds = ItemDeeds(self._items, store, options.clock)
        self.start_component, self.stop_component = item_deeds.start_component, item_deeds.stop_component
        self.restart_component = item_deeds.restart_component
        self.enable, self.disable = item_deeds.enable, item_deeds.disable
        upkeep = Upkeep(store, codec, options.clock)
        self.purge, self.index_messages, self.record_deed = upkeep.purge, upkeep.index_messages, upkeep.record_deed
        runtime.on_disable.append(self._items.disable_from_inside)
        runtime.alerts.follow(production)
        self._watch = ItemWatch(runtime, runtime.alerts, self._runs)
        self._daily_purges = DailyPurges(upkeep, options.clock, runtime.alerts)

    def start(self) -> None:
        """Start operations, then processes, then services; returns when all are ready.

        Raises:
            ComponentStartError: An item could not start; everything was stopped again.
        """
        attach_event_log()
        self._note_recovery()
        self._note("Running", "start")
        try:
            self._items.start_all()
            self._watch.follow(production=self._items.production)
            self._daily_purges.follow(self._production.daily_purge)
        except BaseException:
            self.stop()
            raise

    def stop(self, *, actor: str = "", reason: str = "") -> None:
        """Stop services, then processes, then operations, and close the store; repeatable.

        Once the services are stopped, the others handle what somebody waits for; all else stays
        stored. The state is Suspended when the time is over before that is done.
        """
        with self._stopping:
            if self._is_stopped:
                return
            self._is_stopped = True
            for callback in self._at_stop:
                callback()
            self._runtime.is_stopping.set()
            self._watch.stop()
            self._daily_purges.stop()
            self._streams.stop()
            self._items.stop_all()
            try:
                state = "Suspended" if self._store.reader.has_open_sync() else "Stopped"
                self._note(state, "stop", actor=actor, reason=reason)
            except StoreError as exc:  # a full disk: the state is Troubled then, which is true
                _LOG.warning("the stop could not be noted: %s", exc)
            finally:
                self._store.close()
                self._has_ended.set()

    def items(self) -> list[ItemStatus]:
        """Return every item, in the order of the production."""
        return self._items.statuses()

    def update(self, definition: ProductionDefinition, *, actor: str = "", reason: str = "") -> UpdateResult:
        """Make the running production like a new definition of it."""
        reading = self._needed_update.read(definition)
        definition = reading.resolved
        check_update(self._production, definition)
        addresses = AddressBook(definition)
        _check_serializers(definition, self._codec)
        windows = ActivityWindows(definition, self._options.clock)
        self._runtime.alerts.follow(definition)
        result = self._items.update(definition, addresses, windows)
        self._needed_update.take_over(reading)
        self._watch.follow(definition)
        self._daily_purges.follow(definition.daily_purge)
        self._item_deeds.record_update(result, actor=actor, reason=reason)
        return result

    def at_stop(self, callback: Callable[[], None]) -> None:
        """Have a function called when the stop begins."""
        self._at_stop.append(callback)

    def wait_until_stopped(self, timeout_seconds: float | None = None) -> bool:
        """Wait until the production was stopped, by whomever; False when time ran out."""
        return self._has_ended.wait(timeout_seconds)

    def refresh(self, *, actor: str = "", reason: str = "") -> UpdateResult:
        """Read the production again from where it came from, and run what changed."""
        if self._options.read_again is None:
            raise BackendError(
                f"{self._production.name!r} cannot be updated from outside: the program that runs it did not say where "
                "to read it again. Run it with 'iop run' or 'iop start', or restart that program"
            )
        return self.update(self._options.read_again(), actor=actor, reason=reason)

    def host_for(self, item: str) -> OutsideHost:
        """Return a host for an instance of an item's class that a program makes for itself."""
        host = ComponentHost(self._item(item), self._runtime)
        host.opens_super_sessions = opens_super_sessions(self._item(item))
        return host

    def component_source(self, item: str) -> ComponentSource:
        """Return where the class of an item comes from."""
        return source_of(self._item(item))

    def check_testing(self) -> None:
        """Make sure that the production takes test messages."""
        if not self._production.testing_enabled:
            raise RefusedTestError(
                f"{self._production.name!r} takes no test messages: its testing_enabled is False. Where tests may do "
                "no harm, set testing_enabled=True in the production and update it, or start it again"
            )

    def send_body(self, item: str, request: Body) -> int:
        """Send a request in its stored form; return its session id once it is on disk."""
        return self.send(item, self._codec.decode(request))

    def call_body(self, item: str, request: Body, timeout_seconds: float) -> StoredReply:
        """Send a request in its stored form and return the reply in that form."""
        sent = self._request(item, self._codec.decode(request))
        reply = self._reply_to(sent, item, timeout_seconds)
        return StoredReply(self._codec.encode(reply), sent.session_id)

    @property
    def _production(self) -> ProductionDefinition:
        return self._items.production

    def _item(self, name: str) -> ItemDefinition:
        found = self._production.item(name)
        if found is None:
            raise UnknownItemError(name, [item.name for item in self._production.items])
        return found

    def send(self, item: str, message: object) -> int:
        """Send a request from outside; return its session id once it is on disk."""
        return self.send_many(item, [message])[0]

    def send_many(self, item: str, messages: Sequence[object]) -> list[int]:
        """Send requests in one commit, each in a session of its own; return the session ids."""
        requests = [self._request(item, message) for message in messages]
        if self._address_of(item).is_in_proc:
            for request in requests:
                deliver(request, self._runtime)
        elif requests:
            self._store.submit(Unit(new=requests)).wait()
        return [request.session_id for request in requests]

    def call(self, item: str, message: object, *, timeout_seconds: float) -> object:
        """Send a request from outside and return the reply message."""
        return self._reply_to(self._request(item, message), item, timeout_seconds)

    def _reply_to(self, request: NewMessage, item: str, timeout_seconds: float) -> object:
        if self._address_of(item).is_in_proc:
            return call(request, self._runtime)
        slot = self._store.open_reply()
        request.return_queue = slot.queue
        request.priority = MessagePriority.SYNC
        try:
            self._store.submit(Unit(new=[request])).wait()
            reply = wait_for(slot, timeout_seconds, self._options.clock)
        except BaseException:
            slot.close()
            raise
        return message_of(reply, self._codec, target=item, timeout_seconds=timeout_seconds)

    def decode(self, stored: StoredMessage) -> object:
        """Return a stored message as a message object."""
        return self._codec.decode(stored.body)

    def wait_until_idle(self, timeout_seconds: float | None = None) -> bool:
        """Wait until no running item has anything left to do; False when time ran out.

        Timers that are not due yet are not waited for.
        """
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while True:
            loops = [loop for lane in self._lanes.all() for loop in lane.adapter_loops()]
            for loop in loops:
                if not loop.wait_for_poll(_left(deadline)):
                    return False
            if not self._store.wait_until_idle(_left(deadline)):
                return False
            is_resting = (
                all(loop.is_resting() for loop in loops)
                and self._alarms.is_resting()
                and self._watch.is_resting()
                and self._daily_purges.is_resting()
            )
            if is_resting and self._store.wait_until_idle(0):
                return True
            if deadline is not None and time.monotonic() >= deadline:
                return False
            time.sleep(0.001)  # an adapter is in the middle of its input, or a timer is due

    def status(self) -> ProductionStatus:
        """Return what runs, and whether an update would change it."""
        return replace(self._history.status(), update_message=self._needed_update.message())

    def queues(self) -> list[QueueStatus]:
        """Return every queue that holds messages, by name."""
        return self._history.queues()

    def messages(self, criteria: MessageFilter) -> Iterator[MessageHeader]:
        """Return the matching headers, a page at a time."""
        return self._history.messages(criteria)

    def count_messages(self, criteria: MessageFilter) -> int:
        """Return how many messages match."""
        return self._history.count_messages(criteria)

    def message(self, message_id: int) -> StoredMessage | None:
        """Return one message with its body, or None."""
        return self._history.message(message_id)

    def trace(self, session_id: int | None = None) -> Trace | None:
        """Return one session, the latest for None; None when there is none."""
        return self._history.trace(session_id)

    def log(
        self,
        *,
        since_id: int = 0,
        item: str | None = None,
        limit: int | None = None,
        criteria: LogFilter = EVERY_ENTRY,
    ) -> list[LogEntry]:
        """Return event log entries, oldest first; with ``limit`` the newest that many."""
        return self._history.log(since_id=since_id, item=item, limit=limit, criteria=criteria)

    def processes(self, criteria: ProcessFilter = EVERY_PROCESS) -> list[ProcessInstanceStatus]:
        """Return instances of processes, oldest first; with ``limit`` the newest that many."""
        return self._history.processes(criteria)

    def io_log(self, *, since_id: int = 0, item: str | None = None, limit: int | None = None) -> list[IoEntry]:
        """Return exchanges with the outside, oldest first; with ``limit`` the newest that many."""
        return self._history.io_log(since_id=since_id, item=item, limit=limit)

    def audit(self, *, since_id: int = 0, limit: int | None = None) -> list[AuditEntry]:
        """Return what operators did, oldest first; with ``limit`` the newest that many."""
        return self._history.audit(since_id=since_id, limit=limit)

    def check_audit(self, checkpoints: Mapping[int, str] = NO_CHECKPOINTS) -> AuditCheck:
        """Look over the chain that the deeds of operators form."""
        return self._history.check_audit(checkpoints)

    def _address_of(self, item: str) -> Address:
        return self._runtime.addresses.get(item)

    def _runs(self, item: str) -> bool:
        address = self._address_of(item)
        return not address.is_in_proc and self._lanes.find(address.queue) is not None

    def _request(self, item: str, message: object) -> NewMessage:
        address = self._addresses.get(item)
        return NewMessage(
            MessageType.REQUEST,
            item,
            address.queue,
            self._codec.encode(message),
            target_type=address.business_type,
            order_key=address.order_key(message),
        )

    def _note_recovery(self) -> None:
        """Say in the log that the production died before: what it was doing then is done again."""
        unit = recovery_of(self._store.reader, self._options.clock.now())
        if unit is not None:
            _LOG.warning("%s", unit.log[-1].text)
            self._store.submit(unit)

    def _note(self, state: str, action: str, *, actor: str = "", reason: str = "") -> None:
        """Note the state of the production, and record who started or stopped it."""
        name, now = self._production.name, self._options.clock.now()
        proof = ({"production": name}, {"done": 1})
        unit = recorded_deed(action, f"{action} of the production {name!r}", proof, now, actor=actor, reason=reason)
        unit.notes = {
            "production": name,
            "state": state,
            "since": now.isoformat(),
            "durability": self._options.durability,
            "pid": str(os.getpid()),
        }
        self._store.submit(unit).wait()


def _check_serializers(production: ProductionDefinition, codec: BodyCodec) -> None:
    """Make sure that all messages for which a component has a handler can be read and written."""
    for item in production.items:
        if item.enabled and item.component_class is not None and item.business_type is not BusinessType.SERVICE:
            try:
                table = DispatchTable.of(item.component_class)
            except DispatchError as exc:
                raise ComponentStartError(item.name, str(exc)) from exc
            for message_class in table.message_classes:
                codec.check(message_class)


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())
