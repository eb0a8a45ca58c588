"""The ``iop`` command as users run it: a process of its own with the local engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PRODUCTION = """
import time
from dataclasses import dataclass

from iop import BusinessOperation, Message, PollingBusinessService, Production, handler, target


@dataclass
class Order(Message):
    number: int = 0


class Source(PollingBusinessService):
    Output = target()
    sent = 0

    def on_poll(self):
        if self.sent == 0:
            self.sent = 1
            for number in range(5):
                self.send_request_async(self.Output, Order(number))


class Sink(BusinessOperation):
    Seconds = 0.0

    @handler(Order)
    def take(self, request):
        self.log_info(f"took {request.number}")
        time.sleep(float(self.Seconds))
        if request.number == 3:
            raise ValueError("three is bad")


prod = Production("Demo.Orders")
source = prod.service(Source)
sink = prod.operation(Sink)
prod.connect(source.Output, sink)
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    settings = tmp_path / "orders.py"
    settings.write_text(PRODUCTION)
    return settings


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start ``iop`` below the temporary directory; what still runs at the end is killed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IOP_")}
    processes: list[subprocess.Popen[str]] = []

    def start_iop(*args: str, **changes: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "iop_cli", *args],
            cwd=tmp_path,
            env={**environment, **changes},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        processes.append(process)
        return process

    yield start_iop
    for process in processes:
        process.kill()
        process.communicate()


def query(start: Start, *args: str) -> object:
    stdout, stderr = start(*args, "--json").communicate(timeout=30)
    assert stderr == ""
    return json.loads(stdout)


def wait_until_it_runs(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert " is running; data: " in process.stdout.readline()


def test_run_until_idle_and_look_at_it(start: Start, file: Path) -> None:
    stdout, stderr = start("run", "orders.py", "--until-idle").communicate(timeout=60)
    assert stdout.splitlines() == [
        f"Demo.Orders is running; data: {file.parent}/.iop, durability: full. Press Ctrl-C to stop.",
        "Demo.Orders stopped.",
    ]
    assert [f"INFO Sink: took {n}" in stderr for n in range(5)] == [True] * 5
    status = query(start, "status")
    assert isinstance(status, dict)
    assert (status["Production"], status["Status"]) == ("Demo.Orders", "stopped")
    assert query(start, "messages", "--class", "orders.Order", "--count") == {"count": 5}
    failed = query(start, "messages", "--error")
    assert isinstance(failed, list)
    assert [(header["target"], "three is bad" in header["error"]) for header in failed] == [("Sink", True)]
    trace = query(start, "trace", str(failed[0]["session_id"]))
    assert isinstance(trace, dict)
    assert failed[0] in trace["messages"]
    assert query(start, "queue") == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_cleanly(start: Start, file: Path, number: signal.Signals) -> None:
    process = start("run", "orders.py")
    wait_until_it_runs(process)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (0, "Demo.Orders stopped.\n")
    assert "Stopping; press Ctrl-C again to leave at once.\n" in stderr
    assert "KeyboardInterrupt" not in stderr
    status = query(start, "status")
    assert isinstance(status, dict)
    assert status["Status"] == "stopped"


def test_second_signal_leaves_at_once_and_loses_nothing(start: Start, file: Path) -> None:
    file.write_text(PRODUCTION.replace("Seconds = 0.0", "Seconds = 600.0"))
    process = start("run", "orders.py")
    wait_until_it_runs(process)
    assert process.stderr is not None
    while "took 0" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    while "Stopping" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130
    stored = query(start, "messages", "--count")
    assert isinstance(stored, dict)
    assert stored["count"] > 0
    file.write_text(PRODUCTION.replace("self.sent == 0", "False"))
    _, stderr = start("run", "orders.py", "--until-idle").communicate(timeout=60)
    assert stderr.count("INFO Sink: took ") == stored["count"]


def test_second_run_is_refused_while_the_first_runs(start: Start, file: Path) -> None:
    first = start("run", "orders.py")
    wait_until_it_runs(first)
    second = start("run", "orders.py")
    stdout, stderr = second.communicate(timeout=30)
    assert (second.returncode, stdout) == (1, "")
    assert stderr.startswith("Error: ")
    assert stderr.count("\n") == 1


def test_reader_that_leaves_early_is_no_error_to_talk_about(start: Start, file: Path) -> None:
    start("run", "orders.py", "--until-idle").communicate(timeout=60)
    process = start("messages", "--json")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(timeout=30) == 1


def test_names_in_any_language(start: Start, file: Path) -> None:
    file.write_text(PRODUCTION.replace("Demo.Orders", "Demo.日本"), encoding="utf-8")
    stdout, stderr = start("run", "orders.py", "--until-idle").communicate(timeout=60)
    assert stdout.endswith("Demo.日本 stopped.\n"), stderr
    stdout, stderr = start("status", PYTHONIOENCODING="latin-1", PYTHONUTF8="0").communicate(timeout=30)
    assert stdout.startswith("Production: Demo.\\u65e5\\u672c\n"), stderr
