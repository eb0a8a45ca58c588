"""The serving side of generator requests: iterators that wait to be asked for more."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping
from typing import cast

from iop_core.bodies import BodyCodec
from iop_core.errors import DispatchError, SendError
from iop_core.generator_messages import (
    GeneratorAck,
    GeneratorEnd,
    GeneratorPoll,
    GeneratorRequest,
    GeneratorStart,
    GeneratorStop,
)
from iop_core.headers import EMPTY_BODY, Body
from iop_core.message_types import is_message_class
from iop_core.registry import class_name_of
from iop_core.store_units import Delivery
from iop_engine.handler_loop import HandlerLoop
from iop_engine.stream_reader import StreamIds

FRAMES = frozenset(class_name_of(frame) for frame in (GeneratorStart, GeneratorPoll, GeneratorStop))

# A stop may be leased before its start is handled. So many are remembered.
EARLY_STOPS = 1000

_LOG = logging.getLogger("iop.engine")


class StreamOwners:
    """Which runner of an item's pool serves which stream."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owners: dict[str, StreamServer] = {}
        self._early_stops: deque[str] = deque(maxlen=EARLY_STOPS)

    def find(self, stream: str) -> StreamServer | None:
        """Return the one that serves a stream, or None."""
        return self._owners.get(stream)

    def add(self, stream: str, server: StreamServer) -> bool:
        """Note who serves a stream; False when it was stopped before it began."""
        with self._lock:
            if stream in self._early_stops:
                return False
            self._owners[stream] = server
            return True

    def remove(self, stream: str) -> None:
        """Forget a stream, which may not even have begun."""
        with self._lock:
            if self._owners.pop(stream, None) is None:
                self._early_stops.append(stream)


class StreamServer:
    """The open streams of one component instance.

    A handler that is asked for a stream returns an iterator, which is kept and asked for
    one element at a time. All of an iterator runs in the thread of the instance: a request about it that another
    worker of the pool leased is handed over.

    Args:
        owners: Shared by the runners of the item.
        ids: Tells streams of this run from those of earlier ones.
        codec: Messages to bodies and back.
        loop: Runs asynchronous generators.
    """

    def __init__(self, owners: StreamOwners, ids: StreamIds, codec: BodyCodec, loop: HandlerLoop) -> None:
        self._owners = owners
        self._ids = ids
        self._codec = codec
        self._loop = loop
        self._open: dict[str, Iterator[object]] = {}
        self.hand_over: Callable[[Delivery], None]

    def respond(self, delivery: Delivery, handle: Callable[[object], object]) -> Body | None:
        """Do what a message about a stream asks for.

        Args:
            delivery: The message; its class is one of ``FRAMES``.
            handle: Has a request handled by the component.

        Returns:
            The answer; None when the message was handed to the worker that serves its stream.

        Raises:
            SendError: It asks for a stream that is not open.
            DispatchError: It asks for a stream, and what the component returned is not iterable.
        """
        request = cast("GeneratorRequest", self._codec.decode(delivery.body))
        owner = self._owners.find(request.stream)
        if owner is not None and owner is not self:
            owner.hand_over(delivery)
            return None
        if isinstance(request, GeneratorStart):
            return self._start(request, handle)
        if isinstance(request, GeneratorPoll):
            return self._poll(request.stream)
        self._stop(request.stream)
        return EMPTY_BODY

    def close(self) -> None:
        """End all streams; what their code raises is logged."""
        for stream in tuple(self._open):
            try:
                self._stop(stream)
            except Exception:  # noqa: BLE001 - boundary: component code may raise anything
                _LOG.exception("a generator failed while it was closed")

    def _start(self, request: GeneratorStart, handle: Callable[[object], object]) -> Body:
        if not self._ids.is_of_this_run(request.stream):
            raise SendError("this stream was asked for before the production was started again; nobody reads it now")
        if not self._owners.add(request.stream, self):
            return EMPTY_BODY  # the consumer has given up: nobody reads the answer
        try:
            asked = self._codec.decode(Body(request.class_name, request.serializer, request.payload))
            self._open[request.stream] = self._iterator_of(handle(asked))
        except BaseException:
            self._owners.remove(request.stream)
            raise
        return self._codec.encode(GeneratorAck())

    def _poll(self, stream: str) -> Body:
        iterator = self._open.get(stream)
        if iterator is None:
            raise SendError("this stream is not open: it has ended, was closed, or the production was started again")
        try:
            return self._codec.encode(next(iterator))
        except StopIteration:
            self._forget(stream)
            return self._codec.encode(GeneratorEnd())
        except BaseException:
            self._stop(stream)
            raise

    def _stop(self, stream: str) -> None:
        iterator = self._forget(stream)
        close = getattr(iterator, "close", None)
        if close is not None:
            close()

    def _forget(self, stream: str) -> Iterator[object] | None:
        self._owners.remove(stream)
        return self._open.pop(stream, None)

    def _iterator_of(self, result: object) -> Iterator[object]:
        kind = type(result)
        is_message = is_message_class(kind)
        if issubclass(kind, AsyncIterator):
            return _drain(cast("AsyncIterator[object]", result), self._loop)
        if issubclass(kind, Iterable) and not issubclass(kind, (str, bytes, Mapping)) and not is_message:
            return iter(cast("Iterable[object]", result))
        raise DispatchError(
            f"a generator request was answered with {kind.__name__}: its handler must yield messages or return "
            "an iterable of them"
        )


def _drain(source: AsyncIterator[object], loop: HandlerLoop) -> Generator[object]:
    """Yield what an asynchronous iterator does."""
    try:
        while True:
            try:
                element = loop.run(anext(source))
            except StopAsyncIteration:
                return
            yield element
    finally:
        close = getattr(source, "aclose", None)
        if close is not None:
            loop.run(close())
