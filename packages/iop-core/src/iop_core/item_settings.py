"""The settings that an engine obeys on items of any class, and on adapters of any class.

A class need not declare them. Checks of productions and engines both read this list;
the default of each is the engine's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class ItemSetting(NamedTuple):
    """A setting that an engine obeys on any item.

    Attributes:
        python_type: Type of its value.
        meaning: What it does, in one line.
    """

    python_type: type
    meaning: str


ITEM_SETTINGS: Mapping[str, ItemSetting] = {
    "ReplyCodeActions": ItemSetting(str, "What to do when a try of a message fails, such as E=R,E=F."),
    "RetryInterval": ItemSetting(float, "Seconds from the start of a try to the start of the next."),
    "FailureTimeout": ItemSetting(float, "Seconds after which no further try starts; -1 for ever."),
    "RetryBackoff": ItemSetting(float, "Each interval is so many times as long as the one before."),
    "RetryIntervalMax": ItemSetting(float, "Seconds that an interval may grow to; 0 for no limit."),
    "RetryOn": ItemSetting(str, "Names of error classes after which a message is tried again."),
    "FailOn": ItemSetting(str, "Names of error classes after which a message is not tried again."),
    "NoFailWhileDisconnected": ItemSetting(bool, "Errors of a connection never end a message."),
    "ArchiveIO": ItemSetting(bool, "What goes in and out is kept in the I/O log."),
    "ArchiveIOSize": ItemSetting(int, "Bytes that the I/O log keeps of longer data."),
    "GenerateSuperSessionID": ItemSetting(bool, "Each input of a service begins a super session."),
    "SendSuperSession": ItemSetting(bool, "An operation sends the id of the super session along."),
    "ThrottleDelay": ItemSetting(float, "Milliseconds that a job waits before each message or input."),
    "CallSchedule": ItemSetting(str, "When a polling service is called, as a cron line, instead of an interval."),
    "OrderBy": ItemSetting(str, "Path of the field whose messages keep their order, such as patient.id."),
    "Invocation": ItemSetting(str, "Queue, or InProc: an operation runs in the jobs of its callers."),
    "Workers": ItemSetting(str, "threads, or processes: handlers of an operation run in child processes."),
    "AlertOnError": ItemSetting(bool, "Errors raise an alert."),
    "AlertGracePeriod": ItemSetting(float, "Seconds that errors of a service must last before they raise one."),
    "AlertRetryGracePeriod": ItemSetting(float, "Seconds that a message must have failed before it raises one."),
    "QueueCountAlert": ItemSetting(int, "So many messages in the queue raise an alert; 0: none do."),
    "QueueWaitAlert": ItemSetting(float, "Seconds that the first message may wait before an alert; 0: for ever."),
    "InactivityTimeout": ItemSetting(float, "Seconds without anything to do before an alert; 0: for ever."),
}
"""Settings of the business host, by name."""

ADAPTER_SETTINGS: Mapping[str, ItemSetting] = {
    "CallInterval": ItemSetting(float, "Seconds between two calls of a polling service."),
    "KeepaliveInterval": ItemSetting(float, "Seconds between two calls of on_keepalive."),
}
"""Settings of the adapter, by name."""
