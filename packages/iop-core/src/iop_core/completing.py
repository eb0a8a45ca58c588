"""Ending an instance of a process though answers are outstanding."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class CompletingHost(Protocol):
    """A host whose engine lets instances of processes end before all answers have come."""

    def complete_now(self) -> None:
        """Have the instance end with the event in hand; what is outstanding is discarded when it comes.

        Raises:
            SendError: No event of a process instance is in hand.
        """
        ...
