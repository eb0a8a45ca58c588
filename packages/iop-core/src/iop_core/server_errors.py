"""What can go wrong with a server on another machine; part of the tree in ``iop_core.errors``."""

from __future__ import annotations

from iop_core.errors import BackendError


class ServerError(BackendError):
    """A server refused a request, or failed with it.

    Args:
        reason: What was asked, and what the server said.
        status: The HTTP status; 0 when there was none.
        code: The short name that the server gives the fault; empty when none.
    """

    def __init__(self, reason: str, *, status: int = 0, code: str = "") -> None:
        self.status = status
        self.code = code
        super().__init__(reason)


class AccessDeniedError(ServerError):
    """A server does not know who asks, or does not let him do it."""
