"""Sends that are answered with a stream of messages."""

from __future__ import annotations

from iop_core.errors import SendError
from iop_core.generator_messages import GeneratorRequest, GeneratorStart
from iop_core.headers import MessagePriority
from iop_core.store_units import Unit
from iop_engine.answers import message_of, wait_for
from iop_engine.sender import Sender
from iop_engine.stream_reader import StreamReader


def send_generator(
    sender: Sender, target: str, message: object, timeout_seconds: float, description: str
) -> StreamReader:
    """Ask for a stream of messages; see ``Host``."""
    runtime = sender.runtime
    if runtime.addresses.get(target).is_in_proc:
        raise SendError(f"{target!r} runs in its callers' jobs (InProc), so it gives no streams")
    body = runtime.codec.encode(message)
    stream = runtime.streams.new()
    session_id = 0

    def ask(request: GeneratorRequest) -> object:
        nonlocal session_id
        slot, sent = sender.ask(target, request, description, session_id=session_id, is_endless=timeout_seconds < 0)
        session_id = sent.session_id
        try:
            answer = wait_for(slot, timeout_seconds, runtime.clock)
        finally:
            runtime.waits.forget(slot.queue)
        return message_of(answer, runtime.codec, target=target, timeout_seconds=timeout_seconds)

    def tell(request: GeneratorRequest) -> None:
        told = sender.request(target, request, description, None)
        told.session_id = session_id
        told.priority = MessagePriority.SYNC
        runtime.store.submit(Unit(new=[told]))

    reader = StreamReader(runtime.streams, stream, ask, tell)
    reader.start(GeneratorStart(stream, body.class_name, body.serializer, body.payload), target)
    return reader
