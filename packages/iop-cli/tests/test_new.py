"""``iop new`` makes a project whose tests, checks and production work; it is made and used here for real."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from iop_cli.main import iop
from iop_cli.new_project import make_project
from iop_core.errors import ConfigurationError


def call(*args: object) -> Result:
    return CliRunner().invoke(iop, list(map(str, args)), prog_name="iop")


def run(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of the CI in this environment, in which all packages are installed."""
    program, *args = line.split()
    module = {"iop": "iop_cli"}.get(program, program)
    words = args[1:] if program == "python" else args
    command = [sys.executable, "-m", *([] if program == "python" else [module]), *words]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("IOP_", "PYTEST_"))}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def test_everything_that_the_ci_does_passes(tmp_path: Path) -> None:
    result = call("new", "lab-orders_2", "--directory", tmp_path)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(f"Made {tmp_path}/lab-orders_2 with 9 files. Next:\n")
    folder = tmp_path / "lab-orders_2"
    lines = re.findall(r"- run: (.*)", (folder / ".github" / "workflows" / "ci.yml").read_text())
    assert lines.pop(0) == "python -m pip install -e .[dev]"
    assert len(lines) == 3
    for line in lines:
        done = run(folder, line)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
    assert "${{ matrix.python }}" in (folder / ".github" / "workflows" / "ci.yml").read_text()


def test_production_works(tmp_path: Path) -> None:
    make_project("demo", tmp_path)
    folder = tmp_path / "demo"
    (folder / "inbox").mkdir()
    (folder / "inbox" / "a.txt").write_text("urgent: größe")
    done = run(folder, "iop run production.py --until-idle")
    assert done.returncode == 0, done.stderr
    assert (folder / "archive" / "a.txt").read_text() == "urgent: größe"
    assert "WARNING Alarms: urgent: a.txt" in done.stderr


def test_project_can_be_installed(tmp_path: Path) -> None:
    make_project("demo", tmp_path)
    text = (tmp_path / "demo" / "pyproject.toml").read_text()
    assert 'name = "demo"' in text
    assert re.search(r'"iop-core>=\d+\.\d+,<\d+\.\d+"', text)
    assert "$" not in text
    build = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    pytest.importorskip("hatchling", reason="hatchling is not installed here")
    done = subprocess.run(
        [sys.executable, "-c", build, str(tmp_path)], cwd=tmp_path / "demo", capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "demo-0.1.0-py3-none-any.whl"


def test_json(tmp_path: Path) -> None:
    made = json.loads(call("new", "demo", "--directory", tmp_path, "--json").stdout)
    assert made["project"] == str(tmp_path / "demo")
    files = [str(file.relative_to(tmp_path / "demo")) for file in (tmp_path / "demo").rglob("*") if file.is_file()]
    assert made["files"] == sorted(files)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "mine.txt").write_text("mine")
    result = call("new", "demo", "--directory", tmp_path)
    assert (result.exit_code, "is there already and nothing is overwritten" in result.stderr) == (2, True)
    assert [file.name for file in tmp_path.rglob("*")] == ["demo", "mine.txt"]


@pytest.mark.parametrize(
    "name",
    ["", "Demo", "1demo", "a b", "../x", "a/b", "-x", "x-", "a--b", "class", "json", "tests", "iop", "a" * 61, "ä"],
)
def test_names_that_cannot_be_used(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be the name of a project"):
        make_project(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_place_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = call("new", "demo", "--directory", tmp_path / "file" / "below")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "cannot be made" in result.stderr
