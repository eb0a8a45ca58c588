"""Sessions that a service begins in the middle of an input."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class SessionHost(Protocol):
    """A host whose service may begin a session of its own accord."""

    def begin_session(self) -> None:
        """Have the next send of the input in hand open a session, which later sends share.

        Raises:
            SendError: No input of a service is in hand, or it is a message, which has a session.
        """
        ...
