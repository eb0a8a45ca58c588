"""A handler that takes a millisecond of processor time, in threads and in worker processes."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.measuring import report
from benchmarks.messages import Order
from iop_core import BusinessOperation, handler
from iop_production import Production
from iop_production.item_options import WORKERS, Workers
from iop_testing import run_production

MESSAGES = 3000
HANDLER_SECONDS = 0.001


def work(rounds: int) -> int:
    """Do arithmetic that keeps the interpreter to itself, as parsing and transforming do."""
    total = 0
    for number in range(rounds):
        total += number * number % 7
    return total


def rounds_for(seconds: float) -> int:
    """Return how many rounds of work take so long in one thread of this machine."""
    rounds = 100_000
    best = min(_seconds(rounds) for _ in range(5))
    return max(1, round(rounds * seconds / best))


class Heavy(BusinessOperation):
    """Works for as many rounds as each order says."""

    @handler(Order)
    def take(self, request: Order) -> None:
        """Work."""
        work(request.number)


def cpu(rounds: int) -> None:
    """Measure both, in turns; print a line for each.

    There is one job more than cores: it works while another hands over its result.
    """
    jobs = (os.cpu_count() or 1) + 1
    order = Order(rounds_for(HANDLER_SECONDS))
    rates: dict[Workers, list[float]] = {workers: [] for workers in WORKERS}
    for _ in range(rounds):
        for workers in WORKERS:
            rates[workers].append(_rate(workers, jobs, order))
    ratio = statistics.median(ours / theirs for ours, theirs in zip(rates["processes"], rates["threads"], strict=True))
    for workers in WORKERS:
        more = {"ratio_to_threads": ratio} if workers == "processes" else {}
        report(
            f"cpu {workers}",
            workload=f"a handler of {HANDLER_SECONDS * 1e3:g} ms of processor time, {jobs} jobs",
            n=MESSAGES,
            rate=round(statistics.median(rates[workers])),
            **more,
        )


def _rate(workers: Workers, jobs: int, order: Order) -> float:
    production = Production("Bench.Cpu")
    production.operation("Heavy", Heavy, pool_size=jobs, workers=workers)
    with tempfile.TemporaryDirectory() as folder, run_production(production, data_dir=Path(folder)) as run:
        run.send_many("Heavy", [order] * (4 * jobs))
        run.wait_until_idle(60)
        start = time.perf_counter()
        run.send_many("Heavy", [order] * MESSAGES)
        run.wait_until_idle(600)
        return MESSAGES / (time.perf_counter() - start)


def _seconds(rounds: int) -> float:
    start = time.thread_time()  # what other programs take meanwhile does not count
    work(rounds)
    return time.thread_time() - start
