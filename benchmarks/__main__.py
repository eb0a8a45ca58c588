"""Run benchmarks by name."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import core, growth, memory, production, repeats, search, start
from benchmarks.cpu import cpu
from benchmarks.engine import measure
from benchmarks.machine import machine
from benchmarks.whole_run import run_all, write_page
from benchmarks.workloads import WORKLOADS

CORE: dict[str, Callable[[int], None]] = {
    "codec": core.codec,
    "dispatch": core.dispatch,
    "log": core.log,
    "startup": core.startup,
    "production": production.production,
    "cpu": cpu,
}
# What the store and the start promise; each knows which of the options it needs.
STORE: dict[str, Callable[[argparse.Namespace], None]] = {
    "machine": lambda options: machine(options.folder or Path(tempfile.gettempdir())),
    "start": lambda options: start.start(options.rounds),
    "memory": lambda options: memory.memory(options.rounds),
    "repeats": lambda options: repeats.repeats(options.rounds),
    "search": lambda options: search.search(options.rounds, count=options.n, folder=options.folder),
    "growth": lambda options: growth.growth(
        options.rounds, count=options.n, durability=options.durability, folder=options.folder
    ),
}
GROUPS = {"core": tuple(CORE), "engine": tuple(WORKLOADS), "store": tuple(STORE)}
GROUPS["all"] = tuple(name for group in GROUPS.values() for name in group)


def main() -> None:
    """Parse the command line and run what it names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Print one JSON line per result.")
    parser.add_argument("name", choices=[*GROUPS["all"], *GROUPS, "report"])
    parser.add_argument("--rounds", type=int, default=5, help="runs per result; the median counts")
    parser.add_argument(
        "--n", type=int, help="messages, calls or process instances in one run; of search and growth: in the store"
    )
    parser.add_argument("--durability", choices=["full", "normal"], default="full")
    parser.add_argument("--floor", action="store_true", help="run the least possible beside each engine workload")
    parser.add_argument("--peers", action="store_true", help="run installed peers of benchmarks/peers.txt, too")
    parser.add_argument(
        "--folder",
        type=Path,
        help="where data is written; the disk decides much. Stores of search and growth are kept there",
    )
    parser.add_argument("--from-results", action="store_true", help="report: write the page, and run nothing")
    arguments = parser.parse_args()
    if arguments.name == "report":
        write_page() if arguments.from_results else run_all(arguments, WORKLOADS)
        return
    for name in GROUPS.get(arguments.name, (arguments.name,)):
        if name in CORE:
            CORE[name](arguments.rounds)
        elif name in STORE:
            STORE[name](arguments)
        else:
            measure(
                name,
                count=arguments.n,
                durability=arguments.durability,
                rounds=arguments.rounds,
                with_floor=arguments.floor,
                with_peers=arguments.peers,
                folder=arguments.folder,
            )


if __name__ == "__main__":
    main()
