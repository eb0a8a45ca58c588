"""Peers that keep messages on disk before they count: huey and DBOS, both on SQLite with fsync.

Each runs in a process of its own, so that nothing of one is left for the next:
``python -m benchmarks.peers NAME WORKLOAD COUNT`` prints one JSON line.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

# Workloads that a peer has no counterpart of are left out.
PEERS = {"huey": ("w1", "w3"), "dbos": ("w1", "w3")}
COUNTS = {"huey": 1000, "dbos": 150}
BODY = json.dumps(
    {
        "number": 1,
        "patient": "4711-0815",
        "name": "Doe, Jane",
        "ward": "B12",
        "code": "GLU",
        "text": "Glucose in serum or plasma",
        "priority": "routine",
        "amount": 5.25,
        "is_fasting": True,
        "comment": "please call when the result is above the limit",
    }
)


def peers_for(workload: str) -> list[str]:
    """Return the installed peers that have a counterpart of a workload."""
    return [name for name, known in PEERS.items() if workload in known and importlib.util.find_spec(name)]


def version_of(name: str) -> dict[str, object]:
    """Return the version of a peer, for the report."""
    return {name: metadata.version(name)}


def measure_peer(name: str, workload: str, count: int | None = None) -> float:
    """Return the rate of a peer, measured in a process of its own.

    Raises:
        RuntimeError: It failed; the text is what it wrote.
    """
    number = count or COUNTS[name]
    command = [sys.executable, "-m", "benchmarks.peers", name, workload, str(number)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300, cwd=Path(__file__).parents[1]
    )
    if done.returncode:
        raise RuntimeError(f"{name} failed: {done.stderr[-2000:]}")
    return number / float(json.loads(done.stdout.splitlines()[-1])["seconds"])


def huey(folder: Path, workload: str, count: int) -> float:
    """Run a workload on huey with one worker thread; seconds."""
    from huey import SqliteHuey  # type: ignore[import-not-found,import-untyped,unused-ignore]

    tasks = SqliteHuey("bench", filename=str(folder / "huey.db"), fsync=True, results=workload == "w3")
    handled: list[str] = []

    @tasks.task()  # type: ignore[untyped-decorator,unused-ignore]
    def take(body: str) -> str:
        handled.append(body)
        return body

    consumer = tasks.create_consumer(workers=1, initial_delay=0.001, backoff=1.0, max_delay=0.001)
    consumer.start()
    try:
        start = time.perf_counter()
        for _ in range(count):
            result = take(BODY)
            if workload == "w3":
                result.get(blocking=True, backoff=1.0, max_delay=0.0005)
        _wait(lambda: len(handled) == count)
        return time.perf_counter() - start
    finally:
        consumer.stop(graceful=True)


def dbos(folder: Path, workload: str, count: int) -> float:
    """Run a workload on DBOS with one queue; seconds."""
    from dbos import DBOS  # type: ignore[import-not-found,unused-ignore]

    DBOS(config={"name": "bench", "system_database_url": f"sqlite:///{folder / 'dbos.sqlite'}"})

    @DBOS.workflow()  # type: ignore[untyped-decorator,unused-ignore]
    def take(body: str) -> str:
        return body

    DBOS.launch()
    DBOS.register_queue("orders", worker_concurrency=1, polling_interval_sec=0.01)
    try:
        start = time.perf_counter()
        handles = []
        for _ in range(count):
            handle = DBOS.enqueue_workflow("orders", take, BODY)
            if workload == "w3":
                handle.get_result(polling_interval_sec=0.01)
            handles.append(handle)
        for handle in handles:
            handle.get_result(polling_interval_sec=0.01)
        return time.perf_counter() - start
    finally:
        DBOS.destroy()


def _wait(is_over: Callable[[], bool]) -> None:
    while not is_over():
        time.sleep(0.001)


def main() -> None:
    """Run one peer."""
    name, workload, count = sys.argv[1:4]
    with tempfile.TemporaryDirectory() as place:
        seconds = {"huey": huey, "dbos": dbos}[name](Path(place), workload, int(count))
    print(json.dumps({"name": name, "workload": workload, "seconds": seconds}))


if __name__ == "__main__":
    main()
