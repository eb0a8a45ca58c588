"""Run benchmarks by name."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from benchmarks import core, production
from benchmarks.engine import measure
from benchmarks.workloads import WORKLOADS

CORE: dict[str, Callable[[int], None]] = {
    "codec": core.codec,
    "dispatch": core.dispatch,
    "log": core.log,
    "startup": core.startup,
    "production": production.production,
}
GROUPS = {"core": tuple(CORE), "engine": tuple(WORKLOADS)}


def main() -> None:
    """Parse the command line and run what it names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Print one JSON line per result.")
    parser.add_argument("name", choices=[*CORE, *WORKLOADS, *GROUPS, "all"])
    parser.add_argument("--rounds", type=int, default=5, help="runs per result; the median counts")
    parser.add_argument("--n", type=int, help="messages, calls or process instances in one run")
    parser.add_argument("--durability", choices=["full", "normal"], default="full")
    parser.add_argument("--floor", action="store_true", help="run the least possible beside each engine workload")
    parser.add_argument("--peers", action="store_true", help="run installed peers of benchmarks/peers.txt, too")
    parser.add_argument("--folder", type=Path, help="where data is written; the disk decides much")
    arguments = parser.parse_args()
    chosen = GROUPS.get(arguments.name, (*CORE, *WORKLOADS) if arguments.name == "all" else (arguments.name,))
    for name in chosen:
        if name in CORE:
            CORE[name](arguments.rounds)
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
