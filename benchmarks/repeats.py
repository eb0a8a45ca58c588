"""How many messages are handled again after kill -9, under full load.

A process of its own handles a long queue and writes down each message; it is killed again and
again: ``python -m benchmarks.repeats FOLDER WORKERS COUNT RUN``.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.measuring import report
from benchmarks.messages import Order
from iop_core import BusinessOperation, handler
from iop_production import Production
from iop_testing import run_production

MESSAGES = 20_000
WORKERS = (1, 4)
_KILLS = 5


class Recorder(BusinessOperation):
    """Writes down which message was handled in which run; a kill leaves what was written."""

    Record = ""
    Run = 0

    def on_init(self) -> None:
        """Open the record."""
        self.file = os.open(self.Record, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def on_tear_down(self) -> None:
        """Close the record."""
        os.close(self.file)

    @handler(Order)
    def take(self, request: Order) -> None:
        """Write one line at once."""
        os.write(self.file, f"{self.Run} {request.number}\n".encode())


def repeats(rounds: int) -> None:
    """Report how many messages each kill had handled again, with one worker and with four."""
    for workers in WORKERS:
        found: list[int] = []
        lost = 0
        for number in range(rounds):
            with tempfile.TemporaryDirectory() as temporary:
                again, missing = _kill_often(Path(temporary), workers, random.Random(number))
                found += again
                lost += missing
        report(
            f"repeats after kill -9, {workers} worker{'s' if workers > 1 else ''}",
            n=len(found),
            messages=MESSAGES * rounds,
            durability="full",
            repeats_median=statistics.median(found),
            repeats_most=max(found),
            lost=lost,
        )


def _kill_often(folder: Path, workers: int, chance: random.Random) -> tuple[list[int], int]:
    """Return how many messages each kill had handled again, and how many are missing at the end."""
    for run in range(_KILLS):
        _run(folder, workers, run, kill_after=chance.uniform(0.02, 0.3))
    _run(folder, workers, _KILLS, kill_after=None)
    lines = (folder / "record").read_text().split("\n")[:-1]
    handled: set[int] = set()
    again: Counter[int] = Counter()
    for run, number in (map(int, line.split()) for line in lines):
        if number in handled:
            again[run] += 1
        handled.add(number)
    return [again[run] for run in range(1, _KILLS + 1)], MESSAGES - len(handled)


def _run(folder: Path, workers: int, run: int, *, kill_after: float | None) -> None:
    """Start the process; kill it so many seconds after its first message, or let it finish."""
    record = folder / "record"
    before = record.stat().st_size if record.exists() else 0
    command = [sys.executable, "-m", "benchmarks.repeats", str(folder), str(workers), str(MESSAGES), str(run)]
    with (
        Path(folder, "log").open("w+") as log,
        subprocess.Popen(command, cwd=Path(__file__).parents[1], stderr=log) as process,
    ):
        while process.poll() is None and kill_after is not None:
            if record.exists() and record.stat().st_size > before:
                time.sleep(kill_after)
                process.kill()
                process.wait()
        expected = (0, -signal.SIGKILL) if kill_after is not None else (0,)
        if process.wait() not in expected:
            log.seek(0)
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}: {log.read()}")


def main() -> None:
    """Handle what is queued; the first run queues everything."""
    folder, workers, count, run = Path(sys.argv[1]), *map(int, sys.argv[2:5])
    production = Production("Bench.Repeats")
    item = production.operation("Recorder", Recorder, pool_size=workers)
    item.settings_update({"Record": str(folder / "record"), "Run": run})
    with run_production(production, data_dir=folder / "data") as started:
        if not run:
            started.send_many("Recorder", [Order(number) for number in range(count)])
        started.wait_until_idle(600)


if __name__ == "__main__":
    main()
