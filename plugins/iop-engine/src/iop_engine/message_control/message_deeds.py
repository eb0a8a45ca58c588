"""Deeds of operators on the messages of a store, whether a production runs on it or not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from iop_core.bodies import BodyCodec
from iop_core.clock import Clock
from iop_core.errors import MessageControlError
from iop_core.headers import Body, MessageHeader, MessagePriority, MessageStatus, MessageType
from iop_core.message_control import BulkResult, Selection
from iop_core.store_units import SYNC_CALL_PREFIX, HeaderChange, NewMessage, Unit
from iop_core.stores import Store, StoreReader
from iop_engine.addresses import Address
from iop_engine.assumptions import HEAD_OF_QUEUE_PRIORITY
from iop_engine.in_hand import MessagesInHand
from iop_engine.message_control.deed import Deed
from iop_engine.message_control.edited_body import edited_body
from iop_engine.message_control.ending import Ending
from iop_engine.stream_server import FRAMES


@dataclass(frozen=True, slots=True)
class LivePart:
    """What a running production adds.

    Attributes:
        codec: Messages to bodies and back.
        address_of: Item name to where its messages go; raises for an item that does not exist.
        is_running: Whether an item runs.
        in_hand: What operations are handling.
    """

    codec: BodyCodec
    address_of: Callable[[str], Address]
    is_running: Callable[[str], bool]
    in_hand: MessagesInHand


class MessageDeeds:
    """Implements ``iop_core.message_control.MessageControl``.

    Args:
        store: Keeps the messages.
        clock: Where time comes from.
        live: What the running production adds; None when none runs on the store.
    """

    def __init__(self, store: Store, clock: Clock, live: LivePart | None = None) -> None:
        self._store = store
        self._clock = clock
        self._live = live
        # Two operators who resubmit the same messages must not get them handled twice.
        self._turn = threading.Lock()

    def resend(
        self,
        selection: Selection,
        *,
        actor: str = "",
        reason: str = "",
        dry_run: bool = False,
        target: str = "",
        body: Body | str | None = None,
        at_head: bool = False,
    ) -> BulkResult:
        """Send requests again as new messages; see ``MessageControl``."""
        live = self._live
        if live is None:
            raise MessageControlError(
                "no production runs here, so nothing can be resent: start it first. "
                "What is suspended can be resubmitted"
            )
        if target:
            self._require_running(target, live)
        deed = self._deed("resend", selection, actor, reason, dry_run)
        with self._turn:
            headers = deed.headers()
            new_body = self._new_body(body, headers)
            for header in headers:
                why = _unfit_for_resend(header, target, live)
                if why:
                    deed.refuse(header.message_id, why)
                    continue
                copy = self._copy(header, deed, target, new_body, live)
                if copy is None:
                    deed.refuse(header.message_id, "it has just been removed")
                    continue
                if at_head:
                    copy.priority = HEAD_OF_QUEUE_PRIORITY
                deed.add(header.message_id, Unit(new=[copy]))
            return deed.finish()

    def resubmit(
        self,
        selection: Selection,
        *,
        actor: str = "",
        reason: str = "",
        dry_run: bool = False,
        body: Body | str | None = None,
    ) -> BulkResult:
        """Have suspended messages handled; see ``MessageControl``."""
        deed = self._deed("resubmit", selection, actor, reason, dry_run)
        with self._turn:
            headers = deed.headers()
            new_body = self._new_body(body, headers)
            for header in headers:
                if header.status is not MessageStatus.SUSPENDED:
                    deed.refuse(header.message_id, f"it is {header.status.name.title()}, not Suspended")
                elif header.queue.startswith(SYNC_CALL_PREFIX):
                    deed.refuse(header.message_id, "it is an answer whose caller has ended; discard it")
                else:
                    change = HeaderChange(
                        header.message_id,
                        MessageStatus.QUEUED,
                        error="",
                        description=_described(deed.words, header),
                        queue=header.queue,
                        body=new_body,
                        begins_anew=True,
                    )
                    deed.add(header.message_id, Unit(changes=[change]))
            return deed.finish()

    def abort(self, selection: Selection, *, actor: str = "", reason: str = "", dry_run: bool = False) -> BulkResult:
        """End messages as Aborted; see ``MessageControl``."""
        deed = self._deed("abort", selection, actor, reason, dry_run)
        return self._end(deed, MessageStatus.ABORTED)

    def discard(self, selection: Selection, *, actor: str = "", reason: str = "", dry_run: bool = False) -> BulkResult:
        """End waiting or suspended messages as Discarded; see ``MessageControl``."""
        deed = self._deed("discard", selection, actor, reason, dry_run)
        return self._end(deed, MessageStatus.DISCARDED)

    def suspend(self, selection: Selection, *, actor: str = "", reason: str = "", dry_run: bool = False) -> BulkResult:
        """Set waiting messages aside; see ``MessageControl``."""
        deed = self._deed("suspend", selection, actor, reason, dry_run)
        return self._end(deed, MessageStatus.SUSPENDED)

    def delete(self, selection: Selection, *, actor: str = "", reason: str = "", dry_run: bool = False) -> BulkResult:
        """Remove ended or suspended messages for good; see ``MessageControl``."""
        deed = self._deed("delete", selection, actor, reason, dry_run)
        with self._turn:
            for header in deed.headers():
                why = _why_kept(header, self._store.reader)
                if why:
                    deed.refuse(header.message_id, why)
                else:
                    deed.add(header.message_id, Unit(removed=[header.message_id]))
            return deed.finish()

    def _end(self, deed: Deed, status: MessageStatus) -> BulkResult:
        in_hand = MessagesInHand() if self._live is None else self._live.in_hand
        with self._turn:
            ending = Ending(self._store, in_hand, deed, status)
            for header in deed.headers():
                ending.end(header)
            return deed.finish()

    def _deed(self, action: str, selection: Selection, actor: str, reason: str, dry_run: bool) -> Deed:
        return Deed(self._store, self._clock, action, selection, actor=actor, reason=reason, dry_run=dry_run)

    def _new_body(self, given: Body | str | None, headers: list[MessageHeader]) -> Body | None:
        if given is None:
            return None
        if len(headers) != 1:
            raise MessageControlError(f"a new body is for one message, and {len(headers)} are selected")
        codec = None if self._live is None else self._live.codec
        return edited_body(given, headers[0], self._store.reader, codec)

    def _require_running(self, target: str, live: LivePart) -> None:
        live.address_of(target)
        if not live.is_running(target):
            raise MessageControlError(f"{target!r} does not run, so nothing is resent to it. Start or enable it first")

    def _copy(
        self, header: MessageHeader, deed: Deed, target: str, new_body: Body | None, live: LivePart
    ) -> NewMessage | None:
        """Return a request once more; None when it was removed after its header was read."""
        address = live.address_of(target or header.target)
        stored = self._store.reader.message(header.message_id)
        if stored is None:
            return None
        body = new_body or stored.body
        return NewMessage(
            MessageType.REQUEST,
            address.item,
            address.queue,
            body,
            session_id=header.session_id,
            priority=MessagePriority.ASYNC,
            source=header.source,
            source_type=header.source_type,
            target_type=address.business_type,
            description=f"message {header.message_id} {_described(deed.words, header)}",
            resent="r",
            super_session=header.super_session,
            order_key=address.order_key(live.codec.decode(body)) if address.order_keys else "",
            shared_body_id=header.body_id if new_body is None else 0,
        )


def _unfit_for_resend(header: MessageHeader, target: str, live: LivePart) -> str:
    """Return why a message cannot be resent; empty when it can."""
    if header.type is MessageType.RESPONSE:
        return f"it is an answer; resend its request {header.corresponding_id}"
    if header.body_class in FRAMES:
        return "it is part of a stream, which only its reader can ask for"
    if not target and not live.is_running(header.target):
        return f"its target {header.target!r} does not run; start it, or give another target"
    return ""


def _why_kept(header: MessageHeader, reader: StoreReader) -> str:
    """Return why a message cannot be deleted; empty when it can."""
    status = header.status
    if status is MessageStatus.DEFERRED or status < MessageStatus.DISCARDED:
        return f"it is {status.name.title()}; abort or discard it first"
    for process_id in {header.message_id, header.process_id} - {0}:
        instance = reader.find_process(process_id)
        if instance is not None and not instance.is_completed:
            return f"process instance {process_id} is not over and needs it; abort request {process_id} first"
    return ""


def _described(words: str, header: MessageHeader) -> str:
    return f"{words}; {header.description}" if header.description else words
