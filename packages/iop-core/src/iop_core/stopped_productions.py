"""What can be done to a production only while it does not run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanResult:
    """What a stopped production was made to forget.

    Attributes:
        is_dry_run: True: nothing was done; the numbers say what would be.
        messages: Messages that waited, or whose answers were put off, and now are Discarded.
        processes: Instances of processes that waited, and now have ended.
        suspended: Messages that are Suspended, and stay so.
    """

    is_dry_run: bool
    messages: int
    processes: int
    suspended: int


class StoppedProduction(Protocol):
    """A production that does not run; each deed is recorded with its actor and reason."""

    def clean(self, *, actor: str = "", reason: str = "", dry_run: bool = False) -> CleanResult:
        """Have it forget what it was about to do, so that its next start begins with empty queues.

        What waits becomes Discarded, and instances of processes end. Nothing is removed: headers,
        bodies and the event log stay, and Suspended messages stay Suspended.

        Args:
            actor: Who does it; empty: the user of this process.
            reason: Why.
            dry_run: True: only count.

        Raises:
            StoreError: It failed in the middle; it can be called again.
        """
        ...

    def recover(self, *, actor: str = "", reason: str = "") -> None:
        """Make a Troubled production Stopped; what it had in hand is handled again after the next start.

        A start does that, too: this is for who wants it known to be stopped without starting it.

        Args:
            actor: As for ``clean``.
            reason: As for ``clean``.

        Raises:
            LifeCycleError: It is not Troubled.
        """
        ...
