"""The backend interface: the place where productions run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from iop_core.audit import NO_CHECKPOINTS, AuditCheck, AuditEntry
from iop_core.clock import Clock, SystemClock
from iop_core.default_settings import DefaultSettings
from iop_core.definitions import ProductionDefinition
from iop_core.deployments import Deployments
from iop_core.errors import BackendError, BackendUnavailableError, UnsupportedByBackendError
from iop_core.events import (
    EVERY_ENTRY,
    IoEntry,
    LogEntry,
    LogFilter,
    MessageFilter,
    ProductionStatus,
    QueueStatus,
    StoredMessage,
    Trace,
)
from iop_core.headers import Body, MessageHeader
from iop_core.item_control import ItemControl, UpdateResult
from iop_core.message_control import MessageControl
from iop_core.outside_calls import ComponentSource, OutsideHost
from iop_core.process_instances import EVERY_PROCESS, ProcessFilter, ProcessInstanceStatus
from iop_core.purging import DEFAULT_PURGE, PurgeOptions, PurgeResult
from iop_core.remote_settings import RemoteSettings
from iop_core.servers import ProductionServer
from iop_core.setting_layers import ResolvedSetting
from iop_core.stopped_productions import StoppedProduction

# What "on disk" means: safe against a power cut, or against the death of the process.
DURABILITIES = ("full", "normal")


@dataclass(frozen=True, slots=True)
class StoredReply:
    """What came of a call.

    Attributes:
        body: The reply in its stored form.
        session_id: The session of the call; 0 where it is not told.
    """

    body: Body
    session_id: int = 0


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

    def log(
        self,
        *,
        since_id: int = 0,
        item: str | None = None,
        limit: int | None = None,
        criteria: LogFilter = EVERY_ENTRY,
    ) -> list[LogEntry]:
        """Return event log entries with ids above ``since_id``, oldest first.

        With ``limit`` the newest that many are returned.
        """
        ...

    def processes(self, criteria: ProcessFilter = EVERY_PROCESS) -> list[ProcessInstanceStatus]:
        """Return instances of processes, oldest first; with ``limit`` the newest that many.

        Those that have ended stay until they are purged.
        """
        ...

    def io_log(self, *, since_id: int = 0, item: str | None = None, limit: int | None = None) -> list[IoEntry]:
        """Return exchanges with the outside with ids above ``since_id``, oldest first.

        They are kept of items whose setting ``ArchiveIO`` is on. With ``limit`` the newest that
        many are returned.
        """
        ...

    def audit(self, *, since_id: int = 0, limit: int | None = None) -> list[AuditEntry]:
        """Return what operators did, with ids above ``since_id``, oldest first; with ``limit`` the newest that many."""
        ...

    def check_audit(self, checkpoints: Mapping[int, str] = NO_CHECKPOINTS) -> AuditCheck:
        """Say whether the audit is as it was written, and if not, which entry is the first that is wrong.

        Args:
            checkpoints: Number to hash of entries, as earlier checks named them and somebody kept
                them elsewhere. Without one, an audit that was written anew from some entry on is
                not told from the true one.
        """
        ...


class OutsideAccess(Protocol):
    """How programs outside of a production feed it."""

    def host_for(self, item: str) -> OutsideHost:
        """Return a host for an instance of an item's class that a program makes for itself.

        Raises:
            UnknownItemError: No such item.
        """
        ...

    def component_source(self, item: str) -> ComponentSource:
        """Return where the class of an item comes from.

        Raises:
            UnknownItemError: No such item.
        """
        ...

    def check_testing(self) -> None:
        """Make sure that the production takes test messages, which a director sends by hand.

        As in IRIS they are for productions with ``testing_enabled``; messages of programs are not concerned.

        Raises:
            RefusedTestError: It does not.
        """
        ...

    def send_body(self, item: str, request: Body) -> int:
        """Send a request in its stored form and return its session id; for the rest as ``send``.

        Raises:
            SerializationError: The body cannot be read here.
        """
        ...

    def call_body(self, item: str, request: Body, timeout_seconds: float) -> StoredReply:
        """Send a request in its stored form and return the reply in that form; for the rest as ``call``.

        Raises:
            SerializationError: The body cannot be read here.
        """
        ...


class StoreUpkeep(Protocol):
    """Deeds on all that is stored; each is recorded with its actor and reason."""

    def purge(
        self, options: PurgeOptions = DEFAULT_PURGE, *, actor: str = "", reason: str = "", dry_run: bool = False
    ) -> PurgeResult:
        """Remove what is old and return the proof, which the audit keeps too; messages go on meanwhile.

        Args:
            options: What goes.
            actor: Who does it; empty: the user of this process.
            reason: Why.
            dry_run: True: only count.

        Raises:
            StoreError: It failed; what was removed before stays removed.
        """
        ...

    def index_messages(self, class_name: str, *, actor: str = "", reason: str = "") -> int:
        """Make bodies of a class searchable that were stored before it named fields to search for.

        Args:
            class_name: ``module.Class``.
            actor: As for ``purge``.
            reason: As for ``purge``.

        Returns:
            How many bodies those are.

        Raises:
            SerializationError: The class is not loaded there, or a body does not fit it.
            StoreError: It failed.
        """
        ...

    def record_deed(self, action: str, subjects: Sequence[str], *, actor: str = "", reason: str = "") -> None:
        """Record what somebody did beside the store, such as a deployment or a change of a default setting.

        Args:
            action: What was done.
            subjects: To what.
            actor: As for ``purge``.
            reason: As for ``purge``.
        """
        ...


class RunningProduction(MessageHistory, MessageControl, ItemControl, OutsideAccess, StoreUpkeep, Protocol):
    """A production that runs: in this process, or elsewhere and reached through its backend."""

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

    def refresh(self, *, actor: str = "", reason: str = "") -> UpdateResult:
        """Read the production again from where it came from, and run what changed; the rest runs on.

        It is recorded as ``update`` is.

        Raises:
            BackendError: It was not started from a place that can be read again.
            ConfigurationError: What is there now cannot work; nothing changed.
        """
        ...

    def stop(self, *, actor: str = "", reason: str = "") -> None:
        """Stop services, then processes, then operations, and close the store; repeatable, and recorded."""
        ...

    def wait_until_stopped(self, timeout_seconds: float | None = None) -> bool:
        """Wait until the production was stopped, by whomever; False when time ran out."""
        ...


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to run a production.

    Attributes:
        durability: ``full``: on the disk before a send returns; ``normal``: safe against the
            death of the process, not against a power cut.
        clock: Where the engine takes time from.
        is_reachable: True: other processes of this user can reach it through their directors.
        read_again: Returns the production as it is written now, for ``refresh``; None when
            there is no place to read it from.
        fingerprint: Returns what the production is read from, for ``status``: a name for people to
            a text that is another one once the content is another one. It runs no code of the
            production. None: nobody can tell whether it was changed.
    """

    durability: str = "full"
    clock: Clock = field(default_factory=SystemClock)
    is_reachable: bool = False
    read_again: Callable[[], ProductionDefinition] | None = None
    fingerprint: Callable[[], Mapping[str, str]] | None = None


@dataclass(frozen=True, slots=True)
class StartOrder:
    """What to run in a process of its own.

    Attributes:
        production: Name of the production; empty: the only one of the file.
        file: Settings file that holds it; empty: it is one of those that are deployed.
        durability: As in ``RunOptions``.
        timeout_seconds: How long the start may take.
    """

    production: str = ""
    file: str = ""
    durability: str = "full"
    timeout_seconds: float = 120.0


class Backend(ABC):
    """Runs productions and answers for them; offered through the hook ``iop_backends``.

    Attributes:
        name: Scheme of the URLs it takes, such as ``local`` or ``iris``.
        location: The URL it was opened with, without secrets.
        namespace: The namespace it was opened for.
        is_remote: Whether it works on another machine, where plans cannot be applied yet.
    """

    name: ClassVar[str]
    is_remote: ClassVar[bool] = False
    location: str
    namespace: str

    @classmethod
    @abstractmethod
    def open(cls, url: str, *, namespace: str) -> Backend:
        """Open the backend a URL names, without starting anything.

        Raises:
            BackendError: The URL cannot be understood, or nothing answers there.
        """

    @classmethod
    def open_with(cls, settings: RemoteSettings) -> Backend:
        """Open the backend that settings name; one that is for other machines logs in as they say.

        Raises:
            BackendError: The URL cannot be understood, or nothing answers there.
        """
        return cls.open(settings.url, namespace=settings.namespace)

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

    def connect(self) -> RunningProduction:
        """Return the production that runs there, in whatever process.

        Raises:
            BackendUnavailableError: None runs, or it does not answer.
        """
        raise BackendUnavailableError(f"the backend {self.name!r} cannot reach a production that runs elsewhere")

    def start(self, order: StartOrder) -> RunningProduction:
        """Run a production in a process of its own, which outlives this one; returns when every item is ready.

        Raises:
            BackendError: It runs already, or did not start; the text says why.
        """
        raise BackendError(f"the backend {self.name!r} cannot start a production in a process of its own")

    def last_start(self) -> StartOrder:
        """Return the order of the latest ``start``.

        Raises:
            BackendUnavailableError: There was none.
        """
        raise BackendUnavailableError(f"the backend {self.name!r} never started a production")

    def kill(self) -> None:
        """End the process that runs the production at once; what it had not handled stays stored.

        Raises:
            BackendUnavailableError: None runs.
            BackendError: It is this very process.
        """
        raise BackendError(f"the backend {self.name!r} cannot end the process of a production")

    def server(self) -> ProductionServer:
        """Return what a backend on another machine does besides; only where ``is_remote``.

        Raises:
            UnsupportedByBackendError: It works on this machine.
        """
        raise UnsupportedByBackendError(f"the backend {self.name!r} works on this machine and is no server")

    def message_control(self) -> AbstractContextManager[MessageControl]:
        """Return what can be done to stored messages: asked of what runs, else done to what it left behind.

        Raises:
            BackendUnavailableError: Nothing was ever stored there.
            StoreLockedError: What runs cannot be reached, so nobody else may change its messages.
            BackendError: This backend cannot do that.
        """
        raise BackendError(f"the backend {self.name!r} cannot change stored messages")

    def upkeep(self) -> AbstractContextManager[StoreUpkeep]:
        """Return what can be done to all that is stored: asked of what runs, else done to what it left behind.

        Raises:
            BackendUnavailableError: Nothing was ever stored there.
            StoreLockedError: What runs cannot be reached, so nobody else may change what it stores.
            BackendError: This backend cannot do that.
        """
        raise BackendError(f"the backend {self.name!r} does not look after what is stored")

    def stopped_production(self) -> AbstractContextManager[StoppedProduction]:
        """Return what can be done only while nothing runs there.

        Raises:
            BackendUnavailableError: Nothing was ever stored there.
            StoreLockedError: A production runs there.
            UnsupportedByBackendError: This backend cannot do that.
        """
        raise UnsupportedByBackendError(f"the backend {self.name!r} can neither clean nor recover productions")

    def deployments(self) -> Deployments:
        """Return what is kept of deployed productions and registered classes.

        Raises:
            BackendError: This backend keeps none, or what it keeps cannot be opened.
        """
        raise BackendError(
            f"the backend {self.name!r} keeps no deployments: run productions from their settings file, or use "
            "a backend that keeps them, such as 'local:'"
        )

    def default_settings(self) -> DefaultSettings:
        """Return the table of system default settings of the namespace.

        Raises:
            BackendError: This backend has none.
        """
        raise BackendError(f"the backend {self.name!r} has no system default settings")

    def explain_settings(self, production: ProductionDefinition, item: str | None = None) -> list[ResolvedSetting]:
        """Return the settings of an item, or of the production itself, with the value of each layer.

        Args:
            production: The production, as its author defined it.
            item: Name of one of its items; None: the settings of the production.

        Raises:
            UnknownItemError: No such item.
            BackendError: This backend does not resolve settings here.
        """
        raise BackendError(f"the backend {self.name!r} cannot say where the values of settings come from")
