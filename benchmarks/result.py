"""What a workload is and what one run of it gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Run(NamedTuple):
    """One run of a workload.

    Attributes:
        seconds: From the first send until everything was handled, and that was on disk.
        latencies: Seconds that each sender or caller had to wait; empty where nobody waits.
        intake_seconds: Until everything was acknowledged; None where that is not looked at.
    """

    seconds: float
    latencies: list[float]
    intake_seconds: float | None = None


class Workload(NamedTuple):
    """A workload and its counterpart without features.

    Attributes:
        description: One line for the reader.
        usual: How often it is done in one run, unless something else is asked for.
        ours: Runs it in a new directory: count and durability are given.
        floor: The least that has to be done for the same.
    """

    description: str
    usual: int
    ours: Callable[[Path, int, str], Run]
    floor: Callable[[Path, int, str], Run]
