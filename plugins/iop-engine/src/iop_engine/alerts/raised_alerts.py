"""One alert per cause: which were raised and not cleared."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from iop_engine.assumptions import ALERT_WINDOW_SECONDS


@dataclass(slots=True)
class _Raised:
    since: float
    held_back: int = 0


class RaisedAlerts:
    """Lets the first alert of a cause through and holds the others back.

    A cause that can repeat itself, such as an error, may alert again after a window; the text
    then says how many were held back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._raised: dict[tuple[str, ...], _Raised] = {}

    def let_through(self, cause: tuple[str, ...], now: float, *, repeats: bool = False) -> int | None:
        """Return how many alerts of a cause were held back since its last one; None to hold this one back too.

        Args:
            cause: What the alert is about.
            now: The present, in seconds that never run backwards.
            repeats: Whether it alerts again after the window.
        """
        with self._lock:
            raised = self._raised.get(cause)
            if raised is None or (repeats and now - raised.since >= ALERT_WINDOW_SECONDS):
                self._raised[cause] = _Raised(now)
                return 0 if raised is None else raised.held_back
            raised.held_back += 1
            return None

    def clear(self, item: str, kind: str) -> None:
        """Forget the causes of one kind of an item: the next one alerts at once."""
        with self._lock:
            for cause in [cause for cause in self._raised if cause[:2] == (item, kind)]:
                del self._raised[cause]

    def is_raised(self, cause: tuple[str, ...]) -> bool:
        """Return whether a cause has alerted and was not cleared."""
        with self._lock:
            return cause in self._raised
