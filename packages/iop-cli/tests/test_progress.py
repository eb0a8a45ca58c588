"""Signs of life are shown on a terminal, and never in a pipe, a file, or with ``--quiet``."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="there are no pseudo terminals here")

PROGRAM = """
import time
import click
from iop_cli.application import Application
from iop_cli.progress import busy

@click.command()
@click.option("--quiet", is_flag=True)
@click.pass_context
def work(ctx, quiet):
    ctx.ensure_object(Application).quiet = quiet
    with busy("Removing [bold]what\\nis old"):
        time.sleep(0.3)
    click.echo("done")

work()
"""


def run(tmp_path: Path, *args: str, terminal: str = "xterm") -> tuple[str, bytes]:
    """Return standard output, and what a terminal as standard error got."""
    file = tmp_path / "work.py"
    file.write_text(PROGRAM)
    own, other = pty.openpty()
    environment = {**os.environ, "TERM": terminal}
    done = subprocess.run(
        [sys.executable, str(file), *args], stdout=subprocess.PIPE, stderr=other, env=environment, text=True, timeout=60
    )
    os.close(other)
    shown = b""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            part = os.read(own, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(own)
    assert done.returncode == 0
    return done.stdout, shown


def test_terminal(tmp_path: Path) -> None:
    stdout, shown = run(tmp_path)
    assert stdout == "done\n"
    assert b"Removing [bold]what\\nis old" in shown
    assert b"0:00:00" in shown


def test_quiet_or_dumb(tmp_path: Path) -> None:
    assert run(tmp_path, "--quiet") == ("done\n", b"")
    assert run(tmp_path, terminal="dumb") == ("done\n", b"")


def test_pipe(tmp_path: Path) -> None:
    file = tmp_path / "work.py"
    file.write_text(PROGRAM)
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("done\n", "")
