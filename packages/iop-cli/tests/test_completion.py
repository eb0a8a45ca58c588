"""``iop completion``: the scripts are understood by real shells, and complete commands, options and names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PRODUCTION = """
from iop_core import BusinessOperation
from iop_production import Production

class Printer(BusinessOperation): ...

prod = Production("Demo.Completed")
prod.operation("Laser", Printer)
prod.operation("Line", Printer)
PRODUCTIONS = [prod]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``iop`` as a program, and a deployed production."""
    folder = tmp_path_factory.mktemp("completion")
    program = folder / "bin" / "iop"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nfrom iop_cli.entry import main\nmain()\n")
    program.chmod(0o755)
    (folder / "settings.py").write_text(PRODUCTION)
    for line in (["migrate", "settings.py"], ["default", "Demo.Completed"]):
        done = subprocess.run([program, *line], cwd=folder, env=environment(folder), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return folder


def environment(folder: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("IOP_")}
    return {**own, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def complete_in_bash(folder: Path, line: str) -> set[str]:
    """Return what bash offers for the last word of a line."""
    words = line.split(" ")
    script = (
        'eval "$(iop completion bash)"\n'
        f"COMP_WORDS=({' '.join(repr(word) for word in words)}); COMP_CWORD={len(words) - 1}\n"
        '_iop_completion iop\nprintf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return set(done.stdout.split())


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("iop sta", {"start", "status"}),
        ("iop component st", {"start", "stop"}),
        ("iop status --names", {"--namespace"}),
        ("iop default De", {"Demo.Completed"}),
        ("iop component start L", {"Laser", "Line"}),
        ("iop test La", {"Laser"}),
        ("iop --url nowhere://x test La", set()),
    ],
)
def test_bash_completes(folder: Path, line: str, offered: set[str]) -> None:
    assert complete_in_bash(folder, line) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_is_what_the_shell_can_read(folder: Path, shell: str) -> None:
    done = subprocess.run(
        [folder / "bin" / "iop", "completion", shell], env=environment(folder), capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "_IOP_COMPLETE" in done.stdout
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here to read it")
    read = subprocess.run([shell, "-n"], input=done.stdout, capture_output=True, text=True)
    assert (read.returncode, read.stderr) == (0, "")


def test_unknown_shell(folder: Path) -> None:
    done = subprocess.run(
        [folder / "bin" / "iop", "completion", "tcsh"], env=environment(folder), capture_output=True, text=True
    )
    assert (done.returncode, "'tcsh' is not one of 'bash', 'zsh', 'fish'" in done.stderr) == (2, True)
