"""What the REST API v1 cannot do."""

from __future__ import annotations

from iop_core.errors import UnsupportedByBackendError

ABILITIES = (
    "start, stop, kill, restart and update productions, start, stop, restart and test components, read states, "
    "queues and the log, export productions, list and remove bindings, choose the default production, and migrate "
    "projects"
)


def unsupported(what: str) -> UnsupportedByBackendError:
    """Return the error for something that the API has no route for.

    Args:
        what: Such as ``apply a plan``.
    """
    return UnsupportedByBackendError(
        f"the REST API v1 cannot {what}; it can {ABILITIES}. Do the rest on the machine of the server itself"
    )
