"""What operators read: stored messages, sessions, queues and the state of the production."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from iop_core.audit import NO_CHECKPOINTS, AuditCheck, AuditEntry
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
from iop_core.headers import MessageHeader
from iop_core.process_instances import EVERY_PROCESS, ProcessFilter, ProcessInstanceStatus
from iop_core.stores import StoreReader


class History:
    """Implements ``iop_core.backends.MessageHistory`` over the reader of a store.

    Args:
        reader: Reads the store.
        namespace: The namespace, for the status.
        location: Where the data is, for the status.
    """

    def __init__(self, reader: StoreReader, *, namespace: str, location: str) -> None:
        self._reader = reader
        self._namespace = namespace
        self._location = location

    def status(self) -> ProductionStatus:
        """Return what runs, or ran last; ``Troubled`` when it died without a stop."""
        notes = self._reader.notes()
        is_in_use = self._reader.is_in_use()
        state = notes.get("state", "Stopped")
        if state == "Running" and not is_in_use:
            state = "Troubled"
        since = notes.get("since")
        return ProductionStatus(
            production=notes.get("production", ""),
            state=state,
            namespace=self._namespace,
            location=self._location,
            durability=notes.get("durability", ""),
            pid=int(notes.get("pid", "0")) if is_in_use else 0,
            since=datetime.fromisoformat(since) if since else None,
        )

    def queues(self) -> list[QueueStatus]:
        """Return every queue that holds messages, by name."""
        return self._reader.queues()

    def messages(self, criteria: MessageFilter) -> Iterator[MessageHeader]:
        """Return the matching headers, a page at a time."""
        return self._reader.messages(criteria)

    def count_messages(self, criteria: MessageFilter) -> int:
        """Return how many messages match."""
        return self._reader.count_messages(criteria)

    def message(self, message_id: int) -> StoredMessage | None:
        """Return one message with its body, or None."""
        return self._reader.message(message_id)

    def trace(self, session_id: int | None = None) -> Trace | None:
        """Return one session, the latest for None; None when there is none."""
        if session_id is None:
            latest = next(self._reader.messages(MessageFilter(limit=1, newest_first=True)), None)
            if latest is None:
                return None
            session_id = latest.session_id
        messages = tuple(self._reader.messages(MessageFilter(session_id=session_id)))
        if not messages:
            return None
        kinds = {message.source: message.source_type for message in messages if message.source}
        kinds.update({message.target: message.target_type for message in messages if message.target})
        log, io = self._reader.log(session_id=session_id), self._reader.io_log(session_id=session_id)
        return Trace(session_id, messages, tuple(log), kinds, io=tuple(io))

    def log(
        self,
        *,
        since_id: int = 0,
        item: str | None = None,
        limit: int | None = None,
        criteria: LogFilter = EVERY_ENTRY,
    ) -> list[LogEntry]:
        """Return event log entries, oldest first; with ``limit`` the newest that many."""
        return self._reader.log(since_id=since_id, item=item, limit=limit, criteria=criteria)

    def processes(self, criteria: ProcessFilter = EVERY_PROCESS) -> list[ProcessInstanceStatus]:
        """Return instances of processes, oldest first; with ``limit`` the newest that many."""
        return self._reader.processes(criteria)

    def io_log(self, *, since_id: int = 0, item: str | None = None, limit: int | None = None) -> list[IoEntry]:
        """Return exchanges with the outside, oldest first; with ``limit`` the newest that many."""
        return self._reader.io_log(since_id=since_id, item=item, limit=limit)

    def audit(self, *, since_id: int = 0, limit: int | None = None) -> list[AuditEntry]:
        """Return what operators did, oldest first; with ``limit`` the newest that many."""
        return self._reader.audit(since_id=since_id, limit=limit)

    def check_audit(self, checkpoints: Mapping[int, str] = NO_CHECKPOINTS) -> AuditCheck:
        """Look over the chain that the deeds of operators form."""
        return self._reader.check_audit(checkpoints)
