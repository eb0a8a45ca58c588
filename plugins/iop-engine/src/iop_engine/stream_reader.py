"""The consumer's side of a generator request."""

from __future__ import annotations

import itertools
import logging
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING
from uuid import uuid4

from iop_core.errors import IopError, RequestFailedError, SendError
from iop_core.generator_messages import GeneratorAck, GeneratorEnd, GeneratorPoll, GeneratorRequest, GeneratorStop

if TYPE_CHECKING:
    from collections.abc import Callable

_LOG = logging.getLogger("iop.engine")


class StreamIds:
    """Gives ids to streams, and ends those that nobody refers to any more.

    An object may be deleted at any moment, while its thread holds any lock: so it must not
    send then. It leaves a note instead, and a thread of this class sends.
    """

    def __init__(self) -> None:
        self._run = uuid4().hex
        self._numbers = itertools.count(1)
        self._abandoned: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def new(self) -> str:
        """Return the id of a new stream."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run_closer, name="iop-streams", daemon=True)
                self._thread.start()
        return f"{self._run}-{next(self._numbers)}"

    def is_of_this_run(self, stream: str) -> bool:
        """Return whether a stream was asked for since the production was started."""
        return stream.startswith(self._run)

    def abandon(self, close: Callable[[], None]) -> None:
        """Have a stream closed soon; may be called while an object is deleted."""
        self._abandoned.put(close)

    def stop(self) -> None:
        """End the thread; streams that are abandoned later end with the production."""
        with self._lock:
            if self._thread is not None:
                self._abandoned.put(None)
                self._thread.join()

    def _run_closer(self) -> None:
        while (close := self._abandoned.get()) is not None:
            close()


class StreamReader:
    """Implements ``iop_core.interfaces.MessageStream`` with a request for each element.

    Args:
        ids: Ends the stream when nobody refers to it any more.
        stream: Id of the stream.
        ask: Sends a request of the stream and returns the answer.
        tell: Sends a request that is not answered.
    """

    def __init__(
        self,
        ids: StreamIds,
        stream: str,
        ask: Callable[[GeneratorRequest], object],
        tell: Callable[[GeneratorRequest], None],
    ) -> None:
        self._ids = ids
        self._stream = stream
        self._ask = ask
        self._tell = tell
        self._is_open = False
        self._failure: Exception | None = None

    def start(self, request: GeneratorRequest, target: str) -> None:
        """Ask for the stream.

        Raises:
            SendError: The target gave no stream, or no answer in time.
        """
        self._is_open = True
        answer = self._asked(request)
        if not isinstance(answer, GeneratorAck):
            self._is_open = False
            raise SendError(
                f"{target!r} did not acknowledge a generator request but answered with {type(answer).__name__}; ask a "
                "service or operation"
            )

    def __iter__(self) -> StreamReader:
        return self

    def __next__(self) -> object:
        """Return the next element."""
        if self._failure is not None:
            raise self._failure
        if not self._is_open:
            raise StopIteration
        element = self._asked(GeneratorPoll(self._stream))
        if isinstance(element, GeneratorEnd):
            self._is_open = False
            raise StopIteration
        return element

    def close(self) -> None:
        """Ask for no more."""
        if self._is_open:
            self._is_open = False
            _stop(self._stream, self._tell)

    def __enter__(self) -> StreamReader:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __del__(self) -> None:
        if self._is_open:
            stream, tell = self._stream, self._tell
            self._ids.abandon(lambda: _stop(stream, tell))

    def _asked(self, request: GeneratorRequest) -> object:
        try:
            return self._ask(request)
        except BaseException as exc:
            if isinstance(exc, Exception):
                self._failure = exc
            if isinstance(exc, RequestFailedError):
                self._is_open = False  # at the other side too
            else:
                self.close()
            raise


def _stop(stream: str, tell: Callable[[GeneratorRequest], None]) -> None:
    try:
        tell(GeneratorStop(stream))
    except IopError as exc:  # a production that was stopped has ended its streams
        _LOG.debug("stream %s could not be closed: %s", stream, exc)
