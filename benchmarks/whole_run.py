"""One run of everything, each benchmark in a process of its own, and the page that tells of it."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks.goals import Result
from benchmarks.page import page_of

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("results.jsonl")
PAGE = ROOT / "docs" / "explanation" / "performance.md"

_LONG = 1_000_000, 10_000_000


def run_all(options: argparse.Namespace, workloads: Iterable[str]) -> None:
    """Run everything with floor and peers, keep the results, and write the page.

    Args:
        options: ``rounds``, ``durability`` and ``folder`` as on the command line.
        workloads: Names of the workloads of the engine.
    """
    rounds = ["--rounds", str(options.rounds), "--durability", options.durability]
    place = [] if options.folder is None else ["--folder", str(options.folder)]
    commands = [
        ["machine", *place],
        *([name, "--floor", "--peers", *rounds, *place] for name in workloads),
        *([name, *rounds] for name in ("start", "startup", "codec", "dispatch", "log", "memory", "repeats", "cpu")),
        *(["search", "--n", str(count), *rounds, *place] for count in _LONG),
        ["growth", "--n", str(_LONG[-1]), *rounds, *place],
    ]
    draft = RESULTS.with_suffix(".draft")
    with draft.open("w") as kept:
        for command in commands:
            print(f"python -m benchmarks {' '.join(command)}", file=sys.stderr, flush=True)
            kept.write(_run(command))
            kept.flush()
    draft.replace(RESULTS)
    write_page()


def write_page() -> None:
    """Write the page from the results of the last run."""
    PAGE.write_text(page_of(read_results()))


def read_results() -> list[Result]:
    """Return the results of the last run."""
    return [json.loads(line) for line in RESULTS.read_text().splitlines()]


def _run(command: list[str]) -> str:
    """Return the results of one benchmark; one that fails says so and leaves the others alone."""
    whole = [sys.executable, "-m", "benchmarks", *command]
    done = subprocess.run(whole, stdout=subprocess.PIPE, text=True, check=False, cwd=ROOT, env=os.environ)
    if done.returncode:
        print(f"failed: {' '.join(command)}", file=sys.stderr)
        return json.dumps({"name": f"failed: {' '.join(command)}"}) + "\n"
    sys.stdout.write(done.stdout)
    return done.stdout
