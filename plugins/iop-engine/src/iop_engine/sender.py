"""Making requests of one component instance, and having them stored."""

from __future__ import annotations

import threading

from iop_core.definitions import ItemDefinition
from iop_core.errors import StoreError, SyncDeadlockError
from iop_core.events import EventType, LogEntry
from iop_core.headers import MessagePriority, MessageType
from iop_core.store_units import NewMessage, Unit
from iop_core.stores import ReplySlot
from iop_engine import crash_points
from iop_engine.addresses import Address
from iop_engine.runtime import Runtime
from iop_engine.scope import Scope

# How often a handler tries to send while the disk is full.
RETRY_SECONDS = 1.0


class Sender:
    """What all kinds of sends of one component instance build on.

    Args:
        item: The item the instance belongs to.
        runtime: What the engine's parts share.

    Attributes:
        item: As given.
        runtime: As given.
        scope: What is going on in the instance; None between two messages.
    """

    def __init__(self, item: ItemDefinition, runtime: Runtime) -> None:
        self.item = item
        self.runtime = runtime
        self.scope: Scope | None = None

    def own_scope(self) -> Scope | None:
        """Return what is going on in the calling thread; None for a thread of the component's own."""
        scope = self.scope
        return scope if scope is not None and scope.thread == threading.get_ident() else None

    def request(self, target: str, message: object, description: str, scope: Scope | None) -> NewMessage:
        """Return a request for an item.

        Raises:
            UnknownItemError: The production has no such item.
        """
        return self.request_to(self.runtime.addresses.get(target), message, description, scope)

    def request_to(self, address: Address, message: object, description: str, scope: Scope | None) -> NewMessage:
        """Return a request for an address."""
        return NewMessage(
            MessageType.REQUEST,
            address.item,
            address.queue,
            self.runtime.codec.encode(message),
            session_id=0 if scope is None else scope.session_id,
            super_session="" if scope is None else scope.context.super_session,
            source=self.item.name,
            source_type=self.item.business_type,
            target_type=address.business_type,
            description=description,
            order_key=address.order_key(message),
        )

    def prepare(
        self, target: str, message: object, description: str, scope: Scope | None
    ) -> tuple[ReplySlot, NewMessage]:
        """Return the place where the answer of a synchronous request will arrive, and the request."""
        request = self.request(target, message, description, scope)
        slot = self.runtime.store.open_reply()
        request.return_queue = slot.queue
        request.priority = MessagePriority.SYNC
        return slot, request

    def ask(
        self, target: str, message: object, description: str, *, session_id: int = 0, is_endless: bool = False
    ) -> tuple[ReplySlot, NewMessage]:
        """Have a synchronous request stored; return the place where its answer arrives, and the request.

        Args:
            target: Item name.
            message: The request.
            description: Free text kept with the header.
            session_id: Session it belongs to; 0: that of the message in hand.
            is_endless: Whether the caller waits without a time limit, and tells ``runtime.waits`` afterwards.

        Raises:
            SyncDeadlockError: Its answer would never come.
        """
        scope = self.own_scope()
        while True:
            slot, request = self.prepare(target, message, description, scope)
            request.session_id = session_id or request.session_id
            try:
                if is_endless:
                    self.expect(slot, request, scope)
                # A handler is told at once when there is no room, and tries again. Anybody else need not wait
                # here: the answer comes after the request is stored, or tells that it was not.
                self.store_now(request, scope, is_awaited=scope is not None and scope.unit is not None)
            except StoreError as exc:
                slot.close()
                self.runtime.waits.forget(slot.queue)
                if not waits_for_room(scope, exc) or self.runtime.is_stopping.wait(RETRY_SECONDS):
                    raise
            except BaseException:
                slot.close()
                self.runtime.waits.forget(slot.queue)
                raise
            else:
                crash_points.reach("call.stored")
                return slot, request

    def expect(self, slot: ReplySlot, request: NewMessage, scope: Scope | None) -> None:
        """Make sure that the answer to a request can come; a deadlock is also told to operators.

        Call ``runtime.waits.forget`` once nobody waits any more.

        Raises:
            SyncDeadlockError: It would never come.
        """
        if scope is None or scope.unit is None:  # no job is held up
            return
        try:
            self.runtime.waits.expect(slot.queue, request.target, request.queue)
        except SyncDeadlockError as exc:
            now = self.runtime.clock.now()
            entry = LogEntry(0, EventType.ALERT, self.item.name, request.session_id, 0, "", str(exc), now)
            self.runtime.store.submit(Unit(log=[entry]))
            raise

    def store_now(self, request: NewMessage, scope: Scope | None, *, is_awaited: bool = True) -> None:
        """Store a request; it is on disk when this returns, unless that is not awaited."""
        ticket = self.runtime.store.submit(Unit(new=[request]))
        if is_awaited:
            ticket.wait()
        if scope is not None:
            scope.follow(request.session_id)


def waits_for_room(scope: Scope | None, exc: StoreError) -> bool:
    """Return whether to try again: a full disk refuses input, but not what a handler sends.

    The message of the handler was accepted long ago, so it waits for room instead of failing.
    """
    return scope is not None and scope.unit is not None and exc.retryable
