"""The host of a service instance in a process that does not run the production."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any, cast

from iop_core.bodies import BodyCodec
from iop_core.context import NO_MESSAGE, MessageContext
from iop_core.duplex_messages import PrivateSession
from iop_core.errors import SendError
from iop_core.headers import Body
from iop_engine.control.client import ControlClient
from iop_engine.control.wire_methods import Sender, Sent


class RemoteHost:
    """Implements ``iop_core.outside_calls.OutsideHost`` over the control socket.

    Args:
        item: Item that the instance stands for.
        client: Reaches the engine.
        codec: Messages to bodies and back.
    """

    def __init__(self, item: str, client: ControlClient, codec: BodyCodec) -> None:
        self._item = item
        self._client = client
        self._codec = codec
        self._keeps_trace = bool(client.call("keeps_trace", item))
        self._input = threading.local()

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
        """The session of the input in hand of the calling thread."""
        session_id = self._session_id()
        context = MessageContext(session_id=session_id or 0, super_session=self._super_session())
        return NO_MESSAGE if session_id is None else context

    def enter_input(self, session_id: int = 0) -> None:
        """Begin one input: what the calling thread sends from now on shares a session."""
        self._input.session_id = session_id
        self._input.super_session = ""

    def leave(self) -> None:
        """End what ``enter_input`` began."""
        self._input.session_id = None
        self._input.super_session = ""

    def begin_session(self) -> None:
        """Have the next send of the input in hand open a session; see ``SessionHost``."""
        if self._session_id() is None:
            raise SendError(f"{self._item!r} called begin_session outside of an input")
        self._input.session_id = 0

    def join_super_session(self, super_session: str) -> None:
        """Have what is sent for the input in hand belong to a super session; see ``SuperSessionHost``."""
        if self._session_id() is None:
            raise SendError(f"{self._item!r} joined a super session outside of an input")
        self._input.super_session = super_session

    @property
    def super_session_to_send(self) -> str:
        """Nothing: no operation runs here."""
        return ""

    def send_sync(self, target: str, message: object, timeout_seconds: float, description: str) -> object:
        """Send a request and wait for the reply; see ``Host``."""
        body = self._codec.encode(message)
        sent = self._follow("send_sync_as", self._sender(), target, body, timeout_seconds, description)
        return self._codec.decode(sent.replies[0][0])

    async def send_and_await(self, target: str, message: object, timeout_seconds: float, description: str) -> object:
        """Send a request and await the reply in a thread of its own; see ``Host``."""
        body, sender = self._codec.encode(message), self._sender()
        sent = await asyncio.to_thread(
            self._client.call, "send_sync_as", sender, target, body, timeout_seconds, description
        )
        return self._codec.decode(cast("Sent", sent).replies[0][0])

    def send_generator(self, target: str, message: object, timeout_seconds: float, description: str) -> RemoteStream:
        """Ask for a stream of messages; see ``Host``."""
        body = self._codec.encode(message)
        bodies = self._client.call("send_generator_as", self._sender(), target, body, timeout_seconds, description)
        return RemoteStream(cast("Iterator[Body]", bodies), self._codec)

    def send_multi_sync(
        self, requests: Sequence[tuple[str, object]], timeout_seconds: float, description: str
    ) -> list[tuple[object, int]]:
        """Send several requests and wait for all replies; see ``Host``."""
        bodies = [(target, self._codec.encode(message)) for target, message in requests]
        sent = self._follow("send_multi_sync_as", self._sender(), bodies, timeout_seconds, description)
        return [(self._codec.decode(body), code) for body, code in sent.replies]

    def send_async(
        self,
        target: str,
        message: object,
        description: str,
        *,
        completion_key: str = "",
        response_required: bool = False,
    ) -> None:
        """Send a request; it is on disk when this returns; see ``Host``."""
        if response_required:
            raise self._no_event("asked for an answer to be brought to it")
        self._follow("send_async_as", self._sender(), target, self._codec.encode(message), description)

    def reply(self, message: object) -> None:
        """Refuse: there is no request in hand."""
        raise self._no_event("called reply")

    def set_timer(self, seconds: float, completion_key: str) -> None:
        """Refuse: there is no process instance in hand."""
        raise self._no_event("called set_timer")

    def start_private_session(self, target: str, timeout_seconds: float) -> PrivateSession:
        """Ask a duplex process for an instance of its own; see ``Host``."""
        session = self._client.call("start_private_session_as", self._sender(), target, timeout_seconds)
        return cast("PrivateSession", session)

    def send_document(self, session: PrivateSession, document: object, timeout_seconds: float) -> object:
        """Send a document to the instance of a session; see ``Host``."""
        body = self._codec.encode(document)
        answer = self._client.call("send_document_as", self._sender(), session, body, timeout_seconds)
        return self._codec.decode(cast("Body", answer))

    def stop_private_session(self, session: PrivateSession, attached: object) -> None:
        """Tell the instance of a session that it ends; see ``Host``."""
        self._client.call("stop_private_session_as", self._sender(), session, self._codec.encode(attached))

    def write_log(self, level: int, text: str, method: str, *, to_console: bool = False) -> None:
        """Add an entry to the event log of the production; see ``Host``."""
        self._client.call("write_log_as", self._sender(), level, text, method)
        if to_console:
            print(f"{self._item}: {text}", file=sys.stderr)  # noqa: T201 - asked for

    def _follow(self, name: str, *args: object) -> Sent:
        """Call a send; later sends of the same input go into its session."""
        sent = cast("Sent", self._client.call(name, *args))
        if self._session_id() == 0:
            self._input.session_id = sent.session_id
            self._input.super_session = sent.super_session
        return sent

    def _sender(self) -> Sender:
        return Sender(self._item, self._session_id() or 0, self._super_session())

    def _super_session(self) -> str:
        return getattr(self._input, "super_session", "")

    def _session_id(self) -> int | None:
        """Return the session of the input in hand, 0 when it has none yet; None outside of an input."""
        return getattr(self._input, "session_id", None)

    def _no_event(self, deed: str) -> SendError:
        return SendError(f"{self._item!r} {deed} outside of an event of a process instance")


class RemoteStream:
    """The messages that answer a generator request; implements ``MessageStream``.

    Args:
        bodies: The messages as bodies.
        codec: Reads them.
    """

    def __init__(self, bodies: Iterator[Body], codec: BodyCodec) -> None:
        self._bodies = bodies
        self._codec = codec

    def __iter__(self) -> RemoteStream:
        return self

    def __next__(self) -> Any:
        return self._codec.decode(next(self._bodies))

    def close(self) -> None:
        """Ask for no more; repeatable."""
        close = getattr(self._bodies, "close", None)
        if close is not None:
            close()

    def __enter__(self) -> RemoteStream:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
