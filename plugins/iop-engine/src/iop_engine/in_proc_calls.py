"""Calls of operations that run inside their callers' jobs: no queue, no jobs of their own.

An operation says ``INVOCATION = "InProc"``. Its messages are stored and traced like others, but
not handed out: should the process die, the caller's own message is handled again, and with
it this one is sent again.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

from iop_core.definitions import ItemDefinition
from iop_core.errors import ConfigurationError, RequestFailedError, SendError
from iop_core.headers import BusinessType
from iop_core.store_units import NewMessage

if TYPE_CHECKING:
    from iop_engine.runtime import Runtime

# Where the answer goes that a caller waits for: to the caller himself.
CALLER = "InProc"

# Each is inside the one before it, with an instance and maybe a thread of its own: a circle has to end.
MOST_CALLS = 50

# How many calls the calling code is inside of; threads and tasks that it starts inherit it.
_DEPTH: ContextVar[int] = ContextVar("iop_in_proc_depth", default=0)


class InProcTarget(Protocol):
    """An operation that runs in its callers' jobs."""

    def deliver(self, request: NewMessage) -> NewMessage | None:
        """Have a request handled in the calling thread; both ends are on disk when this returns.

        Returns:
            The answer, with its error if there was one; None for one that wants none. An answer to a
            process instance is not stored yet.

        Raises:
            SendError: The item does not run, or stopped while it handled this.
        """
        ...


def is_in_proc(item: ItemDefinition) -> bool:
    """Return whether an item runs in its callers' jobs."""
    return item.business_type is BusinessType.OPERATION and _invocation_of(item) == "InProc"


def _invocation_of(item: ItemDefinition) -> object:
    given = item.host_settings.get("Invocation") or getattr(item.component_class, "INVOCATION", "") or "Queue"
    if given not in ("Queue", "InProc"):
        raise ConfigurationError(
            f"Invocation of item {item.name!r} is {given!r}; it must be 'Queue', or 'InProc' to run in callers' jobs"
        )
    return given


def deliver(request: NewMessage, runtime: Runtime) -> NewMessage | None:
    """Have a request handled in the calling thread; see ``InProcTarget``."""
    target = runtime.in_proc.get(request.target)
    if target is None:
        raise SendError(
            f"operation {request.target!r} runs in its callers' jobs (InProc) and is stopped or disabled, so nothing "
            "is sent to it. Start it first"
        )
    depth = _DEPTH.get()
    if depth >= MOST_CALLS:
        raise SendError(
            f"{MOST_CALLS} calls of operations that run InProc are inside each other, and {request.target!r} would be "
            "one more: do they call each other in a circle? Call deeper ones through a queue"
        )
    token = _DEPTH.set(depth + 1)
    try:
        return target.deliver(request)
    finally:
        _DEPTH.reset(token)


def call(request: NewMessage, runtime: Runtime) -> object:
    """Have a request handled in the calling thread and return the message of its answer.

    Raises:
        RequestFailedError: The operation ended with an error.
        SendError: It does not run, or gave no answer.
    """
    request.return_queue = CALLER
    answer = deliver(request, runtime)
    if answer is None:
        raise SendError(f"operation {request.target!r} put off its answer, which one that runs InProc cannot do")
    if answer.is_error:
        raise RequestFailedError(request.target, answer.error)
    return runtime.codec.decode(answer.body)
