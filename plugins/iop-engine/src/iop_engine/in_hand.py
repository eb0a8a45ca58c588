"""Messages that are being handled right now, and how to interrupt them."""

from __future__ import annotations

import threading
from enum import Enum

from iop_core.clock import Alarm, Clock
from iop_core.headers import MessageStatus
from iop_core.store_units import Delivery


class Interruption(Enum):
    """What an interruption came to.

    Attributes:
        ENDED: It waited for its next try, and ends at once.
        MARKED: Its handler runs; when that fails, the message ends and is not tried again.
        TOO_LATE: It is not being handled.
    """

    ENDED = "ended"
    MARKED = "marked"
    TOO_LATE = "too late"


class Handling:
    """One message from its lease to its settlement.

    Args:
        delivery: The message.
        clock: Where time comes from.

    Attributes:
        delivery: As given.
        is_called_back: The message is to go back to its queue: its item or the production stops.
        end: The status an operator wants it to end with; None as its handling says.
        wish: Who wants that and why.
    """

    __slots__ = ("_alarm", "_clock", "_lock", "delivery", "end", "is_called_back", "wish")

    def __init__(self, delivery: Delivery, clock: Clock) -> None:
        self.delivery = delivery
        self._clock = clock
        self._lock = threading.Lock()
        self._alarm: Alarm | None = None
        self.is_called_back = False
        self.end: MessageStatus | None = None
        self.wish = ""

    @property
    def is_interrupted(self) -> bool:
        """True when there is to be no further try."""
        return self.is_called_back or self.end is not None

    @property
    def is_waiting(self) -> bool:
        """True while it waits for its next try."""
        return self._alarm is not None

    def wait_until(self, moment: float) -> bool:
        """Wait for the next try; False when it was interrupted first."""
        with self._lock:
            if self.is_interrupted:
                return False
            self._alarm = alarm = self._clock.alarm()
        alarm.wait_until(moment)
        with self._lock:
            self._alarm = None
            return not self.is_interrupted

    def call_back(self) -> None:
        """Have the message go back to its queue instead of being tried again."""
        with self._lock:
            self.is_called_back = True
            if self._alarm is not None:
                self._alarm.set()

    def interrupt(self, end: MessageStatus, wish: str) -> Interruption:
        """Have it end with a status; see ``Interruption``."""
        with self._lock:
            self.end, self.wish = end, wish
            if self._alarm is None:
                return Interruption.MARKED
            self._alarm.set()
            return Interruption.ENDED


class MessagesInHand:
    """All messages that operations are handling."""

    def __init__(self) -> None:
        self._handlings: dict[int, Handling] = {}

    def begin(self, delivery: Delivery, clock: Clock) -> Handling:
        """Note that a message is being handled."""
        handling = self._handlings[delivery.message_id] = Handling(delivery, clock)
        return handling

    def end(self, handling: Handling) -> None:
        """Note that its handling ended."""
        self._handlings.pop(handling.delivery.message_id, None)

    def find(self, message_id: int) -> Handling | None:
        """Return the handling of a message, or None."""
        return self._handlings.get(message_id)

    def is_retrying(self, item: str) -> bool:
        """Return whether a message of an item waits for its next try."""
        return any(
            handling.delivery.target == item and handling.is_waiting for handling in tuple(self._handlings.values())
        )
