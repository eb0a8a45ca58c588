"""Productions in processes of their own: ``iop start`` and what others do with them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from iop import Director
from iop_core.errors import BackendUnavailableError, LifeCycleError, UnknownItemError

PRODUCTION = """
from dataclasses import dataclass

from iop import BusinessOperation, BusinessService, Message, Production, handler, target


@dataclass
class Text(Message):
    text: str = ""


class Intake(BusinessService):
    Output = target()
    Prefix = ""

    def on_process_input(self, message_input):
        self.send_request_async(self.Output, Text("copy"))
        return self.send_request_sync(self.Output, Text(self.Prefix + message_input)).text


class Upper(BusinessOperation):
    @handler(Text)
    def take(self, request):
        self.log_info(f"took {request.text}")
        return Text(request.text.upper())


prod = Production("Demo.Background", testing_enabled=True)
intake = prod.service(Intake, settings={"Prefix": "> "})
upper = prod.operation(Upper)
prod.connect(intake.Output, upper)
"""

Iop = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # Each test is a program of its own: what an earlier one imported is not there.
    monkeypatch.setattr(sys, "path", [*sys.path])
    sys.modules.pop("background_demo", None)
    (tmp_path / "background_demo.py").write_text(PRODUCTION)
    return tmp_path


@pytest.fixture
def iop(folder: Path) -> Iterator[Iop]:
    """Run a command; what it started is killed at the end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IOP_")}

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "iop_cli", *args]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)

    yield run
    for control in (folder / ".iop").glob("*.control"):
        try:
            os.kill(json.loads(control.read_text())["pid"], signal.SIGKILL)
        except (OSError, ValueError):
            pass


@pytest.fixture
def director(folder: Path) -> Director:
    return Director(f"local://{folder.as_posix()}/.iop")


def start(iop: Iop, *args: str) -> int:
    result = iop("start", "background_demo.py", "--detach", "--json", *args)
    assert result.returncode == 0, result.stderr
    return int(json.loads(result.stdout)["Pid"])


def test_start_use_and_stop(iop: Iop, director: Director) -> None:
    pid = start(iop)
    assert pid not in (0, os.getpid())
    assert (director.status().pid, director.status().state) == (pid, "Running")
    again = iop("start", "background_demo.py", "--detach")
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert "already" in again.stderr

    service = director.get_business_service("Intake")
    assert service.on_process_input("hello") == "> HELLO"
    assert director.get_business_service("Intake") is service
    assert director.create_business_service("Intake") is not service
    # Both sends of one input are of one session.
    assert len({header.session_id for header in director.messages(type="Request")}) == 1
    with pytest.raises(UnknownItemError, match="did you mean 'Intake'"):
        director.get_business_service("Intak")

    reply = iop("test", "Upper", "-C", "background_demo.Text", "-B", '{"text": "ä"}', "--json")
    assert json.loads(reply.stdout) == {"classname": "background_demo.Text", "body": {"text": "Ä"}}
    assert director.test_component("Upper", classname="iris.background_demo.Text", body={"text": "b"}).text == "B"
    assert [line.rpartition(": ")[2] for line in director.read_top_log(2)] == ["took ä", "took b"]

    director.stop_component("Upper")
    late = iop("test", "Upper", "--timeout", "0.1", "-C", "background_demo.Text")
    assert (late.returncode, late.stdout) == (5, "")
    assert "no reply from 'Upper' within 0.1 s" in late.stderr
    sent = json.loads(iop("test", "Upper", "--no-wait", "-C", "background_demo.Text", "--json").stdout)
    (waiting,) = director.messages(session=sent["session"])
    assert (waiting.target, waiting.status.name) == ("Upper", "QUEUED")
    director.start_component("Upper")

    stopped = iop("stop")
    assert (stopped.returncode, stopped.stdout) == (0, "Production Demo.Background stopped.\n")
    assert director.status().state == "Stopped"
    assert iop("stop").returncode == 4
    with pytest.raises(BackendUnavailableError, match="no production runs"):
        director.get_business_service("Intake")


def test_restart_runs_new_code_and_drops_old_services(iop: Iop, folder: Path, director: Director) -> None:
    first = start(iop)
    service = director.get_business_service("Intake")
    file = folder / "background_demo.py"
    file.write_text(PRODUCTION.replace("request.text.upper()", "request.text.title()"))
    assert iop("restart").returncode == 0
    assert director.status().pid not in (0, first)
    assert director.get_business_service("Intake") is not service
    assert director.get_business_service("Intake").on_process_input("hello") == "> Hello"
    director.stop_production()
    director.start_production()  # the one that was started last
    assert director.status().production == "Demo.Background"
    director.shutdown_production()
    assert director.status().state == "Stopped"


def test_start_says_why_it_failed(iop: Iop, folder: Path) -> None:
    file = folder / "background_demo.py"
    file.write_text(
        PRODUCTION + "\nclass Broken(Upper):\n    def on_init(self):\n        raise ValueError('no disk')\n"
        "prod.operation(Broken)\n"
    )
    result = iop("start", "background_demo.py", "--detach")
    assert result.returncode == 1
    assert "item 'Broken' could not start: ValueError: no disk" in result.stderr
    assert str(folder / ".iop" / "user.log") in result.stderr
    assert result.stderr.count("\n") == 1
    assert iop("start", "missing.py").returncode == 2
    assert iop("start", "Demo.Nowhere").returncode == 2


def test_killed_engine_is_recognised_and_started_again(iop: Iop, director: Director) -> None:
    pid = start(iop)
    os.kill(pid, signal.SIGKILL)
    while director.status().pid:
        pass
    assert director.status().state == "Troubled"
    with pytest.raises(BackendUnavailableError):
        director.stop_production()
    assert iop("kill", "--yes").returncode == 4
    assert start(iop) != pid
    assert iop("kill", "--yes").stdout == "Production Demo.Background ended.\n"


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_production_started_with_its_log_ends_with_it(
    iop: Iop, folder: Path, director: Director, end: signal.Signals
) -> None:
    start(iop)
    assert iop("stop").returncode == 0
    code = "from iop import Director; Director('local:').start_production_with_log('Demo.Background')"
    command = [sys.executable, "-W", "error", "-c", code]
    with subprocess.Popen(
        command, cwd=folder, env={**os.environ}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert "Demo.Background" in process.stdout.readline()
            assert director.status().state == "Running"
            process.send_signal(end)
            errors = process.communicate(timeout=60)[1]
        finally:
            process.kill()
    assert (process.returncode, errors) == (0, "")
    assert director.status().state == "Stopped"


def test_process_that_outlives_its_starter_is_no_mistake(iop: Iop, folder: Path, director: Director) -> None:
    start(iop)
    assert iop("stop").returncode == 0
    code = "from iop import Director; Director('local:').start_production('Demo.Background')"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert director.status().state == "Running"
    director.stop_production()


def test_large_log_is_put_aside(iop: Iop, folder: Path) -> None:
    (folder / ".iop").mkdir(mode=0o700)
    log, aside = folder / ".iop" / "user.log", folder / ".iop" / "user.log.1"
    with log.open("wb") as file:
        file.truncate(20_000_000)
    start(iop)
    assert aside.stat().st_size == 20_000_000
    assert log.stat().st_size < 1_000_000
    written = log.read_bytes()
    assert iop("restart").returncode == 0
    assert log.read_bytes().startswith(written)  # what is small goes on
    assert iop("stop").returncode == 0


def test_namespaces_run_side_by_side(iop: Iop, folder: Path) -> None:
    pids = {start(iop, "--namespace", name) for name in ("ONE", "TWO")}
    assert len(pids) == 2
    assert iop("stop", "--namespace", "ONE").returncode == 0
    assert Director(f"local://{folder.as_posix()}/.iop", namespace="TWO").status().state == "Running"
    assert iop("stop", "--namespace", "TWO").returncode == 0


def test_production_of_a_program_is_reached_but_not_restarted(iop: Iop, folder: Path, director: Director) -> None:
    command = [sys.executable, "-m", "iop_cli", "run", "background_demo.py"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert " is running" in process.stdout.readline()
        assert director.status().pid == process.pid
        with pytest.raises(LifeCycleError, match="'iop start'"):
            director.restart_production()
        assert [item.name for item in director.items()] == ["Intake", "Upper"]
        assert iop("component", "restart", "Upper").stdout == "Upper restarted.\n"
        # Stopped from elsewhere, the process in the foreground ends as if by Ctrl-C.
        director.stop_production()
        assert process.communicate(timeout=30)[0] == "Demo.Background stopped.\n"
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


def test_breakpoint_in_a_handler_stops_under_the_debugger(folder: Path, director: Director) -> None:
    file = folder / "background_demo.py"
    file.write_text(
        PRODUCTION.replace(
            "        return Text(request.text.upper())",
            "        breakpoint()\n        return Text(request.text.upper())",
        )
    )
    command = [sys.executable, "-m", "pdb", "-c", "continue", "-m", "iop_cli", "run", "background_demo.py"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        while " is running" not in process.stdout.readline():
            pass
        director.connect().send("Upper", _text(director))
        while "take()" not in process.stdout.readline():
            pass
        process.stdin.write("p request.text\nc\n")
        process.stdin.flush()
        while "'broken into'" not in process.stdout.readline():
            pass
        assert director.connect().wait_until_idle(30)
        assert [header.error for header in director.messages(type="Request")] == [""]
    finally:
        process.kill()
        process.communicate()


def _text(director: Director) -> object:
    """Return a message; its class is loaded as the service's class is."""
    service = director.create_business_service("Intake")
    return sys.modules[type(service).__module__].Text("broken into")
