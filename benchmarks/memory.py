"""How much memory a production takes: with long queues, and with a large body on its way.

Each is measured in a process of its own: ``python -m benchmarks.memory queued|body COUNT SIZE`` prints one JSON line.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from benchmarks import load
from benchmarks.measuring import report
from iop_core import BusinessOperation, BusinessService, Message, handler, target
from iop_production import Production
from iop_testing import run_production

MESSAGES = 100_000
MESSAGE_BYTES = 2_000
BODY_BYTES = 50_000_000
_AT_ONCE = 1_000
_MEGABYTE = 1_000_000


@dataclass
class Document(Message):
    """A text of some length."""

    text: str = ""


class Gate(BusinessOperation):
    """Handles nothing until all is queued."""

    opened: ClassVar[threading.Event] = threading.Event()

    @handler(Document)
    def take(self, request: Document) -> None:
        """Wait."""
        self.opened.wait()


class Scanner(BusinessService):
    """Makes a document of so many bytes and sends it."""

    Output = target()

    def on_process_input(self, message_input: Any = None) -> None:
        """Send; the document is of no use afterwards."""
        self.send_request_async(self.Output, Document("x" * _SIZE[0]))


# The engine makes the components, so they find the size here.
_SIZE = [0]


def memory(rounds: int) -> None:
    """Report the memory of 100,000 queued messages of 2 KB, and of one body of 50 MB."""
    peaks = [_measure("queued", MESSAGES, MESSAGE_BYTES) for _ in range(min(rounds, 3))]
    report(
        "memory: queued",
        workload="peak of the process; messages of 2 KB wait in one queue, then are handled",
        n=MESSAGES,
        durability="full",
        megabytes=statistics.median(peak / _MEGABYTE for peak, _ in peaks),
        megabytes_at_rest=statistics.median(rest / _MEGABYTE for _, rest in peaks),
    )
    peaks = [_measure("body", 1, BODY_BYTES) for _ in range(rounds)]
    report(
        "memory: body",
        workload="rise of the peak while one body of 50 MB goes from a service to an operation",
        n=1,
        durability="full",
        megabytes=statistics.median((peak - rest) / _MEGABYTE for peak, rest in peaks),
        bodies=statistics.median((peak - rest) / BODY_BYTES for peak, rest in peaks),
    )


def _measure(kind: str, count: int, size: int) -> tuple[int, int]:
    """Return the peak of a process and what it had before, in bytes."""
    command = [sys.executable, "-m", "benchmarks.memory", kind, str(count), str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1])
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {done.stderr}")
    found = json.loads(done.stdout)
    return found["peak"], found["rest"]


def _peak_bytes() -> int:
    # Linux counts the peak of ru_maxrss through exec, so it may be that of the parent.
    found = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())
    assert found, "the peak of a process is only known on Linux"
    return int(found[1]) * 1024


def _queued(folder: Path, count: int, size: int) -> int:
    """Queue messages, then have them handled; return the peak before the first."""
    production = Production("Bench.Queued")
    production.operation("Gate", Gate)
    with run_production(production, data_dir=folder) as run:
        rest = _peak_bytes()
        for _ in range(count // _AT_ONCE):
            run.send_many("Gate", [Document("x" * size) for _ in range(_AT_ONCE)])
        Gate.opened.set()
        run.wait_until_idle(600)
    return rest


def _body(folder: Path, count: int, size: int) -> int:
    """Send bodies one by one; return the peak before the first, after small ones went the same way."""
    Gate.opened.set()
    production = Production("Bench.Body")
    service = production.service("Scanner", Scanner, adapter_class=load.Feeder)
    production.connect(service.port("Output"), production.operation("Gate", Gate))
    work = load.prepare(count)
    with run_production(production, data_dir=folder) as run:
        run.call("Gate", Document("x"))
        rest = _peak_bytes()
        _SIZE[0] = size
        work.begin.set()
        work.end.wait()
        run.wait_until_idle(600)
    return rest


def main() -> None:
    """Measure one of the two in this process."""
    kind, count, size = sys.argv[1:4]
    run: dict[str, Callable[[Path, int, int], int]] = {"queued": _queued, "body": _body}
    with tempfile.TemporaryDirectory() as place:
        rest = run[kind](Path(place), int(count), int(size))
    print(json.dumps({"rest": rest, "peak": _peak_bytes()}))


if __name__ == "__main__":
    main()
