"""The whole example in one go: start, send, wait, compare, show.

``python examples/hospital/demo.py`` needs no arguments and leaves nothing running. It ends
with exit code 1 when a message is not where it belongs.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hospital.production import build_production
from iop_director import render_mermaid
from iop_testing import run_production
from reconciliation import Outputs, reconcile
from traffic import Case, Exchange, generate_cases, send_all

CONNECTIONS = 4


def find_free_port() -> int:
    """Return a TCP port that nobody uses right now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def send_over_connections(cases: list[Case], port: int) -> list[Exchange]:
    """Send the cases over several connections at once and return what the partners saw."""
    exchanges: list[Exchange] = []
    lock = threading.Lock()

    def seen(exchange: Exchange) -> None:
        with lock:
            exchanges.append(exchange)

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        jobs = [pool.submit(send_all, cases[n::CONNECTIONS], port, seen=seen) for n in range(CONNECTIONS)]
        for job in jobs:
            job.result()
    return exchanges


def run_demo(out: Path, *, pictures: Path, count: int, seed: int) -> list[str]:
    """Run the demo and return what went wrong; an empty list is success.

    Args:
        out: Directory for the outputs and the data of the engine.
        pictures: Directory for the graph of the production and the diagram of a session.
        count: Number of good messages.
        seed: Seed of the traffic.
    """
    port = find_free_port()
    prod = build_production(port=port, out=out)
    cases = generate_cases(count, seed=seed)
    (pictures / "production.mmd").write_text(prod.to_mermaid(), encoding="utf-8")
    with run_production(prod, data_dir=out / "data") as run:
        print(f"production {prod.name} runs, mllp: 127.0.0.1:{port}, outputs: {out}")
        began = time.perf_counter()
        exchanges = send_over_connections(cases, port)
        sent_seconds = time.perf_counter() - began
        run.wait_until_idle(timeout=60)
        done_seconds = time.perf_counter() - began
        session = min(header.session_id for header in run.messages(target="Results"))
        trace = run.trace(session)
        diagram = render_mermaid(trace) if trace else ""
    print_counts(exchanges, out)
    print(f"acknowledged {len(exchanges) / sent_seconds:.0f} messages/s, all done after {done_seconds:.1f} s")
    print_latency(exchanges)
    (pictures / "session.mmd").write_text(diagram, encoding="utf-8")
    print(f"\nsession {session} as a Mermaid diagram:\n\n{diagram}\n")
    print(f"graph of the production: {pictures / 'production.mmd'}")
    return reconcile(exchanges, out)


def print_counts(exchanges: list[Exchange], out: Path) -> None:
    """Print what was sent, answered and written."""
    outputs = Outputs.read(out)
    answers = {code: sum(exchange.code == code for exchange in exchanges) for code in ("AA", "AE", "AR")}
    print(f"sent {len(exchanges)} messages over {CONNECTIONS} connections: {answers}")
    print(
        f"found {outputs.adt.total()} ADT files, {outputs.results.total()} result rows of {len(outputs.results)} "
        f"messages, {outputs.dead_letters.total()} dead letters"
    )


def print_latency(exchanges: list[Exchange]) -> None:
    """Print how long partners waited for their acknowledgments."""
    waits = [exchange.seconds * 1000 for exchange in exchanges]
    cuts = statistics.quantiles(waits, n=100)
    print(f"acknowledgment after p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms, max {max(waits):.1f} ms")


def main() -> int:
    """Parse the command line, run, and tell the verdict; returns the exit code."""
    parser = argparse.ArgumentParser(
        description="Run the hospital production with generated traffic and check the outputs."
    )
    parser.add_argument("--out", type=Path, help="directory to keep; default: only the pictures are kept, in ./out")
    parser.add_argument("--count", type=int, default=500, help="good messages to send (default 500)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the traffic (default 1)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hospital-", ignore_cleanup_errors=True) as temporary:
        out: Path = (options.out or Path(temporary)).absolute()
        pictures: Path = (options.out or Path(os.environ.get("HOSPITAL_OUT", "out"))).absolute()
        for folder in (out, pictures):
            folder.mkdir(parents=True, exist_ok=True)
        problems = run_demo(out, pictures=pictures, count=options.count, seed=options.seed)
    for problem in problems:
        print(f"MISMATCH {problem}", file=sys.stderr)
    print(f"{len(problems)} mismatches" if problems else "every message is where it belongs")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
