"""Running a production inside a test."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_core.backends import RunningProduction, RunOptions
from iop_core.clock import Clock, SystemClock
from iop_core.errors import BackendError
from iop_core.events import LogEntry, QueueStatus, Trace
from iop_core.headers import MessageHeader
from iop_core.message_control import BulkResult
from iop_director import Director, message_filter
from iop_production import Production
from iop_testing.virtual_clock import VirtualClock

if TYPE_CHECKING:
    from iop_core.definitions import ProductionDefinition

DEFAULT_TIMEOUT_SECONDS = 30.0
# Real seconds that a stop may take before waits on virtual time are ended.
_PATIENCE_OF_STOP_SECONDS = 1.0


class NotIdleError(BackendError, TimeoutError):
    """A production did not come to rest in time; the text says which queues still hold messages."""


class ProductionRun:
    """A production that runs in this process, seen from a test.

    Args:
        running: The running production.
        clock: Where its engine takes time from.
    """

    def __init__(self, running: RunningProduction, clock: Clock | None = None) -> None:
        self._running = running
        self._clock = clock

    @property
    def running(self) -> RunningProduction:
        """The running production itself, for what has no shorter way here, such as stopping one item."""
        return self._running

    def send(self, item: str, message: object) -> int:
        """Send a request to any item and return its session id; it is on disk by then.

        Raises:
            UnknownItemError: No such item.
            SerializationError: ``message`` is no message.
            StoreError: It could not be stored.
        """
        return self._running.send(item, message)

    def send_many(self, item: str, messages: Sequence[object]) -> list[int]:
        """Send requests in one commit, each in a session of its own; return the session ids."""
        return self._running.send_many(item, messages)

    def call(self, item: str, message: object, *, timeout: float = DEFAULT_TIMEOUT_SECONDS) -> Any:
        """Send a request and return the reply message, None for a reply without one.

        Args:
            item: Any item.
            message: The request.
            timeout: Seconds to wait; -1 waits for ever.

        Raises:
            RequestTimeoutError: No reply in time.
            RequestFailedError: The item ended with an error.
        """
        return self._running.call(item, message, timeout_seconds=timeout)

    def wait_until_idle(self, timeout: float = DEFAULT_TIMEOUT_SECONDS) -> bool:
        """Wait until no item has anything left to do; every polling service has polled by then.

        Returns:
            True.

        Raises:
            NotIdleError: It took longer than ``timeout`` seconds.
        """
        if not self._running.wait_until_idle(timeout):
            busy = (
                ", ".join(f"{queue.name} ({queue.count})" for queue in self._running.queues())
                or "none; an adapter is busy"
            )
            raise NotIdleError(
                f"the production did not come to rest within {timeout:g} s; queues that hold messages: {busy}"
            )
        return True

    def messages(self, **filters: object) -> list[MessageHeader]:
        """Return the headers of the matching messages, oldest first.

        Args:
            **filters: As for ``Director.messages``: status, type, source, target, session,
                body_class, is_error, since, until, limit and more.
        """
        return list(self._running.messages(message_filter(**filters)))

    def count_messages(self, **filters: object) -> int:
        """Return how many messages match; ``filters`` as for ``messages``."""
        return self._running.count_messages(message_filter(**filters))

    def resend(self, *message_ids: int, target: str = "") -> BulkResult:
        """Send requests again as new messages; ``ids`` of the result are those.

        Args:
            *message_ids: The requests.
            target: Item that gets them instead; empty: the one that got them at first.

        Raises:
            MessageControlError: The target does not run.

        Example:
            ``run.resend(*[header.message_id for header in run.messages(is_error=True)])``
        """
        return self._running.resend(message_ids, target=target)

    def resubmit(self, *message_ids: int) -> BulkResult:
        """Have suspended messages handled, under their old ids; ``refused`` of the result says which could not be."""
        return self._running.resubmit(message_ids)

    def suspend(self, *message_ids: int) -> BulkResult:
        """Set waiting messages aside until they are resubmitted or discarded."""
        return self._running.suspend(message_ids)

    def discard(self, *message_ids: int) -> BulkResult:
        """End waiting or suspended messages as Discarded."""
        return self._running.discard(message_ids)

    def abort(self, *message_ids: int) -> BulkResult:
        """End messages that have not ended, as Aborted."""
        return self._running.abort(message_ids)

    def delete(self, *message_ids: int) -> BulkResult:
        """Remove messages that have ended or are suspended, with their bodies, for good."""
        return self._running.delete(message_ids)

    def body(self, message_id: int) -> Any:
        """Return the message with that id as a message object; None for an empty body.

        Raises:
            LookupError: No such message.
            SerializationError: It cannot be read with the serializers that the production allows.
        """
        stored = self._running.message(message_id)
        if stored is None:
            raise LookupError(f"no message {message_id} is stored")
        return self._running.decode(stored)

    def trace(self, session_id: int | None = None) -> Trace | None:
        """Return all messages and log entries of a session, the latest for None."""
        return self._running.trace(session_id)

    def queues(self) -> list[QueueStatus]:
        """Return every queue that holds messages, by name."""
        return self._running.queues()

    def log(self, *, item: str | None = None) -> list[LogEntry]:
        """Return the event log, oldest first."""
        return self._running.log(item=item)

    def stop(self) -> None:
        """Stop the production now instead of at the end of the ``with`` block.

        A handler that waits for a time on a ``VirtualClock`` is not waited for: when the stop takes
        more than a second, its wait ends as if that time had come.
        """
        if not isinstance(self._clock, VirtualClock):
            self._running.stop()
            return
        release = threading.Timer(_PATIENCE_OF_STOP_SECONDS, self._clock.release)
        release.start()
        try:
            self._running.stop()
        finally:
            release.cancel()


@contextmanager
def run_production(
    production: Production | type[Production] | ProductionDefinition,
    *,
    data_dir: str | Path | None = None,
    durability: str = "full",
    clock: Clock | None = None,
) -> Generator[ProductionRun, None, None]:
    """Run a production in this process for the length of a ``with`` block.

    Args:
        production: What to run.
        data_dir: Where its data is kept; None: a temporary directory that is removed.
        durability: ``full`` or ``normal``, as for ``iop run``.
        clock: Where the engine takes time from; None: the real time.

    Raises:
        ComponentStartError: An item could not start.

    Example:
        >>> from iop_core import BusinessOperation
        >>> class Echo(BusinessOperation):
        ...     def on_message(self, request):
        ...         return request
        >>> production = Production("Demo.Echo")
        >>> echo = production.operation(Echo)
        >>> with run_production(production) as run:
        ...     print(run.call("Echo", None))
        None
    """
    with tempfile.TemporaryDirectory(prefix="iop-") as temporary:
        location = Path(temporary if data_dir is None else data_dir).absolute()
        backend = Director(f"local://{location.as_posix()}", namespace="USER").backend
        options = RunOptions(durability=durability, clock=clock or SystemClock())
        run = ProductionRun(backend.run(definition_of(production), options), options.clock)
        try:
            yield run
        finally:
            run.stop()


def definition_of(production: Production | type[Production] | ProductionDefinition) -> ProductionDefinition:
    """Return the definition of a production, whatever form it is given in."""
    if isinstance(production, type):
        production = production()
    return production.definition() if isinstance(production, Production) else production
