"""What a component in a child process wants of its host, done in the engine's process."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

from iop_core.duplex_messages import PrivateSession
from iop_core.errors import ConfigurationError
from iop_core.headers import Body
from iop_core.interfaces import MessageStream
from iop_core.registry import MESSAGE_CLASSES
from iop_engine.component_host import ComponentHost
from iop_engine.runtime import Runtime
from iop_engine.worker_processes.class_places import ClassPlace, place_of
from iop_engine.worker_processes.failures import failure_of
from iop_engine.worker_processes.frames import Answer, Call


class OpenStreams:
    """The streams of messages that a child process reads."""

    def __init__(self) -> None:
        self._streams: dict[int, MessageStream] = {}
        self._numbers = itertools.count(1)

    def add(self, stream: MessageStream) -> int:
        """Keep a stream and return its number."""
        number = next(self._numbers)
        self._streams[number] = stream
        return number

    def get(self, number: int) -> MessageStream:
        """Return the stream of a number."""
        return self._streams[number]

    def close(self, number: int) -> None:
        """End a stream; repeatable."""
        stream = self._streams.pop(number, None)
        if stream is not None:
            stream.close()

    def close_all(self) -> None:
        """End all: the child has ended."""
        for number in tuple(self._streams):
            self.close(number)


class HostCalls:
    """Does what a component in a child process wants of its host.

    Args:
        host: The host.
        runtime: What the engine's parts share.
        streams: The streams that the child reads.
    """

    def __init__(self, host: ComponentHost, runtime: Runtime, streams: OpenStreams) -> None:
        self._host = host
        self._codec = runtime.codec
        self._streams = streams
        self._methods: Mapping[str, Callable[..., object]] = {
            "send_sync": self._send_sync,
            "send_multi_sync": self._send_multi_sync,
            "send_generator": self._send_generator,
            "next_of_stream": self._next_of_stream,
            "send_async": self._send_async,
            "reply": self._reply,
            "set_timer": host.set_timer,
            "defer_response": host.defer_response,
            "send_deferred_response": self._send_deferred_response,
            "start_private_session": host.start_private_session,
            "send_document": self._send_document,
            "stop_private_session": self._stop_private_session,
            "write_log": self._write_log,
            "secret": runtime.store.secret,
            "check_class": runtime.store.check_class,
            "class_place": _class_place,
        }

    def answer(self, call: Call) -> Answer:
        """Do what is wanted and return the answer."""
        try:
            value = self._methods[call.name](*call.arguments)
        except Exception as exc:  # noqa: BLE001 - boundary: the component is told, as if it had called
            return Answer(None, failure_of(exc), call.number)
        return Answer(value, None, call.number)

    async def send_and_await(self, target: str, body: Body, timeout_seconds: float, description: str) -> Body:
        """Send a request and await the reply."""
        reply = await self._host.send_and_await(target, self._codec.decode(body), timeout_seconds, description)
        return self._codec.encode(reply)

    def _send_sync(self, target: str, body: Body, timeout_seconds: float, description: str) -> Body:
        reply = self._host.send_sync(target, self._codec.decode(body), timeout_seconds, description)
        return self._codec.encode(reply)

    def _send_multi_sync(
        self, bodies: Sequence[tuple[str, Body]], timeout_seconds: float, description: str
    ) -> list[tuple[Body, int]]:
        requests = [(target, self._codec.decode(body)) for target, body in bodies]
        answers = self._host.send_multi_sync(requests, timeout_seconds, description)
        return [(self._codec.encode(reply), code) for reply, code in answers]

    def _send_generator(self, target: str, body: Body, timeout_seconds: float, description: str) -> int:
        stream = self._host.send_generator(target, self._codec.decode(body), timeout_seconds, description)
        return self._streams.add(stream)

    def _next_of_stream(self, number: int) -> Body | None:
        try:
            return self._codec.encode(next(self._streams.get(number)))
        except StopIteration:
            return None

    def _send_async(
        self, target: str, body: Body, description: str, completion_key: str, response_required: bool
    ) -> None:
        self._host.send_async(
            target,
            self._codec.decode(body),
            description,
            completion_key=completion_key,
            response_required=response_required,
        )

    def _reply(self, body: Body) -> None:
        self._host.reply(self._codec.decode(body))

    def _send_deferred_response(self, token: str, body: Body) -> None:
        self._host.send_deferred_response(token, self._codec.decode(body))

    def _stop_private_session(self, session: PrivateSession, body: Body) -> None:
        self._host.stop_private_session(session, self._codec.decode(body))

    def _write_log(self, level: int, text: str, method: str, to_console: bool) -> None:
        self._host.write_log(level, text, method, to_console=to_console)

    def _send_document(self, session: PrivateSession, body: Body, timeout_seconds: float) -> Body:
        return self._codec.encode(self._host.send_document(session, self._codec.decode(body), timeout_seconds))


def _class_place(name: str) -> ClassPlace | None:
    """Return where a message class is defined, which this process has loaded; None when it has not."""
    if name not in MESSAGE_CLASSES:
        return None
    try:
        return place_of(MESSAGE_CLASSES.get(name))
    except ConfigurationError:  # the child says that it does not know the class
        return None
