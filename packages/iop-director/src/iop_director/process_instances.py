"""The instances of processes; this function is a method of ``Director``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from iop_core.process_instances import ProcessFilter, ProcessInstanceStatus

if TYPE_CHECKING:
    from iop_core.backends import Backend


class _WithBackend(Protocol):
    @property
    def backend(self) -> Backend: ...


def processes(
    director: _WithBackend,
    *,
    item: str | None = None,
    session_id: int | None = None,
    is_completed: bool | None = None,
    since_id: int = 0,
    limit: int | None = None,
) -> list[ProcessInstanceStatus]:
    """Return instances of processes, oldest first; those that have ended stay until they are purged.

    Args:
        director: The director.
        item: Only those of that process item.
        session_id: Only those of that session.
        is_completed: True: only those that have ended; False: only the others.
        since_id: Only those with higher ids.
        limit: Only the newest that many.

    Raises:
        BackendUnavailableError: Nothing was ever stored there, or it cannot be read.

    Example:
        >>> from iop_director import Director
        >>> Director().processes(item="Router", is_completed=False)  # doctest: +SKIP
        []
    """
    criteria = ProcessFilter(
        item=item, session_id=session_id, is_completed=is_completed, since_id=since_id, limit=limit
    )
    return director.backend.history().processes(criteria)
