"""How often somebody may ask: a bucket of tries that fills again with time."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict

from iop_core.clock import Clock

_MOST_KEYS = 10_000


class RateLimit:
    """Lets each key try ``burst`` times at once, and ``per_second`` times on average.

    Args:
        per_second: How many tries come back in a second.
        burst: How many can be saved up.
        clock: Where time comes from.

    Example:
        >>> from iop_core.clock import SystemClock
        >>> limit = RateLimit(1, burst=1, clock=SystemClock())
        >>> limit.take("ann"), limit.take("ann") > 0
        (0.0, True)
    """

    def __init__(self, per_second: float, *, burst: int, clock: Clock) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._clock = clock
        self._lock = threading.Lock()
        # The key used least lately first: strangers cannot fill the memory with names.
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Use up one try; return 0, or how many seconds to wait for the next one."""
        with self._lock:
            now = self._clock.monotonic()
            tries = self._tries(key, now)
            left = tries if tries < 1 else tries - 1
            self._buckets[key] = (left, now)
            self._buckets.move_to_end(key)
            if len(self._buckets) > _MOST_KEYS:
                self._buckets.popitem(last=False)
            return 0.0 if tries >= 1 else (1 - tries) / self._per_second

    def wait_for(self, key: str) -> float:
        """Return how many seconds to wait for the next try, without using one up."""
        with self._lock:
            tries = self._tries(key, self._clock.monotonic())
            return 0.0 if tries >= 1 else (1 - tries) / self._per_second

    def __len__(self) -> int:
        """Return how many keys are remembered."""
        return len(self._buckets)

    def _tries(self, key: str, now: float) -> float:
        tries, since = self._buckets.get(key, (self._burst, now))
        return min(self._burst, tries + (now - since) * self._per_second)


def retry_after(seconds: float) -> dict[str, str]:
    """Return the header that says when to try again, in whole seconds."""
    return {"Retry-After": str(max(1, math.ceil(seconds)))}
