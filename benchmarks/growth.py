"""What a long history costs: the rate beside that of an empty store, the size of the file, and a purge."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.disk import count_flushes, flush_ms
from benchmarks.history import stored_history
from benchmarks.measuring import report
from benchmarks.result import Run
from benchmarks.workloads import WORKLOADS
from iop_core import BusinessOperation, Message, handler
from iop_director import Director
from iop_production import Production
from iop_testing import run_production

STORED = 10_000_000
COUNTS = {"w1-8": 8_000, "w1-batch": 20_000, "w3": 1_000}

MESSAGE_BYTES = 1_000
PIECE = 20_000
PER_DAY, DAYS = 50_000, 120


@dataclass
class Letter(Message):
    """A message of about 1 KB as JSON."""

    number: int = 0
    text: str = "x" * (MESSAGE_BYTES - 25)


class Reader(BusinessOperation):
    """Takes letters."""

    @handler(Letter)
    def take(self, request: Letter) -> None:
        """Do nothing."""


def growth(rounds: int, *, count: int | None, durability: str, folder: Path | None) -> None:
    """Report rates at so many stored messages over those at an empty store, then the growth of the file.

    Args:
        rounds: How often each is run, in turns; the median counts.
        count: Messages in the store; None: ten million.
        durability: ``full`` or ``normal``.
        folder: Where the store is kept; None: it is made anew.
    """
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        place = stored_history(folder or Path(temporary), count or STORED)
        for name, number in COUNTS.items():
            _compare(name, number, place, Path(temporary), rounds, durability)
        _measure_file(Path(temporary))


def _compare(name: str, number: int, place: Path, temporary: Path, rounds: int, durability: str) -> None:
    run = WORKLOADS[name].ours
    run(place, number // 10, durability)  # what is stored there comes from the disk at first
    full: list[float] = []
    ratios: list[float] = []
    flushes: list[float] = []
    for _ in range(rounds):
        before = count_flushes(place)
        full.append(_rate(run, place, number, durability))
        after = count_flushes(place)
        if before is not None and after is not None:
            flushes.append((after - before) / number)
        with tempfile.TemporaryDirectory(dir=temporary) as empty:
            ratios.append(full[-1] / _rate(run, Path(empty), number, durability))
    report(
        f"growth: {name}",
        workload=f"{WORKLOADS[name].description}; in a long history and in an empty store",
        messages=int(place.name.rpartition("-")[2]),
        n=number,
        durability=durability,
        rate=round(statistics.median(full)),
        flushes_per_message=min(flushes, default=None),
        fdatasync_ms=flush_ms(temporary),
        ratio_to_empty=statistics.median(ratios),
    )


def _rate(run: Callable[[Path, int, str], Run], place: Path, number: int, durability: str) -> float:
    return number / run(place, number, durability).seconds


def _measure_file(temporary: Path) -> None:
    """Store letters in pieces of the same size, look at the file after each, and purge everything."""
    production = Production("Bench.Growth")
    production.operation("Reader", Reader)
    place = temporary / "letters"
    sizes = [_store_piece(production, place, number) for number in range(4)]
    steps = [after - before for before, after in pairwise(sizes)]
    per_message = statistics.median(steps) / PIECE
    report(
        "growth: file",
        workload="bytes of the database per message of 1 KB; four months at 50,000 a day",
        n=PIECE * len(sizes),
        bytes_per_message=round(per_message),
        gigabytes=per_message * PER_DAY * DAYS / 1e9,
        last_step_to_first=steps[-1] / steps[0],
    )
    begin = time.perf_counter()
    result = Director(f"local://{place.absolute()}").purge(days_to_keep=0)
    seconds = time.perf_counter() - begin
    report(
        "growth: purge",
        workload="everything is purged; what is left of the file",
        n=PIECE * len(sizes),
        rate=round(sum(result.removed.values()) / 2 / seconds),
        megabytes_before=sizes[-1] / 1e6,
        megabytes_after=(place / "user.db").stat().st_size / 1e6,
    )


def _store_piece(production: Production, place: Path, piece: int) -> int:
    """Store so many letters, have them handled, stop, and return the size of the file."""
    with run_production(production, data_dir=place, durability="normal") as run:
        for start in range(piece * PIECE, (piece + 1) * PIECE, 1000):
            run.send_many("Reader", [Letter(number) for number in range(start, start + 1000)])
        run.wait_until_idle(600)
    return (place / "user.db").stat().st_size
