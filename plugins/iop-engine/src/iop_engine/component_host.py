"""The engine's side of one component instance: sending, replying and logging."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from iop_core.alarms import ALARM_ITEM, AlarmRequest
from iop_core.bodies import BodyCodec
from iop_core.clock import Clock
from iop_core.context import NO_MESSAGE, MessageContext
from iop_core.definitions import ItemDefinition
from iop_core.duplex_messages import PrivateSession, PrivateSessionAck, PrivateSessionStart, PrivateSessionStop
from iop_core.errors import SendError, StoreError
from iop_core.events import LogEntry, event_type_of
from iop_core.generator_messages import GeneratorRequest, GeneratorStart
from iop_core.headers import BusinessType, MessagePriority, MessageType
from iop_core.stores import Delivery, NewMessage, ReplySlot, Store, Unit
from iop_engine.addresses import ALARM_QUEUE, Address, AddressBook
from iop_engine.answers import message_of
from iop_engine.stream_reader import StreamIds, StreamReader

# How often a handler tries to send while the disk is full.
RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Runtime:
    """What every part of a running engine shares.

    Attributes:
        store: Keeps the messages.
        codec: Messages to bodies and back.
        addresses: Where messages for an item go.
        clock: Where time comes from.
        keeps_trace: True when the production keeps the trace entries of every item.
        streams: Gives ids to generator requests.
        is_stopping: Set when the production begins to stop.
    """

    store: Store
    codec: BodyCodec
    addresses: AddressBook
    clock: Clock
    keeps_trace: bool
    streams: StreamIds = field(default_factory=StreamIds)
    is_stopping: threading.Event = field(default_factory=threading.Event)


@dataclass(slots=True)
class Scope:
    """What is going on in a component instance right now.

    Attributes:
        thread: The thread it goes on in; sends from other threads are not part of it.
        context: The message in hand.
        session_id: Session that sends belong to; 0: the first send opens one.
        unit: Collects what is stored at the end of the message in hand; None in a service's
            own input, where each send is stored at once.
        process_id: The process instance in hand; 0 when none.
        replies: What ``reply`` was called with.
    """

    thread: int
    context: MessageContext
    session_id: int = 0
    unit: Unit | None = None
    process_id: int = 0
    replies: list[object] = field(default_factory=list[object])


class ComponentHost:
    """Implements ``iop_core.interfaces.Host`` for one component instance.

    Args:
        item: The item the instance belongs to.
        runtime: What the engine's parts share.
    """

    def __init__(self, item: ItemDefinition, runtime: Runtime) -> None:
        self._item = item
        self._runtime = runtime
        self._scope: Scope | None = None

    @property
    def item_name(self) -> str:
        """Name of the item."""
        return self._item.name

    @property
    def keeps_trace(self) -> bool:
        """True when ``trace()`` entries of this item are wanted."""
        return self._item.log_trace_events or self._runtime.keeps_trace

    @property
    def context(self) -> MessageContext:
        """The message in hand of the calling thread."""
        scope = self._own_scope()
        return NO_MESSAGE if scope is None else scope.context

    def enter_message(self, delivery: Delivery, unit: Unit, process_id: int = 0) -> Scope:
        """Begin the handling of a message: sends are collected in ``unit`` from now on."""
        context = MessageContext(
            delivery.message_id, delivery.session_id, delivery.attempt, delivery.source, delivery.time_created
        )
        self._scope = Scope(threading.get_ident(), context, delivery.session_id, unit, process_id)
        return self._scope

    def enter_input(self) -> None:
        """Begin a service's own input: its sends share one session and are stored at once."""
        self._scope = Scope(threading.get_ident(), NO_MESSAGE)

    def leave(self) -> None:
        """End what ``enter_message`` or ``enter_input`` began."""
        self._scope = None

    def send_sync(self, target: str, message: object, timeout_seconds: float, description: str) -> object:
        """Send a request and wait for the reply; see ``Host``."""
        slot, _ = self._ask(target, message, description)
        return self._message_of(slot.wait(None if timeout_seconds < 0 else timeout_seconds), target, timeout_seconds)

    async def send_and_await(self, target: str, message: object, timeout_seconds: float, description: str) -> object:
        """Send a request and await the reply; see ``Host``."""
        scope = self._own_scope()
        while True:
            try:
                return await self._await_answer(target, message, timeout_seconds, description)
            except StoreError as exc:
                if not self._waits_for_room(scope, exc) or self._runtime.is_stopping.is_set():
                    raise
            await asyncio.sleep(RETRY_SECONDS)

    async def _await_answer(self, target: str, message: object, timeout_seconds: float, description: str) -> object:
        loop = asyncio.get_running_loop()
        is_over = asyncio.Event()
        scope = self._own_scope()
        slot, request = self._prepare(target, message, description, scope)
        timer = loop.call_later(timeout_seconds, is_over.set) if timeout_seconds >= 0 else None
        try:
            slot.on_answer(lambda: _wake(loop, is_over))
            # Not waited for: the answer comes after the request is stored, or tells that it was not.
            self._runtime.store.submit(Unit(new=[request]))
            self._open_session(request, scope)
            await is_over.wait()
            return self._message_of(slot.wait(0), target, timeout_seconds)
        finally:
            slot.close()
            if timer is not None:
                timer.cancel()

    def send_generator(self, target: str, message: object, timeout_seconds: float, description: str) -> StreamReader:
        """Ask for a stream of messages; see ``Host``."""
        body = self._runtime.codec.encode(message)
        stream = self._runtime.streams.new()
        session_id = 0

        def ask(request: GeneratorRequest) -> object:
            nonlocal session_id
            slot, sent = self._ask(target, request, description, session_id)
            session_id = sent.session_id
            return self._message_of(
                slot.wait(None if timeout_seconds < 0 else timeout_seconds), target, timeout_seconds
            )

        def tell(request: GeneratorRequest) -> None:
            told = self._request(target, request, description, None)
            told.session_id = session_id
            told.priority = MessagePriority.SYNC
            self._runtime.store.submit(Unit(new=[told]))

        reader = StreamReader(self._runtime.streams, stream, ask, tell)
        reader.start(GeneratorStart(stream, body.class_name, body.serializer, body.payload), target)
        return reader

    def send_multi_sync(
        self, requests: Sequence[tuple[str, object]], timeout_seconds: float, description: str
    ) -> list[tuple[object, int]]:
        """Send several requests and wait for all replies; see ``Host``."""
        for target, _ in requests:
            self._runtime.addresses.get(target)
        slots = [self._ask(target, message, description)[0] for target, message in requests]
        deadline = None if timeout_seconds < 0 else time.monotonic() + timeout_seconds
        answers: list[tuple[object, int]] = []
        for slot in slots:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            answer = slot.wait(left)
            if answer is None:
                answers.append((None, 0))
            elif answer.is_error:
                answers.append((None, -1))
            else:
                answers.append((self._runtime.codec.decode(answer.body), 1))
        return answers

    def send_async(
        self,
        target: str,
        message: object,
        description: str,
        *,
        completion_key: str = "",
        response_required: bool = False,
    ) -> None:
        """Send a request and go on; see ``Host``."""
        scope = self._own_scope()
        request = self._request(target, message, description, scope)
        if response_required:
            if scope is None or not scope.process_id:
                raise SendError(
                    f"{self.item_name!r} wants an answer from {target!r} outside of an event of a process instance, so "
                    "there is nobody to bring it to. Send from on_request, on_response or on_complete, or with "
                    "response_required=False"
                )
            self._bring_answer(request, scope, completion_key)
        if scope is not None and scope.unit is not None:
            scope.unit.new.append(request)
        else:
            self._store_now(request, scope)

    def reply(self, message: object) -> None:
        """Note the answer to the primary request; see ``Host``."""
        scope = self._own_scope()
        if scope is None or not scope.process_id:
            raise SendError(f"{self.item_name!r} called reply outside of an event of a process instance")
        scope.replies.append(message)

    def set_timer(self, seconds: float, completion_key: str) -> None:
        """Ask to be answered later; see ``Host``."""
        scope = self._own_scope()
        if scope is None or scope.unit is None or not scope.process_id:
            raise SendError(
                f"{self.item_name!r} called set_timer outside of an event of a process instance, so there is nobody to "
                "bring it to. Call it in on_request, on_response or on_complete"
            )
        alarm = AlarmRequest(seconds, self._runtime.clock.now() + timedelta(seconds=seconds))
        address = Address(ALARM_ITEM, ALARM_QUEUE, BusinessType.SERVICE)
        request = self._request_to(address, alarm, f"{self.item_name}: timer of {seconds:g} s", scope)
        self._bring_answer(request, scope, completion_key)
        scope.unit.new.append(request)

    def start_private_session(self, target: str, timeout_seconds: float) -> PrivateSession:
        """Ask a duplex process for an instance of its own; see ``Host``."""
        slot, sent = self._ask(target, PrivateSessionStart(), f"{self.item_name} -> {target}: private session")
        reply = self._message_of(slot.wait(None if timeout_seconds < 0 else timeout_seconds), target, timeout_seconds)
        if not isinstance(reply, PrivateSessionAck):
            raise SendError(f"{target!r} is not a duplex process: it answered with {type(reply).__name__}")
        return PrivateSession(target, sent.message_id, sent.session_id)

    def send_document(self, session: PrivateSession, document: object, timeout_seconds: float) -> object:
        """Send a document to the instance of a session; see ``Host``."""
        slot = self._runtime.store.open_reply()
        try:
            message = self._document(session, document)
            message.return_queue = slot.queue
            self._runtime.store.submit(Unit(new=[message])).wait()
        except BaseException:
            slot.close()
            raise
        given = slot.wait(None if timeout_seconds < 0 else timeout_seconds)
        return self._message_of(given, session.target, timeout_seconds)

    def stop_private_session(self, session: PrivateSession, attached: object) -> None:
        """Tell the instance of a session that it ends; see ``Host``."""
        body = self._runtime.codec.encode(attached)
        stop = PrivateSessionStop(body.class_name, body.serializer, body.payload)
        self._runtime.store.submit(Unit(new=[self._document(session, stop)])).wait()

    def write_log(self, level: int, text: str, method: str, *, to_console: bool = False) -> None:
        """Add an entry to the event log, without waiting for the disk; see ``Host``."""
        context = self.context
        entry = LogEntry(
            entry_id=0,
            type=event_type_of(level),
            item=self.item_name,
            session_id=context.session_id,
            message_id=context.message_id,
            method=method,
            text=text,
            time_logged=self._runtime.clock.now(),
        )
        self._runtime.store.submit(Unit(log=[entry]))
        if to_console and not logging.getLogger().handlers:
            sys.stderr.write(f"{entry.time_logged:%H:%M:%S} {entry.type.name} {entry.item}: {_printable(text)}\n")

    def _message_of(self, answer: Delivery | None, target: str, timeout_seconds: float) -> object:
        return message_of(answer, self._runtime.codec, target=target, timeout_seconds=timeout_seconds)

    def _prepare(
        self, target: str, message: object, description: str, scope: Scope | None
    ) -> tuple[ReplySlot, NewMessage]:
        """Return the place where the answer of a synchronous request will arrive, and the request."""
        request = self._request(target, message, description, scope)
        slot = self._runtime.store.open_reply()
        request.return_queue = slot.queue
        request.priority = MessagePriority.SYNC
        return slot, request

    def _ask(self, target: str, message: object, description: str, session_id: int = 0) -> tuple[ReplySlot, NewMessage]:
        """Store a synchronous request and return the place where its answer arrives, and the request."""
        scope = self._own_scope()
        while True:
            slot, request = self._prepare(target, message, description, scope)
            request.session_id = session_id or request.session_id
            try:
                self._store_now(request, scope)
            except StoreError as exc:
                slot.close()
                if not self._waits_for_room(scope, exc) or self._runtime.is_stopping.wait(RETRY_SECONDS):
                    raise
            except BaseException:
                slot.close()
                raise
            else:
                return slot, request

    @staticmethod
    def _waits_for_room(scope: Scope | None, exc: StoreError) -> bool:
        """Return whether to try again: a full disk refuses input, but not what a handler sends.

        The message of the handler was accepted long ago, so it waits for room instead of failing.
        """
        return scope is not None and scope.unit is not None and exc.retryable

    def _request(self, target: str, message: object, description: str, scope: Scope | None) -> NewMessage:
        return self._request_to(self._runtime.addresses.get(target), message, description, scope)

    def _bring_answer(self, request: NewMessage, scope: Scope, completion_key: str) -> None:
        """Have the answer brought to the process instance in hand."""
        request.return_queue = self._runtime.addresses.get(self.item_name).queue
        request.process_id = scope.process_id
        request.completion_key = completion_key

    def _request_to(self, address: Address, message: object, description: str, scope: Scope | None) -> NewMessage:
        return NewMessage(
            MessageType.REQUEST,
            address.item,
            address.queue,
            self._runtime.codec.encode(message),
            session_id=0 if scope is None else scope.session_id,
            source=self._item.name,
            source_type=self._item.business_type,
            target_type=address.business_type,
            description=description,
        )

    def _document(self, session: PrivateSession, document: object) -> NewMessage:
        """Return a message for a process instance: like an answer, but to no request."""
        address = self._runtime.addresses.get(session.target)
        return NewMessage(
            MessageType.RESPONSE,
            session.target,
            address.queue,
            self._runtime.codec.encode(document),
            session_id=session.session_id,
            priority=MessagePriority.SYNC,
            source=self._item.name,
            source_type=self._item.business_type,
            target_type=address.business_type,
            process_id=session.process_id,
            description=f"{self.item_name} -> {session.target}: document",
        )

    def _store_now(self, request: NewMessage, scope: Scope | None) -> None:
        self._runtime.store.submit(Unit(new=[request])).wait()
        self._open_session(request, scope)

    def _open_session(self, request: NewMessage, scope: Scope | None) -> None:
        """Have later sends of the same input follow the session of this one."""
        if scope is not None and not scope.session_id:
            scope.session_id = request.session_id
            scope.context = MessageContext(session_id=request.session_id)

    def _own_scope(self) -> Scope | None:
        scope = self._scope
        return scope if scope is not None and scope.thread == threading.get_ident() else None


def _printable(text: str) -> str:
    """Return text on one line, with everything spelled out that could steer a terminal."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def _wake(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    try:
        loop.call_soon_threadsafe(event.set)
    except RuntimeError:
        pass  # the loop was closed meanwhile: nobody waits any more
