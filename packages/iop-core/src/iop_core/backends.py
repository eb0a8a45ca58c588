"""The backend interface: the place where productions run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from iop_core.clock import Clock, SystemClock
from iop_core.definitions import ProductionDefinition
from iop_core.deployments import Deployments
from iop_core.errors import BackendError
from iop_core.events import (
    LogEntry,
    MessageFilter,
    ProductionStatus,
    QueueStatus,
    StoredMessage,
    Trace,
)
from iop_core.headers import MessageHeader

# What "on disk" means: safe against a power cut, or against the death of the process.
DURABILITIES = ("full", "normal")


class MessageHistory(Protocol):
    """Read access to what a store keeps; safe while a production runs elsewhere."""

    def status(self) -> ProductionStatus:
        """Return what runs, or ran last."""
        ...

    def queues(self) -> list[QueueStatus]:
        """Return every queue that holds messages, by name."""
        ...

    def messages(self, criteria: MessageFilter) -> Iterator[MessageHeader]:
        """Return the matching headers, a page at a time."""
        ...

    def count_messages(self, criteria: MessageFilter) -> int:
        """Return how many messages match (``limit`` and order are ignored)."""
        ...

    def message(self, message_id: int) -> StoredMessage | None:
        """Return one message with its body, or None."""
        ...

    def trace(self, session_id: int | None = None) -> Trace | None:
        """Return one session, the latest for None; None when there is none."""
        ...

    def log(self, *, since_id: int = 0, item: str | None = None, limit: int | None = None) -> list[LogEntry]:
        """Return event log entries with ids above ``since_id``, oldest first.

        With ``limit`` the newest that many are returned.
        """
        ...


class RunningProduction(MessageHistory, Protocol):
    """A production that runs in this process."""

    def send(self, item: str, message: object) -> int:
        """Send a request to any item from outside and return its session id.

        The message is on disk when this returns (with durability ``full``).

        Raises:
            UnknownItemError: No such item.
            StoreError: The message could not be stored; nothing was.
        """
        ...

    def send_many(self, item: str, messages: Sequence[object]) -> list[int]:
        """Send requests in one commit, each in a session of its own; return the session ids."""
        ...

    def call(self, item: str, message: object, *, timeout_seconds: float) -> object:
        """Send a request and return the reply message (None for a reply without one).

        Raises:
            RequestTimeoutError: No reply in time.
            RequestFailedError: The item ended with an error.
        """
        ...

    def decode(self, stored: StoredMessage) -> object:
        """Return a stored message as a message object, None for an empty body.

        Raises:
            SerializationError: It cannot be read, or not with what this production allows.
        """
        ...

    def wait_until_idle(self, timeout_seconds: float | None = None) -> bool:
        """Wait until no running item has anything left to do; False when time ran out.

        Every polling service has polled at least once by then.
        """
        ...

    def stop(self) -> None:
        """Stop services, then processes, then operations, and close the store; repeatable."""
        ...


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to run a production.

    Attributes:
        durability: ``full``: on the disk before a send returns; ``normal``: safe against the
            death of the process, not against a power cut.
        clock: Where the engine takes time from.
    """

    durability: str = "full"
    clock: Clock = field(default_factory=SystemClock)


class Backend(ABC):
    """Runs productions and answers for them; offered through the hook ``iop_backends``.

    Attributes:
        name: Scheme of the URLs it takes, such as ``local`` or ``iris``.
        location: The URL it was opened with, without secrets.
        namespace: The namespace it was opened for.
    """

    name: ClassVar[str]

    @classmethod
    @abstractmethod
    def open(cls, url: str, *, namespace: str) -> Backend:
        """Open the backend a URL names, without starting anything.

        Raises:
            BackendError: The URL cannot be understood, or nothing answers there.
        """

    @abstractmethod
    def history(self) -> MessageHistory:
        """Return read access to stored messages, queues and log.

        Raises:
            BackendUnavailableError: Nothing was ever stored there, or it cannot be read.
        """

    @abstractmethod
    def run(self, production: ProductionDefinition, options: RunOptions) -> RunningProduction:
        """Run a production in this process; returns when every item is ready.

        Raises:
            ComponentStartError: An item could not start; nothing is left running.
            StoreError: The store cannot be opened or belongs to a running production.
        """

    def deployments(self) -> Deployments:
        """Return what is kept of deployed productions and registered classes.

        Raises:
            BackendError: This backend keeps none, or what it keeps cannot be opened.
        """
        raise BackendError(
            f"the backend {self.name!r} keeps no deployments: run productions from their settings file, or use "
            "a backend that keeps them, such as 'local:'"
        )
