"""Running a workload several times, in turns with its floor, and reporting the medians."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.disk import count_flushes, flush_ms
from benchmarks.measuring import report
from benchmarks.peers import measure_peer, peers_for, version_of
from benchmarks.result import Run
from benchmarks.workloads import WORKLOADS


@dataclass
class Series:
    """The runs of one contestant."""

    rates: list[float] = field(default_factory=list[float])
    delivered: list[float] = field(default_factory=list[float])
    latencies: list[float] = field(default_factory=list[float])
    flushes: list[float] = field(default_factory=list[float])

    def add(self, run: Callable[[Path, int, str], Run], folder: Path, count: int, durability: str) -> None:
        """Run once, in a directory of its own."""
        with tempfile.TemporaryDirectory(dir=folder) as place:
            before = count_flushes(folder)
            result = run(Path(place), count, durability)
            after = count_flushes(folder)
        self.rates.append(count / (result.intake_seconds or result.seconds))
        if result.intake_seconds is not None:
            self.delivered.append(count / result.seconds)
        self.latencies += result.latencies
        if before is not None and after is not None:
            self.flushes.append((after - before) / count)

    def values(self) -> dict[str, object]:
        """Return rate, latencies and flushes as they are reported."""
        found: dict[str, object] = {"rate": round(statistics.median(self.rates))}
        if self.delivered:
            found["delivered_rate"] = round(statistics.median(self.delivered))
        if self.latencies:
            percentiles = statistics.quantiles(self.latencies, n=100)
            found |= {"p50_ms": percentiles[49] * 1e3, "p99_ms": percentiles[98] * 1e3}
        if self.flushes:
            found["flushes_per_message"] = statistics.median(self.flushes)
        return found


def measure(
    name: str,
    *,
    count: int | None,
    durability: str,
    rounds: int,
    with_floor: bool,
    with_peers: bool,
    folder: Path | None = None,
) -> None:
    """Run a workload and print one JSON line for it, and one for its floor.

    Args:
        name: One of ``WORKLOADS``.
        count: Messages, calls or process instances per run; None: the usual number.
        durability: ``full`` or ``normal``.
        rounds: How often each is run, in turns; the median counts.
        with_floor: Whether the floor is run beside it.
        with_peers: Whether installed peers with a counterpart are run after it.
        folder: Where the data is written; None: the temporary directory.
    """
    workload = WORKLOADS[name]
    number = count or workload.usual
    ours, floor, ratios = Series(), Series(), list[float]()
    with tempfile.TemporaryDirectory(dir=folder) as place:
        for _ in range(rounds):
            ours.add(workload.ours, Path(place), number, durability)
            if with_floor:
                floor.add(workload.floor, Path(place), number, durability)
                ratios.append(ours.rates[-1] / floor.rates[-1])
        common: dict[str, object] = {
            "workload": workload.description,
            "n": number,
            "durability": durability,
            "fdatasync_ms": flush_ms(Path(place)),
        }
    ratio: dict[str, object] = {"ratio_to_floor": statistics.median(ratios)} if ratios else {}
    report(name, **common, **ours.values(), **ratio)
    if with_floor:
        report(f"{name} floor", **common, **floor.values())
    for peer in peers_for(name) if with_peers else ():
        rate = statistics.median(measure_peer(peer, name) for _ in range(rounds))
        report(
            f"{name} {peer}", rate=round(rate), ours_to_peer=statistics.median(ours.rates) / rate, **version_of(peer)
        )
