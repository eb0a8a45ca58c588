"""What every part of a running engine shares."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from iop_core.bodies import BodyCodec
from iop_core.clock import Clock
from iop_core.stores import Store
from iop_engine.addresses import AddressBook
from iop_engine.stream_reader import StreamIds


@dataclass(frozen=True, slots=True)
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
    """

    store: Store
    codec: BodyCodec
    addresses: AddressBook
    clock: Clock
    keeps_trace: bool
    streams: StreamIds = field(default_factory=StreamIds)
    is_stopping: threading.Event = field(default_factory=threading.Event)
