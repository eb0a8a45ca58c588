"""tools/environment.py and tools/find_python.sh: a local environment on any machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tools import environment

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "iop-tiny"
version = "1"
[tool.hatch.build.targets.wheel]
packages = ["src/iop_tiny"]
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one small package and no development tools."""
    project = tmp_path / "packages" / "iop-tiny"
    (project / "src" / "iop_tiny").mkdir(parents=True)
    (project / "src" / "iop_tiny" / "__init__.py").write_text("def main() -> None:\n    print('tiny runs')\n")
    (project / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "dev-requirements.txt").write_text("")
    return tmp_path


def write_program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def stamp_as_installed(repository: Path, *profiles: str) -> None:
    """Leave what a finished installation leaves."""
    python = repository / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    prints = ", ".join(f'"{name}": "{environment.compute_fingerprint(repository, name)}"' for name in profiles)
    (repository / ".venv" / environment.STAMP).write_text(f"{{{prints}}}")


def test_stamped_environment_is_current(repository: Path) -> None:
    assert not environment.is_current(repository, "demo")
    stamp_as_installed(repository, "demo")
    assert environment.is_current(repository, "demo")
    assert not environment.is_current(repository, "dev")


@pytest.mark.parametrize(
    ("changed", "stale"),
    [
        ("packages/iop-tiny/pyproject.toml", {"demo", "dev"}),
        ("plugins/iop-new/pyproject.toml", {"demo", "dev"}),
        ("tools/dev-requirements.txt", {"dev"}),
        ("packages/iop-tiny/README.md", set()),
        ("packages/iop-tiny/src/iop_tiny/__init__.py", set()),
    ],
)
def test_change_makes_the_environment_stale(repository: Path, changed: str, stale: set[str]) -> None:
    stamp_as_installed(repository, "demo", "dev")
    (repository / changed).parent.mkdir(parents=True, exist_ok=True)
    with (repository / changed).open("a") as file:
        file.write("# changed\n")
    assert {name for name in environment.PROFILES if not environment.is_current(repository, name)} == stale


def test_moved_repository_is_stale(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    stamp_as_installed(repository, "demo")
    moved = repository.rename(tmp_path_factory.mktemp("elsewhere") / "moved")
    assert not environment.is_current(moved, "demo")


def test_environment_whose_python_is_gone_is_stale(repository: Path) -> None:
    stamp_as_installed(repository, "demo")
    python = repository / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nonexistent/python3")
    assert not environment.is_current(repository, "demo")


@pytest.mark.parametrize("text", ["", "not json", "[]"])
def test_unreadable_stamp_is_stale(repository: Path, text: str) -> None:
    stamp_as_installed(repository, "demo")
    (repository / ".venv" / environment.STAMP).write_text(text)
    assert not environment.is_current(repository, "demo")


def test_plain_venv_is_used_where_it_works(tmp_path: Path) -> None:
    environment.create_venv(tmp_path / "made")
    assert environment.find_usable(tmp_path / "made") is not None


def test_no_ensurepip_and_no_pip_is_one_clear_line(tmp_path: Path) -> None:
    python = write_program(tmp_path / "python3", "echo 'No module named whatever' >&2; exit 1")
    with pytest.raises(environment.EnvironmentSetupError, match=r"neither ensurepip nor pip.*apt install") as caught:
        environment.create_venv(tmp_path / "made", str(python))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "made").exists()


@pytest.mark.slow  # needs a package index
def test_virtualenv_is_fetched_where_ensurepip_is_missing(tmp_path: Path) -> None:
    script = f'case "$2" in venv) echo "ensurepip is not available"; exit 1;; esac\nexec "{sys.executable}" "$@"'
    python = write_program(tmp_path / "python3", script)
    environment.create_venv(tmp_path / "made", str(python))
    assert environment.find_usable(tmp_path / "made") is not None


@pytest.mark.slow  # needs a package index
def test_new_entry_point_is_installed_by_the_next_run(repository: Path) -> None:
    environment.prepare(repository, "demo")
    assert environment.is_current(repository, "demo")
    with (repository / "packages/iop-tiny/pyproject.toml").open("a") as file:
        file.write('[project.scripts]\ntiny = "iop_tiny:main"\n')
    assert not environment.is_current(repository, "demo")
    environment.prepare(repository, "demo")
    done = subprocess.run([repository / ".venv/bin/tiny"], capture_output=True, text=True)
    assert done.stdout == "tiny runs\n"


@pytest.mark.slow  # needs a package index
def test_error_of_pip_is_shown_whole_and_leaves_no_stamp(repository: Path) -> None:
    project = repository / "packages/iop-tiny/pyproject.toml"
    project.write_text(project.read_text().replace('version = "1"', 'version = "not a version"'))
    with pytest.raises(environment.EnvironmentSetupError, match="not a version"):
        environment.prepare(repository, "demo")
    assert not environment.is_current(repository, "demo")


def find_python(folder: Path, argument: str = "") -> subprocess.CompletedProcess[str]:
    """Run the script on a machine that has only the programs in ``folder``."""
    command = ["/bin/sh", str(REPOSITORY / "tools" / "find_python.sh"), argument]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PATH": str(folder)})


def fake_python(folder: Path, name: str, version: str) -> Path:
    """A program that runs the question with another version of Python than the real one."""
    major, minor, micro = version.split(".")
    pretend = f"import sys; sys.version_info = ({major}, {minor}, {micro}); exec(sys.argv[1])"
    return write_program(folder / name, f'exec "{sys.executable}" -c "{pretend}" "$2"')


def test_python3_is_taken_when_new_enough(tmp_path: Path) -> None:
    expected = fake_python(tmp_path, "python3", "3.10.0")
    fake_python(tmp_path, "python3.13", "3.13.1")
    assert find_python(tmp_path).stdout.strip() == str(expected)


def test_newest_numbered_python_is_taken_when_python3_is_old(tmp_path: Path) -> None:
    fake_python(tmp_path, "python3", "3.9.18")
    write_program(tmp_path / "python3.14", "echo 'shim: 3.14 is not installed' >&2; exit 127")
    expected = fake_python(tmp_path, "python3.12", "3.12.1")
    fake_python(tmp_path, "python3.11", "3.11.7")
    assert find_python(tmp_path).stdout.strip() == str(expected)


def test_named_python_is_the_only_one_tried(tmp_path: Path) -> None:
    fake_python(tmp_path, "python3", "3.12.0")
    old = fake_python(tmp_path, "my-python", "3.8.2")
    done = find_python(tmp_path, str(old))
    assert done.returncode == 1
    assert "3.10 or newer" in done.stderr
    assert "my-python is 3.8.2" in done.stderr
    named = fake_python(tmp_path, "new-python", "3.11.2")
    assert find_python(tmp_path, str(named)).stdout.strip() == str(named)


def test_no_python_at_all_is_one_clear_line(tmp_path: Path) -> None:
    done = find_python(tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Python 3.10 or newer is needed" in done.stderr
    assert "PYTHON=/path/to/python" in done.stderr
    assert len(done.stderr.splitlines()) == 1
