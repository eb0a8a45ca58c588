"""The engine's side of one component instance."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Sequence
from uuid import uuid4

from iop_core.context import NO_MESSAGE, MessageContext
from iop_core.definitions import ItemDefinition
from iop_core.duplex_messages import PrivateSession
from iop_core.errors import SendError
from iop_core.events import EventType, LogEntry, event_type_of
from iop_core.store_units import Delivery, Unit
from iop_engine import async_sends, awaited_sends, private_sessions, streamed_sends, sync_sends
from iop_engine.runtime import Runtime
from iop_engine.scope import Scope
from iop_engine.sender import Sender
from iop_engine.stream_reader import StreamReader


class ComponentHost:
    """Implements ``iop_core.interfaces.Host`` for one component instance.

    Args:
        item: The item the instance belongs to.
        runtime: What the engine's parts share.

    Attributes:
        opens_super_sessions: Whether each input begins a super session.
        sends_super_sessions: Whether the component is told the id of the super session to send along.
    """

    def __init__(self, item: ItemDefinition, runtime: Runtime) -> None:
        self._item = item
        self._runtime = runtime
        self._sender = Sender(item, runtime)
        self.opens_super_sessions = False
        self.sends_super_sessions = False

    @property
    def item_name(self) -> str:
        """Name of the item."""
        return self._item.name

    @property
    def keeps_trace(self) -> bool:
        """True when ``trace()`` entries of this item are wanted."""
        return self._item.log_trace_events or self._item.foreground or self._runtime.keeps_trace

    @property
    def context(self) -> MessageContext:
        """The message in hand of the calling thread."""
        scope = self._sender.own_scope()
        return NO_MESSAGE if scope is None else scope.context

    def enter_message(self, delivery: Delivery, unit: Unit, process_id: int = 0) -> Scope:
        """Begin the handling of a message: sends are collected in ``unit`` from now on."""
        context = MessageContext(
            delivery.message_id,
            delivery.session_id,
            delivery.attempt,
            delivery.source,
            delivery.time_created,
            delivery.super_session,
        )
        scope = self._sender.scope = Scope(threading.get_ident(), context, delivery.session_id, unit, process_id)
        scope.return_queue = delivery.return_queue
        return scope

    def enter_input(self, session_id: int = 0) -> None:
        """Begin a service's own input: its sends share one session and are stored at once."""
        super_session = str(uuid4()) if self.opens_super_sessions else ""
        context = MessageContext(session_id=session_id, super_session=super_session)
        self._sender.scope = Scope(threading.get_ident(), context, session_id)

    def begin_session(self) -> None:
        """Have the next send of the input in hand open a session; see ``SessionHost``."""
        scope = self._sender.own_scope()
        if scope is None or scope.unit is not None:
            raise SendError(
                f"{self.item_name!r} called begin_session "
                + ("outside of an input" if scope is None else "for a message, whose session goes on")
                + ". Call it for an input of an adapter or of a program, in the thread that brings it"
            )
        scope.session_id = 0
        scope.context = MessageContext(super_session=scope.context.super_session)

    def join_super_session(self, super_session: str) -> None:
        """Have what is sent for the input in hand belong to a super session; see ``SuperSessionHost``."""
        scope = self._sender.own_scope()
        if scope is None:
            raise SendError(
                f"{self.item_name!r} joined a super session outside of an input. Call join_super_session in "
                "on_process_input or on_poll, in the thread that calls those"
            )
        scope.context = scope.context._replace(super_session=super_session)

    @property
    def super_session_to_send(self) -> str:
        """Id that goes along with what is sent elsewhere; see ``SuperSessionHost``."""
        return self.context.super_session if self.sends_super_sessions else ""

    @property
    def session_id(self) -> int:
        """Session of what is going on; 0 while none is open."""
        scope = self._sender.scope
        return 0 if scope is None else scope.session_id

    def leave(self) -> None:
        """End what ``enter_message`` or ``enter_input`` began."""
        self._sender.scope = None

    def send_sync(self, target: str, message: object, timeout_seconds: float, description: str) -> object:
        """Send a request and wait for the reply; see ``Host``."""
        return sync_sends.send_sync(self._sender, target, message, timeout_seconds, description)

    def send_multi_sync(
        self, requests: Sequence[tuple[str, object]], timeout_seconds: float, description: str
    ) -> list[tuple[object, int]]:
        """Send several requests and wait for all replies; see ``Host``."""
        return sync_sends.send_multi_sync(self._sender, requests, timeout_seconds, description)

    async def send_and_await(self, target: str, message: object, timeout_seconds: float, description: str) -> object:
        """Send a request and await the reply; see ``Host``."""
        return await awaited_sends.send_and_await(self._sender, target, message, timeout_seconds, description)

    def send_generator(self, target: str, message: object, timeout_seconds: float, description: str) -> StreamReader:
        """Ask for a stream of messages; see ``Host``."""
        return streamed_sends.send_generator(self._sender, target, message, timeout_seconds, description)

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
        if response_required:
            async_sends.send_for_answer(self._sender, target, message, description, completion_key)
        else:
            async_sends.send_async(self._sender, target, message, description)

    def reply(self, message: object) -> None:
        """Note the answer to the primary request; see ``Host``."""
        scope = self._sender.own_scope()
        if scope is None or not scope.process_id:
            raise SendError(f"{self.item_name!r} called reply outside of an event of a process instance")
        scope.replies.append(message)

    def complete_now(self) -> None:
        """Have the process instance end with the event in hand; see ``CompletingHost``."""
        scope = self._sender.own_scope()
        if scope is None or not scope.process_id:
            raise SendError(f"{self.item_name!r} called complete_now outside of an event of a process instance")
        scope.is_complete = True

    def defer_response(self) -> str:
        """Put off the answer to the message in hand; see ``DeferringHost``."""
        scope = self._sender.own_scope()
        if scope is None or scope.unit is None or not scope.context.message_id or scope.process_id:
            raise SendError(
                f"{self.item_name!r} called defer_response outside of the handling of a request. Call it in a handler, "
                "in the thread of that handler"
            )
        scope.is_deferred = True
        return self._runtime.deferred.begin(scope.context.message_id, scope.return_queue)

    def send_deferred_response(self, token: str, message: object) -> None:
        """Give an answer that was put off; see ``DeferringHost``."""
        self._runtime.deferred.answer(token, self._runtime.codec.encode(message), self._runtime.store)

    def set_timer(self, seconds: float, completion_key: str) -> None:
        """Ask to be answered later; see ``Host``."""
        async_sends.set_timer(self._sender, seconds, completion_key)

    def start_private_session(self, target: str, timeout_seconds: float) -> PrivateSession:
        """Ask a duplex process for an instance of its own; see ``Host``."""
        return private_sessions.start_private_session(self._sender, target, timeout_seconds)

    def send_document(self, session: PrivateSession, document: object, timeout_seconds: float) -> object:
        """Send a document to the instance of a session; see ``Host``."""
        return private_sessions.send_document(self._sender, session, document, timeout_seconds)

    def stop_private_session(self, session: PrivateSession, attached: object) -> None:
        """Tell the instance of a session that it ends; see ``Host``."""
        private_sessions.stop_private_session(self._sender, session, attached)

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
        unit = Unit(log=[entry])
        if entry.type is EventType.ALERT:
            self._runtime.alerts.told_by_component(entry, unit)
        self._runtime.store.submit(unit)
        if (to_console or self._item.foreground) and not logging.getLogger().handlers:
            sys.stderr.write(f"{entry.time_logged:%H:%M:%S} {entry.type.name} {entry.item}: {_printable(text)}\n")


def _printable(text: str) -> str:
    """Return text on one line, with everything spelled out that could steer a terminal."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
