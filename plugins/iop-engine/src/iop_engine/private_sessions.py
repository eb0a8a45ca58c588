"""Talking to one process instance in a private session."""

from __future__ import annotations

from iop_core.duplex_messages import PrivateSession, PrivateSessionAck, PrivateSessionStart, PrivateSessionStop
from iop_core.errors import SendError
from iop_core.headers import MessagePriority, MessageType
from iop_core.store_units import NewMessage, Unit
from iop_engine.answers import message_of, wait_for
from iop_engine.sender import Sender


def start_private_session(sender: Sender, target: str, timeout_seconds: float) -> PrivateSession:
    """Ask a duplex process for an instance of its own; see ``Host``."""
    slot, sent = sender.ask(target, PrivateSessionStart(), f"{sender.item.name} -> {target}: private session")
    answer = wait_for(slot, timeout_seconds, sender.runtime.clock)
    reply = message_of(answer, sender.runtime.codec, target=target, timeout_seconds=timeout_seconds)
    if not isinstance(reply, PrivateSessionAck):
        raise SendError(f"{target!r} is not a duplex process: it answered with {type(reply).__name__}")
    return PrivateSession(target, sent.message_id, sent.session_id)


def send_document(sender: Sender, session: PrivateSession, document: object, timeout_seconds: float) -> object:
    """Send a document to the instance of a session; see ``Host``."""
    runtime = sender.runtime
    slot = runtime.store.open_reply()
    try:
        message = _document(sender, session, document)
        message.return_queue = slot.queue
        runtime.store.submit(Unit(new=[message])).wait()
    except BaseException:
        slot.close()
        raise
    answer = wait_for(slot, timeout_seconds, runtime.clock)
    return message_of(answer, runtime.codec, target=session.target, timeout_seconds=timeout_seconds)


def stop_private_session(sender: Sender, session: PrivateSession, attached: object) -> None:
    """Tell the instance of a session that it ends; see ``Host``."""
    body = sender.runtime.codec.encode(attached)
    stop = PrivateSessionStop(body.class_name, body.serializer, body.payload)
    sender.runtime.store.submit(Unit(new=[_document(sender, session, stop)])).wait()


def _document(sender: Sender, session: PrivateSession, document: object) -> NewMessage:
    """Return a message for a process instance: like an answer, but to no request."""
    address = sender.runtime.addresses.get(session.target)
    return NewMessage(
        MessageType.RESPONSE,
        session.target,
        address.queue,
        sender.runtime.codec.encode(document),
        session_id=session.session_id,
        priority=MessagePriority.SYNC,
        source=sender.item.name,
        source_type=sender.item.business_type,
        target_type=address.business_type,
        process_id=session.process_id,
        description=f"{sender.item.name} -> {session.target}: document",
    )
