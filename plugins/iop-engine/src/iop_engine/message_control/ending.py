"""Ending messages by hand, wherever they are on their way."""

from __future__ import annotations

from iop_core.alarms import ALARM_ITEM
from iop_core.bodies import BodyCodec
from iop_core.headers import BusinessType, MessageHeader, MessagePriority, MessageStatus, MessageType
from iop_core.store_units import HeaderChange, NewMessage, Settled, Unit
from iop_core.stores import Store
from iop_engine.in_hand import MessagesInHand
from iop_engine.instance_abort import AbortInstance
from iop_engine.message_control.deed import Deed

_OPEN = (MessageStatus.CREATED, MessageStatus.QUEUED, MessageStatus.DELIVERED)


class Ending:
    """Ends messages in one way for one deed.

    Args:
        store: Keeps the messages.
        in_hand: What operations are handling.
        deed: Collects what is done.
        status: How the messages end: Aborted, Discarded or Suspended.
    """

    def __init__(self, store: Store, in_hand: MessagesInHand, deed: Deed, status: MessageStatus) -> None:
        self._store = store
        self._in_hand = in_hand
        self._deed = deed
        self._status = status

    def end(self, header: MessageHeader) -> None:
        """End a message, or note why that cannot be."""
        deed, message_id = self._deed, header.message_id
        why = self._why_not(header)
        if why:
            deed.refuse(message_id, why)
        elif header.status in _OPEN:
            self._end_open(header)
        elif header.status is MessageStatus.COMPLETED:
            self._end_instance(header)
        else:
            change = HeaderChange(message_id, self._status, error=deed.words)
            deed.add(message_id, Unit(changes=[change, *self._put_off(header)], new=self._answers(header)))

    def _why_not(self, header: MessageHeader) -> str:
        status = header.status
        if header.target == ALARM_ITEM:
            return "it is the timer of a process instance; abort the request of that instance"
        if status is MessageStatus.COMPLETED:
            is_instance = self._status is MessageStatus.ABORTED and self._has_open_instance(header.message_id)
            return "" if is_instance else "it is Completed"
        is_set_aside = status in (MessageStatus.SUSPENDED, MessageStatus.DEFERRED)
        if status not in _OPEN and (not is_set_aside or self._status is MessageStatus.SUSPENDED):
            return f"it is {status.name.title()}"
        if status is MessageStatus.DEFERRED and header.type is MessageType.RESPONSE:
            return f"it is an answer that is given later; abort its request {header.corresponding_id}"
        is_event = header.type is MessageType.RESPONSE and header.process_id
        if is_event and self._status is not MessageStatus.SUSPENDED and self._has_open_instance(header.process_id):
            return f"process instance {header.process_id} waits for it; abort request {header.process_id} instead"
        return ""

    def _has_open_instance(self, process_id: int) -> bool:
        record = self._store.reader.find_process(process_id)
        return record is not None and not record.is_completed

    def _end_open(self, header: MessageHeader) -> None:
        deed, message_id = self._deed, header.message_id
        if deed.is_dry_run:
            deed.add(message_id, Unit())
            return
        waiting = self._store.withdraw(header.queue, message_id)
        if waiting is not None:
            # Its process instance is not held by it: the key is left alone.
            end = Settled(message_id, header.queue, 0, self._status, deed.words, waiting.attempt - 1)
            deed.add(message_id, Unit(settled=[end], new=self._answers(header)))
            return
        handling = self._in_hand.find(message_id)
        if handling is not None:
            handling.interrupt(self._status, deed.words)
            deed.mark(message_id)
        else:
            deed.refuse(message_id, f"{header.target!r} is handling it; wait for its end")

    def _end_instance(self, header: MessageHeader) -> None:
        """Have the process instance of a request end: an event of its own, in turn with the others."""
        event = NewMessage(
            MessageType.RESPONSE,
            header.target,
            header.queue,
            BodyCodec().encode(AbortInstance(self._deed.words)),
            session_id=header.session_id,
            priority=MessagePriority.HIGH_SYNC,
            target_type=BusinessType.PROCESS,
            process_id=header.message_id,
            description=f"process instance {header.message_id} {self._deed.words}",
        )
        self._deed.add(header.message_id, Unit(new=[event]))

    def _answers(self, header: MessageHeader) -> list[NewMessage]:
        """Return the answer that tells a waiting caller, if there is one."""
        is_answered = header.type is MessageType.RESPONSE or header.status is MessageStatus.DEFERRED
        if self._status is MessageStatus.SUSPENDED or not header.return_queue or is_answered:
            return []
        text = f"the request was {self._deed.words}"
        return [
            NewMessage(
                MessageType.RESPONSE,
                header.source,
                header.return_queue,
                session_id=header.session_id,
                priority=header.priority,
                source=header.target,
                source_type=header.target_type,
                target_type=header.source_type,
                corresponding_id=header.message_id,
                process_id=header.process_id,
                is_error=True,
                error=text,
                description=f"{header.target} -> {header.source}",
                completion_key=header.completion_key,
            )
        ]

    def _put_off(self, header: MessageHeader) -> list[HeaderChange]:
        """Return the change that makes a deferred answer an error, if there is one."""
        if header.status is not MessageStatus.DEFERRED or not header.corresponding_id:
            return []
        text = f"the request was {self._deed.words}"
        later = self._store.reader.message(header.corresponding_id)
        # Where the answer is stored: that of a process moves with its queue.
        queue = header.return_queue if later is None else later.header.queue
        return [HeaderChange(header.corresponding_id, MessageStatus.QUEUED, error=text, queue=queue)]
