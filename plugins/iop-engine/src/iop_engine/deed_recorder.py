"""Who is told of deeds that are done beside the store, such as deployments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class DeedRecorder(Protocol):
    """Has the audit tell of a deed."""

    def __call__(self, action: str, subjects: Sequence[str], *, actor: str, reason: str) -> None:
        """Record it.

        Args:
            action: What was done.
            subjects: To what.
            actor: By whom.
            reason: Why.
        """
        ...


def record_nowhere(action: str, subjects: Sequence[str], *, actor: str, reason: str) -> None:
    """Record nothing: there is no audit."""
