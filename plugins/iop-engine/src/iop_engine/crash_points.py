"""Named points at which a test of durability has the process killed.

The engine calls ``reach`` with the name of each. Normally that does nothing at all; it kills
when the environment variable ``IOP_CRASH_AT`` named the point as the process started, or
``arm`` did later: ``IOP_CRASH_AT=commit.written`` at the first time it is reached,
``IOP_CRASH_AT=commit.written:7`` at the seventh.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Mapping

from iop_core.errors import ConfigurationError, did_you_mean

VARIABLE = "IOP_CRASH_AT"

POINTS: Mapping[str, str] = {
    "file.drafted": "the file of the store is written under another name",
    "file.named": "the file of the store has its name, and its folder is not flushed",
    "commit.begin": "units are taken from the line, nothing of them is written",
    "commit.written": "all is written, and not committed",
    "commit.done": "the units are on the disk, nobody knows",
    "commit.published": "queues and callers have what was stored, submitters are not told",
    "commit.told": "all submitters are told",
    "message.leased": "a worker has taken a message, its handler was not called",
    "message.handled": "its handler ended, nothing of that is submitted",
    "message.submitted": "its end is in line to be stored",
    "message.released": "its end is in line, and the next message of its key may be handled",
    "call.stored": "a synchronous request is stored",
    "call.answered": "its caller was woken with the answer",
    "input.handled": "a service took an input, its sender was not told",
    "process.kept": "a process instance has its new state in memory",
    "retry.noted": "a failed try is in line to be stored",
    "timer.due": "a timer is taken out of the list, its answer is not submitted",
    "deed.submitted": "a deed of an operator is stored, nobody was told",
    "errand.written": "a piece of a purge is written, and not committed",
    "errand.done": "a piece of a purge is on the disk",
    "deployment.written": "a change of what is deployed is written, and not committed",
    "deployment.done": "a change of what is deployed is on the disk",
}
"""Name of each point to where that is."""


def reach(name: str) -> None:
    """Come to a point: nothing happens, unless it is armed."""


def arm(text: str) -> None:
    """Have this process killed at a point, from now on.

    Args:
        text: ``name`` or ``name:n``, for the nth time that it is reached.

    Raises:
        ConfigurationError: There is no such point, or ``n`` is no number.
    """
    global reach
    armed, _, count = text.partition(":")
    if armed not in POINTS:
        raise ConfigurationError(
            f"{VARIABLE}={text!r}: there is no crash point {armed!r}{did_you_mean(armed, POINTS)}; there are "
            f"{', '.join(POINTS)}"
        )
    if count and not (count.isdecimal() and int(count)):
        raise ConfigurationError(f"{VARIABLE}={text!r}: {count!r} is no number of times; give 1 or more")
    last = int(count or 1)
    # Counted in one step, so that threads which come at the same time are counted apart.
    times = itertools.count(1)

    def kill(name: str) -> None:
        if name == armed and next(times) == last:
            # Windows has no SIGKILL; there any signal ends the process as hard.
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

    reach = kill


if VARIABLE in os.environ:
    arm(os.environ[VARIABLE])
