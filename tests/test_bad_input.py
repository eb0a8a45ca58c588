"""Bad input to the real command: one clear line on standard error, an exit code, no traceback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

HOSPITAL = Path(__file__).parents[1] / "examples" / "hospital" / "settings.py"
FULL_DISK_BYTES = 64 * 1024

HELLO = """
from iop import BusinessOperation, Production
class Quiet(BusinessOperation):
    pass
production = Production("Demo.Quiet")
production.operation(Quiet)
"""


def iop(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "iop_cli", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def error_line(result: subprocess.CompletedProcess[str], code: int) -> str:
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("Error: ")
    return line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def broken(:\n", "settings.py:1: invalid syntax"),
        ("x = 1\n", "has no production"),
        ("raise RuntimeError('two\\nlines')\n", "settings.py:1: RuntimeError: two lines"),
        ("import no_such_module\n", "no_such_module"),
        ("PRODUCTIONS = 5\n", "PRODUCTIONS"),
        (
            "from iop import Production\nPRODUCTIONS = [Production('A.One'), Production('A.Two')]\n",
            "choose one with --production: A.One, A.Two",
        ),
        (
            "from iop import BusinessService, Production, target\n"
            "class S(BusinessService):\n    Output = target()\n"
            "p = Production('A.A')\np.connect(p.service(S).Output, 'Missing')\n",
            "Missing (target of S.Output)",
        ),
        (
            "from iop import BusinessService, Production, target\n"
            "class S(BusinessService):\n    Output = target()\n"
            "p = Production('A.A')\np.service(S, settings={'Output': 'Missing'})\n",
            "Missing (target of S.Output)",
        ),
    ],
)
def test_settings_file_is_wrong(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "settings.py").write_text(text, encoding="utf-8")
    assert expected in error_line(iop("run", "settings.py", cwd=tmp_path), 2)
    assert not (tmp_path / ".iop").exists()


def test_file_is_missing(tmp_path: Path) -> None:
    assert "no file settings.py" in error_line(iop("run", "settings.py", cwd=tmp_path), 2)


def test_production_of_that_name_does_not_exist(tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text(HELLO, encoding="utf-8")
    line = error_line(iop("run", "settings.py", "--production", "Demo.Quit", cwd=tmp_path), 2)
    assert "did you mean 'Demo.Quiet'" in line


def test_port_is_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = iop("run", HOSPITAL, "--data-dir", tmp_path / "data", cwd=tmp_path, HOSPITAL_PORT=str(port))
    line = error_line(result, 1)
    assert f"127.0.0.1:{port}" in line
    assert "in use" in line


@pytest.mark.parametrize("folder", ["locked", "locked/below"])
def test_data_directory_is_read_only(tmp_path: Path, folder: str) -> None:
    (tmp_path / "settings.py").write_text(HELLO, encoding="utf-8")
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    try:
        line = error_line(iop("run", "settings.py", "--data-dir", tmp_path / folder, cwd=tmp_path), 1)
    finally:
        locked.chmod(0o755)
    assert str(tmp_path / folder) in line
    assert "cannot be written" in line


@pytest.fixture
def small_disk(tmp_path: Path):
    """Mount a disk that is too small for a store."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={FULL_DISK_BYTES}", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as exc:
        pytest.skip(f"cannot mount a small disk here: {exc}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True, capture_output=True)


def test_disk_is_full(tmp_path: Path, small_disk: Path) -> None:
    (tmp_path / "settings.py").write_text(HELLO, encoding="utf-8")
    line = error_line(iop("run", "settings.py", "--data-dir", small_disk, cwd=tmp_path), 1)
    assert "no room left" in line


def test_nothing_ever_ran_there(tmp_path: Path) -> None:
    for command in ("status", "queue", "messages", "trace", "log"):
        assert "no production ever ran here" in error_line(iop(command, cwd=tmp_path), 4)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["run", "settings.py", "--durability", "often"], "'often'"),
        (["run"], "FILE"),
        (["rum", "settings.py"], "run"),
        (["messages", "--status", "bogus"], "'bogus' is not known"),
        (["messages", "--limit", "many"], "many"),
        (["trace", "999"], "999"),
    ],
)
def test_command_line_is_wrong(tmp_path: Path, arguments: list[str], expected: str) -> None:
    (tmp_path / "settings.py").write_text(HELLO, encoding="utf-8")
    assert iop("run", "settings.py", "--until-idle", cwd=tmp_path).returncode == 0
    assert expected in error_line(iop(*arguments, cwd=tmp_path), 2)
