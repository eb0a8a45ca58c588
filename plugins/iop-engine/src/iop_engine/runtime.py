"""What every part of a running engine shares."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from iop_core.bodies import BodyCodec
from iop_core.clock import Clock
from iop_core.headers import MessageStatus
from iop_core.store_units import Delivery, Unit
from iop_core.stores import Store
from iop_engine.addresses import AddressBook
from iop_engine.alerts.item_alerts import ItemAlerts
from iop_engine.deferred_responses import DeferredResponses
from iop_engine.in_hand import MessagesInHand
from iop_engine.in_proc_calls import InProcTarget
from iop_engine.item_activity import Activities
from iop_engine.stream_reader import StreamIds
from iop_engine.wait_graph import WaitGraph


@dataclass(slots=True)
class Runtime:
    """What every part of a running engine shares.

    Attributes:
        store: Keeps the messages.
        codec: Messages to bodies and back.
        addresses: Where messages for an item go.
        clock: Where time comes from.
        keeps_trace: True when the production keeps the trace entries of every item.
        streams: Gives ids to generator requests.
        is_stopping: Set when the production begins to stop.
        in_hand: What operations are handling.
        deferred: Answers that operations put off.
        on_disable: Called with an item that is to be disabled and why; from any thread, returns at once.
        activities: What each item has done.
        waits: Who waits for whom.
        in_proc: The operations that run in their callers' jobs, by item.
        alerts: Tells people that something needs them.
    """

    store: Store
    codec: BodyCodec
    addresses: AddressBook
    clock: Clock
    keeps_trace: bool
    streams: StreamIds = field(default_factory=StreamIds)
    is_stopping: threading.Event = field(default_factory=threading.Event)
    in_hand: MessagesInHand = field(default_factory=MessagesInHand)
    deferred: DeferredResponses = field(default_factory=DeferredResponses)
    on_disable: list[Callable[[str, str], None]] = field(default_factory=list[Callable[[str, str], None]])
    waits: WaitGraph = field(default_factory=WaitGraph)
    in_proc: dict[str, InProcTarget] = field(default_factory=dict[str, InProcTarget])
    activities: Activities = field(init=False)
    alerts: ItemAlerts = field(init=False)

    def __post_init__(self) -> None:
        self.activities = Activities(self.clock)
        self.alerts = ItemAlerts(self)

    def note_end(self, delivery: Delivery, unit: Unit) -> None:
        """Note how the handling of a message ended, or its latest try; a look is all that most cost."""
        activity = self.activities[delivery.target]
        end = unit.settled[0] if unit.settled else None
        if unit.changes or activity.last_error or (end and (end.error or end.status is MessageStatus.SUSPENDED)):
            self.alerts.look_at(delivery, unit)
        if end is not None:
            activity.ended(end.error)
