"""What InterSystems IRIS does, as far as no page that could be opened says it: one value per assumption.

Each is listed in ``docs/explanation/assumptions.md`` with the place where it counts.
"""

from __future__ import annotations

from iop_core.headers import MessagePriority

# RetryInterval of an operation that says nothing else.
RETRY_INTERVAL_SECONDS = 5.0

# FailureTimeout of an operation that says nothing else.
FAILURE_TIMEOUT_SECONDS = 15.0

# A message that is resent to the head of a queue gets the priority of acknowledgements.
HEAD_OF_QUEUE_PRIORITY = MessagePriority.HIGH_SYNC

# A cause that repeats itself, such as an error, alerts again after this long, unless it was cleared before.
ALERT_WINDOW_SECONDS = 3600.0

# A queue alert is cleared when the queue is below this part of the limit; for the wait this is documented.
ALERT_CLEARED_BELOW = 0.8
