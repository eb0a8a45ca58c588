"""Worker processes that die, are stopped, or lose the engine's process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from iop import Production
from iop_core.errors import RequestFailedError
from iop_core.events import EventType
from iop_core.headers import MessageStatus
from iop_testing import run_production

from . import worker_components as parts
from .worker_components import Task

PATIENCE = 30


@pytest.fixture
def notes(tmp_path) -> Path:
    return tmp_path / "notes"


def production_of(notes: Path, **options) -> Production:
    production = Production("Test.Deaths")
    production.operation("Doer", parts.Doer, workers="processes", settings={"Notes": str(notes)}, **options)
    production.operation("Sink", parts.Sink)
    return production


def call(run, deed: str, text: str = "") -> str:
    return run.call("Doer", Task(deed, text), timeout=PATIENCE).text


def wait_for(what, seconds: float = PATIENCE):
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.01)
    return found


def lines(path: Path, word: str = "") -> list[str]:
    return [line for line in path.read_text().splitlines() if line.startswith(word)] if path.exists() else []


def waiting_pid(notes: Path) -> int:
    """Return the process that handles a message until a file exists, as soon as it does."""
    return int(wait_for(lambda: lines(notes, "waiting"))[-1].split()[1])


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def dead_job_alerts(run) -> list[str]:
    return [entry.text for entry in run.log(item="Doer") if entry.type is EventType.ALERT]


def test_message_of_a_killed_process_is_handled_again_before_the_next(notes, tmp_path) -> None:
    go_on = tmp_path / "go"
    with run_production(production_of(notes)) as run:
        session_id = run.send("Doer", Task("wait_for_file", str(go_on)))
        run.send("Doer", Task("note", "next"))
        pid = waiting_pid(notes)
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: len(lines(notes, "waiting")) == 2)
        assert not lines(notes, "next")
        go_on.touch()
        run.wait_until_idle()
        (header,) = [each for each in run.messages(session=session_id) if each.target == "Doer"]
        assert (header.status, header.attempts) == (MessageStatus.COMPLETED, 2)
        (alert,) = dead_job_alerts(run)
        assert alert.startswith("DeadJobAlert:")
        assert f"worker process {pid} was ended by signal 9 (SIGKILL)" in alert
    assert lines(notes, "next") == ["next"]


def test_what_the_lost_try_sent_is_not_stored(notes) -> None:
    with run_production(production_of(notes)) as run:
        assert call(run, "die_once") == "attempt 2"
        run.wait_until_idle()
        assert run.count_messages(target="Sink") == 1


def test_message_that_kills_each_process_ends_in_error(notes) -> None:
    with run_production(production_of(notes)) as run:
        with pytest.raises(RequestFailedError, match="3 worker processes died while they handled this message"):
            call(run, "die")
        assert lines(notes, "die") == ["die 1", "die 2", "die 3"]
        (header,) = run.messages(target="Doer")
        assert (header.status, header.attempts) == (MessageStatus.ERROR, 3)
        assert call(run, "pid").isdecimal()


def test_process_that_dies_between_messages_is_replaced(notes) -> None:
    with run_production(production_of(notes)) as run:
        pid = int(call(run, "pid"))
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not is_running(pid))
        assert int(call(run, "pid")) != pid
        wait_for(lambda: dead_job_alerts(run))
        assert [each.attempts for each in run.messages(target="Doer")] in ([1, 1], [1, 2])


def test_death_is_noticed_though_a_program_of_the_handler_lives_on(notes) -> None:
    with run_production(production_of(notes)) as run:
        try:
            assert call(run, "die_with_heir") == "again"
        finally:
            os.kill(int(lines(notes, "heir")[0].split()[1]), signal.SIGKILL)


def test_abort_counts_when_the_process_dies(notes, tmp_path) -> None:
    with run_production(production_of(notes)) as run:
        session_id = run.send("Doer", Task("wait_for_file", str(tmp_path / "never")))
        pid = waiting_pid(notes)
        (header,) = run.messages(session=session_id)
        run.abort(header.message_id)
        os.kill(pid, signal.SIGKILL)
        run.wait_until_idle()
        (header,) = run.messages(session=session_id)
        assert header.status is MessageStatus.ABORTED


def test_stop_ends_a_process_whose_handler_hangs_and_keeps_the_message(notes, tmp_path) -> None:
    go_on, data = tmp_path / "go", tmp_path / "data"
    production = production_of(notes)
    production.shutdown_timeout = 0.5
    with run_production(production, data_dir=data) as run:
        run.send("Doer", Task("wait_for_file", str(go_on)))
        pid = waiting_pid(notes)
        run.stop()
        assert not is_running(pid)
        assert not lines(notes, "down")
    go_on.touch()
    with run_production(production_of(notes), data_dir=data) as run:
        run.wait_until_idle()
        (header,) = run.messages(target="Doer")
        assert header.status is MessageStatus.COMPLETED


def test_stop_lets_the_component_clean_up(notes) -> None:
    with run_production(production_of(notes, pool_size=2)) as run:
        run.wait_until_idle()
    assert sorted(line.split()[1] for line in lines(notes, "init")) == sorted(
        line.split()[1] for line in lines(notes, "down")
    )


def test_restart_and_update_make_new_processes(notes) -> None:
    with run_production(production_of(notes)) as run:
        first = int(call(run, "pid"))
        run.running.restart_component("Doer")
        second = int(call(run, "pid"))
        run.running.update(production_of(notes, comment="x", schedule="").definition())
        assert int(call(run, "pid")) == second
        run.running.update(production_of(notes, pool_size=2).definition())
        third = int(call(run, "pid"))
        assert len({first, second, third}) == 3
        assert not is_running(first)
        assert not is_running(second)


PROGRAM = """\
import os, sys, time
from dataclasses import dataclass
from iop import BusinessOperation, Message, Production
from iop_testing import run_production

@dataclass
class Ask(Message):
    text: str = ""

class Oops(Exception):
    pass

class Worker(BusinessOperation):
    def on_message(self, request):
        if not isinstance(request, Ask):
            return None
        if request.text == "fail":
            raise Oops("failed")
        if request.text == "hang":
            os.write(1, b"hangs %d\\n" % os.getpid())
            while True:
                pass
        return Ask(str(os.getpid()))

def main(folder):
    production = Production("Test.Program")
    production.operation("Worker", Worker, workers="processes", pool_size=2)
    with run_production(production, data_dir=folder) as run:
        print("pid", run.call("Worker", Ask("pid")).text, "of", os.getpid(), flush=True)
        try:
            run.call("Worker", Ask("fail"))
        except Exception as exc:
            print(exc, flush=True)
        if "hang" in sys.argv:
            run.send_many("Worker", [Ask("hang"), Ask("hang")])
            time.sleep(60)

"""
GUARD = 'if __name__ == "__main__":\n    '
START = "main(sys.argv[1])\n"


def program(tmp_path: Path, text: str, *arguments: str) -> subprocess.Popen[str]:
    file = tmp_path / "program.py"
    file.write_text(text)
    command = [sys.executable, str(file), str(tmp_path / "data"), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path)


def test_classes_of_the_program_itself(tmp_path) -> None:
    with program(tmp_path, PROGRAM + GUARD + START) as process:
        out, error = process.communicate(timeout=60)
    first, second = out.splitlines()
    _, child, _, parent = first.split()
    assert (process.returncode, int(parent)) == (0, process.pid), error
    assert int(child) != process.pid
    assert second == "request to 'Worker' failed: Oops: failed"


def test_program_that_is_a_module_of_a_package(tmp_path) -> None:
    package = tmp_path / "pack"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "numbers.py").write_text("LIMIT = 3\n")
    (package / "app.py").write_text("from .numbers import LIMIT\n" + PROGRAM + GUARD + START)
    command = [sys.executable, "-m", "pack.app", str(tmp_path / "data")]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert ended.stdout.splitlines()[-1] == "request to 'Worker' failed: Oops: failed", ended.stderr


def test_stop_ends_a_process_that_hangs_while_it_cleans_up(notes) -> None:
    production = Production("Test.Deaths")
    production.operation("Doer", parts.NeverDown, workers="processes", settings={"Notes": str(notes)})
    production.shutdown_timeout = 0.5
    with run_production(production) as run:
        pid = int(call(run, "pid"))
        run.stop()
        assert lines(notes, "down")
        assert not is_running(pid)


def test_program_without_a_guard_is_told(tmp_path) -> None:
    with program(tmp_path, PROGRAM + START) as process:
        out, error = process.communicate(timeout=60)
    assert process.returncode != 0
    assert out == ""
    assert "Put that under 'if __name__ == \"__main__\":'" in error.splitlines()[-1]


def test_killed_engine_leaves_no_process_behind(tmp_path) -> None:
    with program(tmp_path, PROGRAM + GUARD + START, "hang") as process:
        try:
            lines = [process.stdout.readline() for _ in range(4)]
            pids = [int(line.split()[1]) for line in lines if line.startswith("hangs")]
            assert len(pids) == 2, lines
            assert all(is_running(pid) for pid in pids)
        finally:
            process.kill()
        process.communicate(timeout=60)
    try:
        wait_for(lambda: not any(is_running(pid) for pid in pids))
    finally:
        for pid in filter(is_running, pids):
            os.kill(pid, signal.SIGKILL)
