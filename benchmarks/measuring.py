"""Timing a small operation next to another, in turns, so that noise hits both."""

from __future__ import annotations

import json
import platform
import sqlite3
import statistics
import subprocess
import time
from collections.abc import Callable
from functools import cache
from importlib import metadata
from pathlib import Path

ROUND_SECONDS = 0.05


def seconds_per_call(operation: Callable[[], object]) -> float:
    """Return the time of one call, from as many calls as fit into a round."""
    calls, elapsed = 1, 0.0
    while True:
        start = time.perf_counter()
        for _ in range(calls):
            operation()
        elapsed = time.perf_counter() - start
        if elapsed >= ROUND_SECONDS:
            return elapsed / calls
        calls = max(calls + 1, int(calls * ROUND_SECONDS / max(elapsed, 1e-9) * 1.1))


def compare(name: str, ours: Callable[[], object], peer: Callable[[], object], *, rounds: int, peer_name: str) -> None:
    """Print the medians of both and the median of their ratios.

    Args:
        name: Of the result.
        ours: What is measured.
        peer: What it is compared with.
        rounds: How often both are measured, in turns.
        peer_name: For the reader.
    """
    pairs = [(seconds_per_call(ours), seconds_per_call(peer)) for _ in range(rounds)]
    report(
        name,
        us=statistics.median(a for a, _ in pairs) * 1e6,
        peer=peer_name,
        peer_us=statistics.median(b for _, b in pairs) * 1e6,
        ratio=statistics.median(a / b for a, b in pairs),
    )


def report(name: str, **values: object) -> None:
    """Print one result as a JSON line, with the versions and the commit that it was measured with."""
    rounded = {key: round(value, 3) if isinstance(value, float) else value for key, value in values.items()}
    versions = {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "iop-core": metadata.version("iop-core"),
        "commit": commit(),
    }
    print(json.dumps({"name": name, **rounded, **versions}), flush=True)


@cache
def commit() -> str:
    """Return the short name of the commit that is measured, with a + for changes since; empty outside of a clone."""
    command = ("git", "describe", "--always", "--dirty=+", "--abbrev=7", "--exclude=*")
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    return done.stdout.strip()
