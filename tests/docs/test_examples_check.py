"""The examples are right, and ``iop check`` says so: it raises no false alarm on real code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
PRODUCTION = re.compile(r"^(PRODUCTIONS\b|\w+ = Production\()", re.M)
FILES = sorted(
    file for file in EXAMPLES.rglob("*.py") if "tests" not in file.parts and PRODUCTION.search(file.read_text())
)


def test_there_are_examples() -> None:
    assert {file.parent.name for file in FILES} >= {"hello", "hospital"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(EXAMPLES)))
def test_example_has_no_mistakes(file: Path) -> None:
    path = os.pathsep.join([str(file.parent), str(file.parent.parent)])
    done = subprocess.run(
        [sys.executable, "-m", "iop_cli", "check", str(file), "--strict"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
