"""What is going on in a component instance right now."""

from __future__ import annotations

from dataclasses import dataclass, field

from iop_core.context import MessageContext
from iop_core.store_units import Unit


@dataclass(slots=True)
class Scope:
    """What is going on in a component instance right now.

    Attributes:
        thread: The thread it goes on in; sends from other threads are not part of it.
        context: The message in hand.
        session_id: Session that sends belong to; 0: the first send opens one.
        unit: Collects what is stored at the end of the message in hand; None in a service's
            own input, where each send is stored at once.
        process_id: The process instance in hand; 0 when none.
        replies: What ``reply`` was called with.
        return_queue: Where the answer to the message in hand goes; empty when nobody wants one.
        is_deferred: Whether the answer to the message in hand is given later.
        is_complete: Whether the process instance ends with this event, though answers are outstanding.
        asked_in_proc: Requests to operations in this job whose answers come to the process instance.
    """

    thread: int
    context: MessageContext
    session_id: int = 0
    unit: Unit | None = None
    process_id: int = 0
    replies: list[object] = field(default_factory=list[object])
    return_queue: str = ""
    is_deferred: bool = False
    asked_in_proc: int = 0
    is_complete: bool = False

    def follow(self, session_id: int) -> None:
        """Have later sends of the same input belong to the session that the first one opened."""
        if not self.session_id:
            self.session_id = session_id
            self.context = MessageContext(session_id=session_id, super_session=self.context.super_session)
