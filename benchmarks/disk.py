"""What the disk did and can do: flush commands counted, and the time of one flush."""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path

# Field of /proc/diskstats with the number of completed flush requests (Linux 5.5 and later).
_FLUSHES = 18


def count_flushes(folder: Path) -> int | None:
    """Return how many flush commands the device of a folder has completed; None where Linux does not say.

    Those of other programs on the device are among them.
    """
    device = os.stat(folder).st_dev
    try:
        lines = Path("/proc/diskstats").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        fields = line.split()
        if (int(fields[0]), int(fields[1])) == (os.major(device), os.minor(device)) and len(fields) > _FLUSHES:
            return int(fields[_FLUSHES])
    return None


def flush_ms(folder: Path, *, count: int = 50) -> float:
    """Return the median time of one ``fdatasync`` of 4 KiB appended to a file, in milliseconds."""
    times: list[float] = []
    path = folder / "flush-probe"
    handle = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        for _ in range(count):
            os.write(handle, b"x" * 4096)
            start = time.perf_counter()
            os.fdatasync(handle)
            times.append(time.perf_counter() - start)
    finally:
        os.close(handle)
        path.unlink()
    return statistics.median(times) * 1e3
