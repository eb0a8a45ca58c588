"""The host of a component instance in a child process: the engine's process does what it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from iop_core.bodies import BodyCodec
from iop_core.context import NO_MESSAGE, MessageContext
from iop_core.duplex_messages import PrivateSession
from iop_core.errors import SendError
from iop_core.headers import Body
from iop_core.registry import MESSAGE_CLASSES
from iop_engine.worker_processes.channel import ChannelClosedError
from iop_engine.worker_processes.child_calls import ChildCalls
from iop_engine.worker_processes.class_places import ClassPlace, load


class ChildHost:
    """Implements ``Host``, ``DeferringHost`` and ``SuperSessionHost``.

    Args:
        item: Name of the item.
        calls: Reaches the engine's process.
        codec: Messages to bodies and back.

    Attributes:
        sends_super_sessions: Whether the component is told the id of the super session to send along.
    """

    def __init__(self, item: str, calls: ChildCalls, codec: BodyCodec) -> None:
        self._item = item
        self._calls = calls
        self._codec = codec
        self._context = NO_MESSAGE
        self._keeps_trace = False
        self.sends_super_sessions = False

    @property
    def item_name(self) -> str:
        """Name of the item."""
        return self._item

    @property
    def keeps_trace(self) -> bool:
        """True when ``trace()`` entries of this item are wanted."""
        return self._keeps_trace

    @property
    def context(self) -> MessageContext:
        """The message in hand of the calling thread."""
        return self._context if self._calls.is_own_thread else NO_MESSAGE

    @property
    def super_session_to_send(self) -> str:
        """Id that goes along with what is sent elsewhere; see ``SuperSessionHost``."""
        return self.context.super_session if self.sends_super_sessions else ""

    def join_super_session(self, super_session: str) -> None:
        """Refuse: only services have inputs."""
        raise SendError(f"{self._item!r} joined a super session outside of an input of a service")

    def enter(self, context: MessageContext, *, keeps_trace: bool) -> None:
        """Begin the handling of a message."""
        self._context = context
        self._keeps_trace = keeps_trace

    def leave(self) -> None:
        """End what ``enter`` began."""
        self._context = NO_MESSAGE

    def read(self, body: object) -> object:
        """Return the message of a body, loading its class from where the engine's process has it."""
        body = cast("Body", body)
        if body.class_name and body.class_name not in MESSAGE_CLASSES:
            place = cast("ClassPlace | None", self._calls.call("class_place", body.class_name))
            if place is not None:
                MESSAGE_CLASSES.register(load(place))
        return self._codec.decode(body)

    def send_sync(self, target: str, message: object, timeout_seconds: float, description: str) -> object:
        """Send a request and wait for the reply; see ``Host``."""
        body = self._codec.encode(message)
        return self.read(self._calls.call("send_sync", target, body, timeout_seconds, description))

    async def send_and_await(self, target: str, message: object, timeout_seconds: float, description: str) -> object:
        """Send a request and await the reply; see ``Host``."""
        body = self._codec.encode(message)
        reply = await self._calls.call_and_await(
            "send_and_await", target, body, timeout_seconds, description, context=self.context
        )
        return self.read(reply)

    def send_generator(self, target: str, message: object, timeout_seconds: float, description: str) -> ChildStream:
        """Ask for a stream of messages; see ``Host``."""
        body = self._codec.encode(message)
        stream = cast("int", self._calls.call("send_generator", target, body, timeout_seconds, description))
        return ChildStream(stream, self._calls, self)

    def send_multi_sync(
        self, requests: Sequence[tuple[str, object]], timeout_seconds: float, description: str
    ) -> list[tuple[object, int]]:
        """Send several requests and wait for all replies; see ``Host``."""
        bodies = [(target, self._codec.encode(message)) for target, message in requests]
        answers = self._calls.call("send_multi_sync", bodies, timeout_seconds, description)
        return [(self.read(body), code) for body, code in cast("list[tuple[Body, int]]", answers)]

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
        body = self._codec.encode(message)
        self._calls.call("send_async", target, body, description, completion_key, response_required)

    def reply(self, message: object) -> None:
        """Note the answer to the primary request; see ``Host``."""
        self._calls.call("reply", self._codec.encode(message))

    def defer_response(self) -> str:
        """Put off the answer to the message in hand; see ``DeferringHost``."""
        return cast("str", self._calls.call("defer_response"))

    def send_deferred_response(self, token: str, message: object) -> None:
        """Give an answer that was put off; see ``DeferringHost``."""
        self._calls.call("send_deferred_response", token, self._codec.encode(message))

    def set_timer(self, seconds: float, completion_key: str) -> None:
        """Ask to be answered later; see ``Host``."""
        self._calls.call("set_timer", seconds, completion_key)

    def start_private_session(self, target: str, timeout_seconds: float) -> PrivateSession:
        """Ask a duplex process for an instance of its own; see ``Host``."""
        return cast("PrivateSession", self._calls.call("start_private_session", target, timeout_seconds))

    def send_document(self, session: PrivateSession, document: object, timeout_seconds: float) -> object:
        """Send a document to the instance of a session; see ``Host``."""
        return self.read(self._calls.call("send_document", session, self._codec.encode(document), timeout_seconds))

    def stop_private_session(self, session: PrivateSession, attached: object) -> None:
        """Tell the instance of a session that it ends; see ``Host``."""
        self._calls.call("stop_private_session", session, self._codec.encode(attached))

    def write_log(self, level: int, text: str, method: str, *, to_console: bool = False) -> None:
        """Add an entry to the event log; see ``Host``."""
        self._calls.call("write_log", level, text, method, to_console)


class ChildStream:
    """The messages that answer a generator request; implements ``MessageStream``.

    Args:
        number: Which stream it is.
        calls: Reaches the engine's process, which reads the stream.
        host: Reads the messages.
    """

    def __init__(self, number: int, calls: ChildCalls, host: ChildHost) -> None:
        self._number = number
        self._calls = calls
        self._host = host
        self._is_open = True

    def __iter__(self) -> ChildStream:
        return self

    def __next__(self) -> Any:
        """Return the next element."""
        if not self._is_open:
            raise StopIteration
        element = self._calls.call("next_of_stream", self._number)
        if element is None:
            self.close()
            raise StopIteration
        return self._host.read(element)

    def close(self) -> None:
        """Ask for no more; repeatable."""
        if self._is_open:
            self._is_open = False
            self._calls.close_stream(self._number)

    def __enter__(self) -> ChildStream:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __del__(self) -> None:
        try:
            self.close()
        except ChannelClosedError:
            pass  # the streams of this process have ended with it
