"""Answers that are given after the handling of their request has ended."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class DeferringHost(Protocol):
    """A host whose engine lets answers be given later."""

    def defer_response(self) -> str:
        """Keep the caller of the message in hand waiting, and return the token that names it.

        Raises:
            SendError: No request is in hand.
        """
        ...

    def send_deferred_response(self, token: str, message: object) -> None:
        """Give the answer that was put off; on disk when this returns.

        Raises:
            SendError: The token names no request whose answer is outstanding.
        """
        ...
