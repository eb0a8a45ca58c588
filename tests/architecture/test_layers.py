"""The import rules hold, and a wrong import is found by the tools that check them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

LAYERS = "The layers: each imports only what is below it"
PURE = "The core and the DSL touch no database, no network and no IRIS"
PLANTED = [
    ("iop_core", "import iop_engine", "No package imports a plug-in"),
    ("iop_core", "import sqlite3", PURE),
    ("iop_core", "import iop_production", LAYERS),
    ("iop_production", "import iop", "The facade iop is for users: nothing of ours imports it"),
    (
        "iop_production",
        "def late():\n    import socket",
        "The core and the DSL touch no database, no network and no IRIS",
    ),
    ("iop_director", "from iop_cli import main", LAYERS),
    ("iop_migrate", "import iop_testing", "The test kit is imported by tests only"),
    ("iop_engine", "import iop_director", "A plug-in imports only iop_core"),
    ("iop_serializer_pickle", "import iop_production", "A plug-in imports only iop_core"),
    ("iop_serializer_pickle", "import iop_engine", "Plug-ins do not know each other"),
    ("iop_backend_rest", "import iop_director", "A plug-in imports only iop_core"),
]


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter with the settings and the sources of ``root``."""
    sources = [str(path) for kind in ("packages", "plugins") for path in sorted(root.glob(f"{kind}/*/src"))]
    # The command's own path would find the work tree through the editable installs.
    code = (
        f"import sys; sys.path[:0] = {sources!r}\n"
        "from importlinter.cli import lint_imports_command\n"
        "lint_imports_command(['--no-cache', '--config', 'pyproject.toml'])"
    )
    return subprocess.run([sys.executable, "-I", "-c", code], cwd=root, capture_output=True, text=True)


def broken_contracts(printed: str) -> list[str]:
    return [line.removesuffix(" BROKEN") for line in printed.splitlines() if line.endswith(" BROKEN")]


@pytest.fixture
def copied_tree(tmp_path: Path) -> Path:
    """A copy of the sources and the tool settings that a test may spoil."""
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    for kind in ("packages", "plugins"):
        for source in REPOSITORY.glob(f"{kind}/*/src"):
            target = tmp_path / source.relative_to(REPOSITORY)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def plant(root: Path, package: str, statement: str) -> Path:
    (folder,) = root.glob(f"*/*/src/{package}")
    file = folder / "planted.py"
    file.write_text(f'"""Planted."""\n\n{statement}\n')
    return file


def test_contracts_hold_in_the_tree() -> None:
    done = lint_imports(REPOSITORY)
    assert broken_contracts(done.stdout) == [], done.stdout
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("package", "statement", "contract"), PLANTED)
def test_wrong_import_breaks_its_contract(copied_tree: Path, package: str, statement: str, contract: str) -> None:
    plant(copied_tree, package, statement)
    done = lint_imports(copied_tree)
    assert done.returncode == 1, done.stdout + done.stderr
    assert contract in broken_contracts(done.stdout)
    assert f"{package}.planted" in done.stdout


def test_every_package_is_under_the_contracts() -> None:
    settings = (REPOSITORY / "pyproject.toml").read_text()
    roots = settings.partition("root_packages = [")[2].partition("]")[0]
    found = {file.parent.name for file in REPOSITORY.glob("p*/*/src/*/py.typed")}  # packages and plugins
    assert found == set(roots.replace('"', "").replace(",", " ").split())


@pytest.mark.parametrize("statement", ["import iop", "from iop import Message"])
def test_ruff_refuses_the_facade_inside_the_project(copied_tree: Path, statement: str) -> None:
    file = plant(copied_tree, "iop_production", statement)
    ruff = [sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "TID251"]
    done = subprocess.run([*ruff, file], cwd=copied_tree, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "TID251" in done.stdout
    assert "import iop_core, iop_production, ... directly" in done.stdout
