"""The store interface: accept messages, lease work, settle it, wait for replies, read history.

Nothing of SQL, of files or of one process owning everything shows through it. An
engine hands over *units*: what belongs together and is kept as a whole or not at all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Protocol

from iop_core.audit import AuditCheck, AuditEntry
from iop_core.errors import StoreError
from iop_core.events import EVERY_ENTRY, IoEntry, LogEntry, LogFilter, MessageFilter, QueueStatus, StoredMessage
from iop_core.headers import Body, MessageHeader
from iop_core.process_instances import ProcessFilter, ProcessInstanceStatus
from iop_core.purging import PurgeOptions, PurgeResult, never
from iop_core.store_units import Delivery, ProcessRecord, Unit

if TYPE_CHECKING:
    from iop_core.clock import Clock


class Ticket(Protocol):
    """A unit on its way to the disk."""

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait until the unit is stored; False when time ran out.

        Raises:
            StoreError: The unit could not be stored; nothing of it was.
        """
        ...


class ReplySlot(Protocol):
    """The place where the answer of one synchronous request arrives."""

    @property
    def queue(self) -> str:
        """Name to put into the request's ``return_queue``."""
        ...

    def wait(self, timeout_seconds: float | None) -> Delivery | None:
        """Wait for the stored answer; None when time ran out, and then later answers are discarded.

        Raises:
            StoreError: The request could not be stored, or the store was closed.
        """
        ...

    def on_answer(self, callback: Callable[[], None]) -> None:
        """Have a function called once ``wait`` need not wait any more: for code that may not block.

        It is called once, from any thread, and must return quickly.
        """
        ...

    def close(self) -> None:
        """Stop waiting: an answer that arrives from now on is marked Discarded."""
        ...


class StoreReader(ABC):
    """Reads the history of one namespace; safe while an engine elsewhere writes it."""

    @abstractmethod
    def notes(self) -> dict[str, str]:
        """Return what engines noted about themselves: name to text."""

    @abstractmethod
    def is_in_use(self) -> bool:
        """Return whether a running engine owns the namespace."""

    @abstractmethod
    def message(self, message_id: int) -> StoredMessage | None:
        """Return one message with its body, or None."""

    @abstractmethod
    def messages(self, criteria: MessageFilter) -> Iterator[MessageHeader]:
        """Return the matching headers, a page at a time."""

    @abstractmethod
    def count_messages(self, criteria: MessageFilter) -> int:
        """Return how many messages match; ``limit`` is ignored."""

    @abstractmethod
    def queues(self) -> list[QueueStatus]:
        """Return every queue that holds messages, by name."""

    @abstractmethod
    def queue(self, name: str, *, at_most: int) -> QueueStatus:
        """Return one queue, which may be empty.

        Args:
            name: Name of the queue.
            at_most: Messages are counted no further than this.

        Returns:
            The queue; ``oldest`` is when the message was stored that comes first.
        """

    @abstractmethod
    def audit(self, *, since_id: int = 0, limit: int | None = None) -> list[AuditEntry]:
        """Return what operators did, oldest first; with ``limit`` the newest that many."""

    @abstractmethod
    def check_audit(self, checkpoints: Mapping[int, str]) -> AuditCheck:
        """Look over the chain that the deeds of operators form, also against checkpoints: number to hash."""

    def io_log(
        self,
        *,
        since_id: int = 0,
        item: str | None = None,
        session_id: int | None = None,
        limit: int | None = None,
    ) -> list[IoEntry]:
        """Return exchanges with the outside, oldest first; with ``limit`` the newest that many.

        Args:
            since_id: Only entries with higher ids.
            item: Only entries of that item.
            session_id: Only entries of that session.
            limit: Only the newest that many.
        """
        return []

    def processes(self, criteria: ProcessFilter) -> list[ProcessInstanceStatus]:
        """Return instances of processes, oldest first; with ``limit`` the newest that many."""
        return []

    @abstractmethod
    def has_open_sync(self) -> bool:
        """Return whether a synchronous request still waits in a queue."""

    @abstractmethod
    def find_process(self, process_id: int) -> ProcessRecord | None:
        """Return the stored state of a process instance, or None."""

    @abstractmethod
    def log(
        self,
        *,
        since_id: int = 0,
        item: str | None = None,
        session_id: int | None = None,
        limit: int | None = None,
        criteria: LogFilter = EVERY_ENTRY,
    ) -> list[LogEntry]:
        """Return event log entries, oldest first; with ``limit`` the newest that many."""

    @abstractmethod
    def close(self) -> None:
        """Let go of everything; repeatable."""


class Store(ABC):
    """Keeps the messages of one namespace; offered through the hook ``iop_stores``.

    All methods may be called from any thread.

    Attributes:
        name: What users write in settings.
    """

    name: ClassVar[str]

    @property
    @abstractmethod
    def reader(self) -> StoreReader:
        """Reads what is stored."""

    @classmethod
    @abstractmethod
    def open(cls, location: str, *, namespace: str, durability: str, clock: Clock) -> Store:
        """Take possession of a namespace.

        Args:
            location: Where the data is; what it means is up to the store.
            namespace: Which namespace of that place.
            durability: ``full`` or ``normal``, as in ``RunOptions``.
            clock: Where the times of headers come from.

        Raises:
            StoreLockedError: A running engine owns it.
            StoreError: It cannot be opened or written, is damaged, or is too new.
        """

    @classmethod
    @abstractmethod
    def open_reader(cls, location: str, *, namespace: str) -> StoreReader:
        """Open a namespace for reading.

        Raises:
            BackendUnavailableError: Nothing was ever stored there.
            StoreError: It cannot be read.
        """

    @abstractmethod
    def secret(self, name: str) -> bytes:
        """Return 32 secret bytes that belong to this namespace alone, to sign what is stored with.

        They are made when they are first asked for and stay the same from then on. They are
        kept apart from the messages: who can read or write those has not thereby read them.

        Args:
            name: What they are for: a lower-case letter, then letters, digits, ``_``, ``-``.

        Raises:
            StoreError: They cannot be read or kept, or the name cannot be used.
        """

    def check_class(self, class_name: str) -> None:  # noqa: B027 - most stores keep bytes of any class
        """Refuse a class whose messages cannot be kept; called before its first message is encoded.

        Args:
            class_name: As in ``Body.class_name``.

        Raises:
            StoreError: They cannot be kept; the text says why and what to do.
        """

    @abstractmethod
    def submit(self, unit: Unit) -> Ticket:
        """Take over a unit and return at once; ids of new messages are filled in.

        Units submitted one after the other by one thread are stored in that order. A
        settled message no longer holds back others of its key from this moment on. Blocks
        while too much is waiting to be written.

        Raises:
            StoreError: The store is closed.
        """

    @abstractmethod
    def open_reply(self) -> ReplySlot:
        """Prepare for the answer of one synchronous request."""

    @abstractmethod
    def open_queue(self, queue: str, *, is_background: bool = False) -> None:
        """Let ``lease`` hand out messages of this queue; those left from earlier come first.

        Args:
            queue: The queue.
            is_background: ``wait_until_idle`` does not wait for its messages.
        """

    @abstractmethod
    def lease(self, queue: str, *, is_called_away: Callable[[], object] | None = None) -> Delivery | None:
        """Wait for work of one queue and take the next message of it.

        Messages come by priority, then in the order in which they were stored. Answers
        for one process instance are never leased to two workers at the same time.

        Args:
            queue: The queue.
            is_called_away: Whether the caller has something else to do; asked before he waits and after each
                ``nudge``, holding locks of the store.

        Returns:
            The message; None once ``close_queue`` was called or ``is_called_away`` said so. A leased message that is
            never settled is leased again after the store was closed and opened.
        """

    @abstractmethod
    def withdraw(self, queue: str, message_id: int) -> Delivery | None:
        """Take a message that waits out of its queue, as ``lease`` does with the next one.

        Returns:
            The message; None when it is being handled, has ended or was never there.
        """

    @abstractmethod
    def put_back(self, delivery: Delivery) -> None:
        """Give a leased message back unsettled: it waits again, at its old place in the queue."""

    @abstractmethod
    def nudge(self, queue: str) -> None:
        """Have everybody who waits in ``lease`` of this queue ask ``is_called_away`` again."""

    @abstractmethod
    def quiesce_queue(self, queue: str) -> None:
        """Let ``lease`` hand out only synchronous messages of this queue, until ``open_queue``."""

    @abstractmethod
    def is_resting(self, jobs: Mapping[str, int]) -> bool:
        """Return whether nothing goes on in some queues that ``quiesce_queue`` was called for.

        Args:
            jobs: Name of each queue to the number of callers that wait in its ``lease`` when they have nothing to do.

        Returns:
            True when all of them wait, no synchronous message waits for them, and nothing waits to be written.
        """

    def move_messages(self, target: str, old_queue: str, queue: str) -> int:
        """Have all messages for an item wait in another queue, in the order of their ids.

        Those that come later for the old queue, such as answers to requests from before, go to the
        new one, too, until this is called again or the store is closed.

        Args:
            target: The item.
            old_queue: Where they wait; neither this nor the new queue is served meanwhile.
            queue: Where they are to wait.

        Returns:
            How many were moved.

        Raises:
            StoreError: It failed, or this store cannot do it.
        """
        raise StoreError(f"the store {self.name!r} cannot move messages from one queue to another")

    @abstractmethod
    def close_queue(self, queue: str) -> None:
        """Make every ``lease`` of this queue return None; messages stay stored."""

    @abstractmethod
    def wait_until_idle(self, timeout_seconds: float | None) -> bool:
        """Wait until no open queue holds a message and nothing waits to be written."""

    def purge(
        self, options: PurgeOptions, now: datetime, *, dry_run: bool, is_called_off: Callable[[], bool] = never
    ) -> PurgeResult:
        """Remove what is old and return the proof; messages are taken over and stored meanwhile.

        Ids are never given again, whatever was removed.

        Args:
            options: What goes.
            now: The present, by which ``options`` say what is old.
            dry_run: True: only count.
            is_called_off: Asked between pieces; True: the rest stays, and is ``left``.

        Raises:
            StoreError: It failed, or this store cannot do it; what was removed before stays removed.
        """
        raise StoreError(f"the store {self.name!r} cannot be purged")

    def index_bodies(self, class_name: str, with_search_fields: Callable[[Body], Body]) -> int:
        """Write the searchable values of all stored bodies of a class anew and return how many bodies those are.

        Args:
            class_name: ``module.Class``.
            with_search_fields: Returns a body with its values, such as ``BodyCodec.with_search_fields``.

        Raises:
            StoreError: It failed, or this store cannot do it.
            SerializationError: The class is not loaded, or a body does not fit it.
        """
        raise StoreError(f"the store {self.name!r} keeps no searchable values")

    @abstractmethod
    def close(self) -> None:
        """Write what was submitted, then let go of everything; repeatable."""
