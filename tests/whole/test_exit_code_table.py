"""Each exit code of the documented table, by real processes; none of them shows a traceback."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from iop_cli.exit_codes import MEANINGS, ExitCode

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "exit-codes.md"
PRODUCTION = """
import time
from iop import BusinessOperation, Message, Production, handler, target, BusinessProcess

class Quick(BusinessOperation):
    def on_message(self, request): ...

class Slow(BusinessOperation):
    def on_message(self, request):
        time.sleep(0.5)

class NoStart(BusinessOperation):
    def on_init(self):
        raise OSError("no such port")

good = Production("Demo.Good", testing_enabled=True)
good.operation(Quick)
good.operation(Slow)
bad = Production("Demo.Bad")
bad.operation(NoStart)
wrong = Production("Demo.Wrong")
wrong.operation(Quick, settings={"Bogus": 1})
PRODUCTIONS = [good, bad, wrong]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a settings file and a running production."""
    folder = tmp_path_factory.mktemp("codes")
    (folder / "codes_demo.py").write_text(PRODUCTION)
    started = run(folder, "start codes_demo.py --production Demo.Good --detach")
    assert (started.returncode, started.stdout[:27]) == (0, "Production Demo.Good starte"), started.stderr
    yield folder
    pid = json.loads((folder / ".iop" / "user.control").read_text())["pid"]
    assert run(folder, "stop").returncode == 0
    assert pid


def command_line(line: str) -> list[str]:
    return [sys.executable, "-m", "iop_cli", *line.split()]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("IOP_")}


def run(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command_line(line), cwd=folder, env=environment(), capture_output=True, text=True, timeout=120
    )


CASES = [
    ("status", ExitCode.OK),
    ("test Quick", ExitCode.OK),
    ("check codes_demo.py --production Demo.Good --strict", ExitCode.OK),
    ("run codes_demo.py --production Demo.Good --until-idle --data-dir other", ExitCode.OK),
    ("run codes_demo.py --production Demo.Bad --data-dir bad", ExitCode.FAILED),
    ("run codes_demo.py --production Demo.Good", ExitCode.FAILED),  # its data belongs to the running one
    ("run absent.py", ExitCode.WRONG_USE),
    ("status --nonsense", ExitCode.WRONG_USE),
    ("-x -D --dry-run", ExitCode.WRONG_USE),
    ("-l -R absent.py", ExitCode.WRONG_USE),
    ("plan review absent.json", ExitCode.WRONG_USE),
    ("test Quik", ExitCode.WRONG_USE),
    ("check codes_demo.py", ExitCode.NOT_CONVERGED),
    ("doctor --data-dir codes_demo.py", ExitCode.WRONG_USE),
    ("status --data-dir empty", ExitCode.UNAVAILABLE),
    ("status --url http://127.0.0.1:9", ExitCode.UNAVAILABLE),
    ("stop --data-dir other", ExitCode.UNAVAILABLE),
    ("test Slow --timeout 0.1", ExitCode.NO_REPLY),
]


@pytest.mark.parametrize(("line", "code"), CASES, ids=[f"{code.value}-{line}" for line, code in CASES])
def test_exit_code(folder: Path, line: str, code: ExitCode) -> None:
    done = run(folder, line)
    assert (done.returncode, "Traceback" in done.stdout + done.stderr) == (code, False), done.stdout + done.stderr
    if code not in (ExitCode.OK, ExitCode.NOT_CONVERGED):
        assert done.stderr.splitlines()[-1].startswith("Error: ")


def test_plan_that_is_not_deployed_is_not_converged(folder: Path) -> None:
    """As it is for CI: an unapplied plan fails the step."""
    assert run(folder, "migrate codes_demo.py --data-dir plans").returncode == 0
    (folder / "wider_demo.py").write_text(
        PRODUCTION.replace("good.operation(Quick)", "good.operation(Quick, pool_size=2)")
    )
    for file, code in [("codes_demo.py", ExitCode.OK), ("wider_demo.py", ExitCode.NOT_CONVERGED)]:
        built = run(folder, f"plan build {file} --production Demo.Good --out plan.json --data-dir plans")
        assert built.returncode == 0, built.stderr
        verified = run(folder, "--verify-plan plan.json --data-dir plans")
        assert verified.returncode == code, verified.stdout + verified.stderr


@pytest.mark.parametrize("line", ["log --follow", "-L"])
def test_interrupted_command(folder: Path, line: str) -> None:
    with subprocess.Popen(
        command_line(line), cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()  # its first line is out: it follows the log
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    # One line end, for the sign that a terminal shows for Ctrl-C.
    assert (process.returncode, stderr) == (ExitCode.INTERRUPTED, "\n")


@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.3])
def test_interrupt_at_any_moment_shows_no_traceback_of_ours(folder: Path, seconds: float) -> None:
    with subprocess.Popen(
        command_line("log --follow"), cwd=folder, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as process:
        time.sleep(seconds)  # any moment is right here; what is tested is that none is wrong
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    # Before our first line runs Python itself shows where it was, and ends with a code of its own.
    is_python_starting = b"Failed to import the site module" in stderr or b"Could not import runpy" in stderr
    allowed = (1,) if is_python_starting else (ExitCode.INTERRUPTED, -signal.SIGINT)
    assert process.returncode in allowed, stderr
    assert b"iop_cli" not in stderr.replace(b"-m iop_cli", b"")


def test_page_has_the_same_table() -> None:
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.M)
    assert rows == [(str(code.value), meaning) for code, meaning in MEANINGS.items()]


def test_every_code_is_tested_here() -> None:
    assert {code for _, code in CASES} | {ExitCode.INTERRUPTED} == set(ExitCode)
