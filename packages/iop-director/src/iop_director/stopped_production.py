"""What a director does to a production that does not run; these functions are methods of ``Director``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from iop_core.stopped_productions import CleanResult

if TYPE_CHECKING:
    from iop_core.backends import Backend


class _WithBackend(Protocol):
    @property
    def backend(self) -> Backend: ...


def clean_production(
    director: _WithBackend, *, actor: str = "", reason: str = "", dry_run: bool = False
) -> CleanResult:
    """Have a stopped production forget what it was about to do, so that its next start begins with empty queues.

    What waits becomes Discarded, and instances of processes end. Nothing is removed, and
    Suspended messages stay Suspended. Not for a production that others rely on.

    Args:
        director: The director.
        actor: Who does it; empty: the user of this process.
        reason: Why.
        dry_run: True: only count.

    Raises:
        StoreLockedError: It runs; stop it first.
        BackendUnavailableError: Nothing was ever stored there.

    Example:
        >>> from iop_director import Director
        >>> Director().clean_production(dry_run=True).messages  # doctest: +SKIP
        12
    """
    with director.backend.stopped_production() as production:
        return production.clean(actor=actor, reason=reason, dry_run=dry_run)


def recover_production(director: _WithBackend, *, actor: str = "", reason: str = "") -> None:
    """Make a Troubled production, which died without a stop, Stopped; a start does that, too.

    What it had in hand is handled again after the next start.

    Args:
        director: The director.
        actor: Who does it; empty: the user of this process.
        reason: Why.

    Raises:
        LifeCycleError: It is not Troubled.
        StoreLockedError: It runs.
        BackendUnavailableError: Nothing was ever stored there.
    """
    with director.backend.stopped_production() as production:
        production.recover(actor=actor, reason=reason)
