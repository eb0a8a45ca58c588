"""The stored bodies of a session."""

from __future__ import annotations

from dataclasses import replace

from iop_core.backends import MessageHistory
from iop_core.events import Trace
from iop_core.headers import Body


def with_bodies(trace: Trace, history: MessageHistory) -> Trace:
    """Return a trace with the bodies of its messages.

    They are read one by one, so that a long session need not fit into one answer of the control
    socket. A body that was purged meanwhile is missing.

    Args:
        trace: The session.
        history: Where it was read.
    """
    bodies: dict[int, Body] = {}
    for header in trace.messages:
        if header.body_class:
            stored = history.message(header.message_id)
            if stored is not None:
                bodies[header.message_id] = stored.body
    return replace(trace, bodies=bodies)
