"""The type checkers look at every package: a planted error has to be seen in each."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def planted(tmp_path: Path) -> list[str]:
    """Copies of the package folders, each with nothing but a wrong module in it."""
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    (tmp_path / ".venv").symlink_to(REPOSITORY / ".venv")
    files = []
    for marker in sorted(REPOSITORY.glob("p*/*/src/*/py.typed")):  # packages and plugins
        file = tmp_path / marker.parent.relative_to(REPOSITORY) / "planted.py"
        file.parent.mkdir(parents=True)
        (file.parent / "__init__.py").write_text("")
        file.write_text('count: int = "text"\n')
        files.append(str(file.relative_to(tmp_path)))
    return files


def run_checker(folder: Path, *command: str) -> str:
    done = subprocess.run([sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def test_pyright_sees_every_package(tmp_path: Path, planted: list[str]) -> None:
    printed = run_checker(tmp_path, "pyright")
    assert [file for file in planted if f"{tmp_path}/{file}:1:" not in printed] == []


def test_mypy_sees_every_package(tmp_path: Path, planted: list[str]) -> None:
    sources = sorted({str(Path(file).parents[1]) for file in planted})
    printed = run_checker(tmp_path, "mypy", "--no-incremental", *sources)
    assert [file for file in planted if f"{file}:1:" not in printed] == []
