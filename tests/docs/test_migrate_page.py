"""The page about migration says what is true: its files are deployed and run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "migrate.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```python\n# (\w+\.py)\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(folder: Path, *args: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IOP_")}
    done = subprocess.run(
        [sys.executable, *args], cwd=folder, capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_plan_is_the_one_that_is_shown(folder: Path) -> None:
    shown = re.search(r"\$ iop migrate settings.py --dry-run\n(.*?)```", PAGE, re.DOTALL)
    assert shown
    plan = run(folder, "-m", "iop_cli", "migrate", "settings.py", "--dry-run")
    assert plan.replace(str(folder), "/home/me/orders") == shown[1]


def test_deployed_production_runs_without_its_settings_file(folder: Path) -> None:
    printed = run(folder, "deploy.py").splitlines()
    assert "deploy Demo.Orders" in printed[0]
    assert printed[1] == "['Demo.OrderOperation', 'Python.bo.OrderOperation', 'Python.bo.OrderService']"
    assert printed[-1] == "ann replace production Demo.Orders first release"
    (folder / "settings.py").unlink()
    assert run(folder, "start.py") == "1\n"
