"""What a director does to all that is stored; these functions are methods of ``Director``.

What runs is asked to do it; where nothing runs it is done to what was left behind.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from iop_core.purging import DEFAULT_DAYS_TO_KEEP, PURGE_TYPES, PurgeOptions, PurgeResult
from iop_director.filters import parse_time

if TYPE_CHECKING:
    from iop_core.backends import Backend


class _WithBackend(Protocol):
    @property
    def backend(self) -> Backend: ...


def purge(
    director: _WithBackend,
    *,
    days_to_keep: int = DEFAULT_DAYS_TO_KEEP,
    before: datetime | str | None = None,
    keep_integrity: bool = True,
    bodies_too: bool = True,
    items: Iterable[str] = (),
    types: Iterable[str] = PURGE_TYPES,
    keep_errors_days: int = 0,
    actor: str = "",
    reason: str = "",
    dry_run: bool = False,
) -> PurgeResult:
    """Remove what is old and return the proof, which the audit keeps too; messages go on meanwhile.

    Args:
        director: The director.
        days_to_keep: Days that are kept; today counts as one. 0: all goes.
        before: What is older goes: a datetime, ISO text or an age; None: ``days_to_keep`` says so.
        keep_integrity: True: a session that is not over stays as a whole, however old. False:
            each message that has ended is judged by itself.
        bodies_too: Whether bodies go with the last header that has them.
        items: Only what these items sent, received or logged; none: everything.
        types: Which of ``messages``, ``processes``, ``events``, ``io``; ``audit`` only when named.
        keep_errors_days: Days that errors are kept, when that is longer; 0: no longer than the rest.
        actor: Who does it; empty: the user of the process that does it.
        reason: Why.
        dry_run: True: only count.

    Raises:
        ConfigurationError: An argument that cannot be used.
        BackendUnavailableError: Nothing was ever stored there.
        StoreError: It failed; what was removed before stays removed.

    Example:
        >>> from iop_director import Director
        >>> Director().purge(days_to_keep=30, dry_run=True).removed  # doctest: +SKIP
        {'headers': 120, 'processes': 20, 'log': 4}
    """
    options = PurgeOptions(
        days_to_keep=days_to_keep,
        before=None if before is None else parse_time("before", before),
        keep_integrity=keep_integrity,
        bodies_too=bodies_too,
        items=tuple(items),
        types=tuple(types),
        keep_errors_days=keep_errors_days,
    )
    with director.backend.upkeep() as upkeep:
        return upkeep.purge(options, actor=actor, reason=reason, dry_run=dry_run)


def index_messages(director: _WithBackend, class_name: str, *, actor: str = "", reason: str = "") -> int:
    """Make bodies of a class searchable that were stored before it named fields to search for.

    Args:
        director: The director.
        class_name: ``module.Class``; loaded where the production runs, or here when none does.
        actor: Who does it; empty: the user of the process that does it.
        reason: Why.

    Returns:
        How many bodies those are.

    Raises:
        SerializationError: The class is not loaded, or a body does not fit it.
        BackendUnavailableError: Nothing was ever stored there.
    """
    with director.backend.upkeep() as upkeep:
        return upkeep.index_messages(class_name, actor=actor, reason=reason)
