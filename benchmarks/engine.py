"""Running a workload several times, in turns with its floor, and reporting the medians."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.disk import flush_ms
from benchmarks.measuring import report
from benchmarks.own_flushes import flushes_per_message
from benchmarks.peers import measure_peer, peers_for, version_of
from benchmarks.result import Run
from benchmarks.workloads import WORKLOADS


@dataclass
class Series:
    """The runs of one contestant."""

    rates: list[float] = field(default_factory=list[float])
    delivered: list[float] = field(default_factory=list[float])
    latencies: list[float] = field(default_factory=list[float])

    def add(self, run: Callable[[Path, int, str], Run], folder: Path, count: int, durability: str) -> None:
        """Run once, in a directory of its own."""
        with tempfile.TemporaryDirectory(dir=folder) as place:
            result = run(Path(place), count, durability)
        self.rates.append(count / (result.intake_seconds or result.seconds))
        if result.intake_seconds is not None:
            self.delivered.append(count / result.seconds)
        self.latencies += result.latencies

    def values(self) -> dict[str, object]:
        """Return rate and latencies as they are reported."""
        found: dict[str, object] = {"rate": round(statistics.median(self.rates))}
        if self.delivered:
            found["delivered_rate"] = round(statistics.median(self.delivered))
        if self.latencies:
            percentiles = statistics.quantiles(self.latencies, n=100)
            found |= {"p50_ms": percentiles[49] * 1e3, "p99_ms": percentiles[98] * 1e3}
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
        with_peers: Whether installed peers with a counterpart are run beside it.
        folder: Where the data is written; None: the temporary directory.
    """
    workload = WORKLOADS[name]
    number = count or workload.usual
    ours, floor, ratios = Series(), Series(), list[float]()
    # Rates of each peer, and how many times as fast we were in the same round.
    peers: dict[str, list[tuple[float, float]]] = {peer: [] for peer in (peers_for(name) if with_peers else ())}
    with tempfile.TemporaryDirectory(dir=folder) as place:
        for _ in range(rounds):
            ours.add(workload.ours, Path(place), number, durability)
            if with_floor:
                floor.add(workload.floor, Path(place), number, durability)
                ratios.append(ours.rates[-1] / floor.rates[-1])
            for peer, pairs in peers.items():
                rate = measure_peer(peer, name)
                pairs.append((rate, ours.rates[-1] / rate))
        flushes = {
            whose: flushes_per_message(name, whose, count=number, durability=durability, folder=Path(place))
            for whose in (("ours", "floor") if with_floor else ("ours",))
        }
        common: dict[str, object] = {
            "workload": workload.description,
            "n": number,
            "durability": durability,
            "fdatasync_ms": flush_ms(Path(place)),
        }
    ratio: dict[str, object] = {"ratio_to_floor": statistics.median(ratios)} if ratios else {}
    report(name, **common, **ours.values(), flushes_per_message=flushes["ours"], **ratio)
    if with_floor:
        report(f"{name} floor", **common, **floor.values(), flushes_per_message=flushes["floor"])
    for peer, pairs in peers.items():
        rate, times = (statistics.median(values) for values in zip(*pairs, strict=True))
        report(f"{name} {peer}", peer=peer, rate=round(rate), ours_to_peer=times, **version_of(peer))
