"""Run benchmarks by name."""

from __future__ import annotations

import argparse

from benchmarks import core

BENCHMARKS = {"codec": core.codec, "dispatch": core.dispatch, "log": core.log, "startup": core.startup}


def main() -> None:
    """Parse the command line and run what it names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Print one JSON line per result.")
    parser.add_argument("name", choices=[*BENCHMARKS, "all"])
    parser.add_argument("--rounds", type=int, default=15, help="measurements per result; the median counts")
    arguments = parser.parse_args()
    for name, benchmark in BENCHMARKS.items():
        if arguments.name in (name, "all"):
            benchmark(arguments.rounds)


if __name__ == "__main__":
    main()
