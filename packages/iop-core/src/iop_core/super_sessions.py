"""Super sessions: an id that sessions of several productions share."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class SuperSessionHost(Protocol):
    """A host whose engine keeps the id of a super session with each message."""

    @property
    def super_session_to_send(self) -> str:
        """Id that goes along with what is sent elsewhere; empty when there is none or SendSuperSession is off."""
        ...

    def join_super_session(self, super_session: str) -> None:
        """Have what is sent for the input in hand belong to a super session.

        Raises:
            SendError: No input of a service is in hand.
        """
        ...
