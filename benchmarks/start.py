"""From ``iop run`` to the first message handled, over the start of a bare Python."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.disk import flush_ms
from benchmarks.measuring import report

HELLO = Path(__file__).parents[1] / "examples" / "hello" / "hello.py"


def start(rounds: int) -> None:
    """Report the start of the smallest example, with and without a data directory that is there already."""
    runs: list[tuple[float, float, float]] = []
    with tempfile.TemporaryDirectory() as temporary:
        for number in range(max(rounds, 5)):
            place = Path(temporary, str(number))
            runs.append((first_message_seconds(place), first_message_seconds(place), bare_seconds()))
        probe = flush_ms(Path(temporary))
    first, again = ([(run[which] - run[2]) * 1e3 for run in runs] for which in (0, 1))
    report(
        "start: iop run, first message",
        workload="iop run of the smallest example to its first message, over a Python that does nothing",
        n=len(runs),
        durability="full",
        fdatasync_ms=probe,
        p50_ms=statistics.median(first),
        fastest_ms=min(first),
        again_p50_ms=statistics.median(again),
        again_fastest_ms=min(again),
        bare_ms=statistics.median(run[2] for run in runs) * 1e3,
    )


def first_message_seconds(place: Path) -> float:
    """Return how long it takes until the first message is handled."""
    command = [sys.executable, "-m", "iop_cli", "run", str(HELLO), "--data-dir", str(place)]
    begin = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if "hello, world" in line:
                break
        spent = time.perf_counter() - begin
        process.terminate()
        process.communicate(timeout=30)
    if not lines or "hello, world" not in lines[-1]:
        raise SystemExit(f"no message was handled: {''.join(lines)}")
    return spent


def bare_seconds() -> float:
    """Return how long a Python takes that does nothing."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - begin
