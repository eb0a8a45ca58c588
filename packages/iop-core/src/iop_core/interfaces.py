"""What an engine gives to components: the one door between the two.

A component knows no engine. It is run by a *host*: one object per component
instance, made by the engine, the IRIS bridge or a test.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from iop_core.context import MessageContext
from iop_core.duplex_messages import PrivateSession


@runtime_checkable
class Host(Protocol):
    """One component instance's view of the engine that runs it.

    Targets are item names here; ports and references are resolved before.
    """

    @property
    def item_name(self) -> str:
        """Name of the item this instance belongs to."""
        ...

    @property
    def keeps_trace(self) -> bool:
        """True when ``trace()`` entries of this item are wanted."""
        ...

    @property
    def context(self) -> MessageContext:
        """The message in hand, or ``NO_MESSAGE``."""
        ...

    def send_sync(self, target: str, message: object, timeout_seconds: float, description: str) -> object:
        """Send a request and return the reply message, None for a reply without one.

        Args:
            target: Item name.
            message: The request; None for an empty body.
            timeout_seconds: Give up after this long; negative means wait for ever.
            description: Free text kept with the header.

        Raises:
            UnknownItemError: The production has no such item.
            RequestTimeoutError: No reply in time.
            RequestFailedError: The target ended with an error.
            StoreError: The request could not be stored.
        """
        ...

    async def send_and_await(self, target: str, message: object, timeout_seconds: float, description: str) -> object:
        """Send a request and await the reply, without holding up the event loop.

        Arguments and errors as for ``send_sync``. When it is cancelled, or time runs out,
        a late answer is discarded.
        """
        ...

    def send_generator(self, target: str, message: object, timeout_seconds: float, description: str) -> MessageStream:
        """Ask for a stream of messages; returns when the target has agreed to give one.

        Arguments and errors as for ``send_sync``; the time limit holds for the start and for
        each element.
        """
        ...

    def send_multi_sync(
        self, requests: Sequence[tuple[str, object]], timeout_seconds: float, description: str
    ) -> list[tuple[object, int]]:
        """Send several requests at once and wait for all replies.

        Returns:
            One pair ``(reply or None, code)`` for each request, in the order given. Codes:
            1 reply, 0 no reply in time, -1 error.
        """
        ...

    def send_async(
        self,
        target: str,
        message: object,
        description: str,
        *,
        completion_key: str = "",
        response_required: bool = False,
    ) -> None:
        """Send a request and go on.

        Inside the handling of a message the request is kept back and stored together
        with the end of that handling; elsewhere it is on disk when this returns.

        Args:
            target: Item name.
            message: The request; None for an empty body.
            description: Free text kept with the header.
            completion_key: Comes back with the answer, to tell answers apart.
            response_required: True: the answer is brought to ``on_response`` (processes only).
        """
        ...

    def reply(self, message: object) -> None:
        """Answer the primary request of the process instance in hand, before it ends."""
        ...

    def set_timer(self, seconds: float, completion_key: str) -> None:
        """Bring an empty answer with that key to the process instance in hand after a time.

        Stored together with the end of the event in hand; one of the answers that the
        instance waits for.
        """
        ...

    def start_private_session(self, target: str, timeout_seconds: float) -> PrivateSession:
        """Ask a duplex process for an instance of its own; errors as for ``send_sync``."""
        ...

    def send_document(self, session: PrivateSession, document: object, timeout_seconds: float) -> object:
        """Send a document to the instance of a session and return its answer; errors as for ``send_sync``."""
        ...

    def stop_private_session(self, session: PrivateSession, attached: object) -> None:
        """Tell the instance of a session that it ends; stored when this returns."""
        ...

    def write_log(self, level: int, text: str, method: str, *, to_console: bool = False) -> None:
        """Add an entry to the event log.

        Args:
            level: A level of the standard ``logging`` module, or ``logs.ASSERT_LEVEL``.
            text: The entry; may have several lines (a traceback).
            method: Name of the function that logs.
            to_console: Also write it to standard error, unless the handlers of the root logger show it.
        """
        ...


@runtime_checkable
class MessageStream(Protocol):
    """The messages that answer a generator request, one at a time.

    A ``with`` block closes it at the end. One that is closed, or that nobody refers to any
    more, is ended at the side that serves it too.
    """

    def __iter__(self) -> MessageStream:
        """Return itself."""
        ...

    def __next__(self) -> Any:
        """Return the next element, which may be None.

        Raises:
            StopIteration: There are no more, or it was closed.
            RequestFailedError: The target ended with an error; also on every later call.
            RequestTimeoutError: No element in time; the stream is closed, and every later
                call raises this too.
        """
        ...

    def close(self) -> None:
        """Ask for no more; repeatable."""
        ...

    def __enter__(self) -> MessageStream:
        """Return itself."""
        ...

    def __exit__(self, *exc_info: object) -> None:
        """Close it."""
        ...


class InputReceiver(Protocol):
    """What an inbound adapter sees of the service it feeds: its ``business_host``."""

    def process_input(self, message_input: object = None) -> object:
        """Hand one input to the service and return what the service returns."""
        ...
