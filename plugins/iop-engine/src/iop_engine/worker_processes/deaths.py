"""How often the handling of a message has ended a child process."""

from __future__ import annotations

import threading

# A message that ends so many children is not tried again: it would go on for ever.
MOST_DEATHS = 3


class Deaths:
    """How often each message of an item was in hand when a child process died; shared by its pool."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[int, int] = {}

    def count(self, message_id: int) -> int:
        """Count one more and return how many there are now."""
        with self._lock:
            number = self._counts[message_id] = self._counts.get(message_id, 0) + 1
            return number

    def forget(self, message_id: int) -> None:
        """Forget a message that has ended."""
        if self._counts:
            with self._lock:
                self._counts.pop(message_id, None)
