"""The README says what is true: its examples run as they stand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


def test_hello_world_is_the_example() -> None:
    assert BLOCKS[0] == (ROOT / "examples" / "hello" / "hello.py").read_text(encoding="utf-8")


def test_hello_world_runs(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(BLOCKS[0], encoding="utf-8")
    command = [sys.executable, "-m", "iop_cli", "run", "hello.py", "--until-idle"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "INFO Printer: hello, world" in done.stderr
    assert (tmp_path / ".iop").is_dir()


def test_test_of_hello_world_passes(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(BLOCKS[0], encoding="utf-8")
    (tmp_path / "test_hello.py").write_text(BLOCKS[1], encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "test_hello.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_every_package_has_a_row() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    folders = [path.parent for path in ROOT.glob("p*/*/pyproject.toml")]
    assert folders
    rows = [f"| [{folder.name}]({folder.relative_to(ROOT).as_posix()}/README.md) |" for folder in folders]
    assert [row for row in rows if row not in readme] == []
