"""What a process that is killed between two tries leaves behind: the tries are counted, the order stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from iop_core.events import MessageFilter
from iop_core.headers import MessageStatus
from iop_engine.sqlite.store import SqliteStore

PATIENCE_SECONDS = 60

PROGRAM = textwrap.dedent(
    """
    import sys
    from dataclasses import dataclass
    from pathlib import Path

    from iop import BusinessOperation, Director, Message, Production


    @dataclass
    class Job(Message):
        name: str = ""


    class Sink(BusinessOperation):
        def on_message(self, request):
            with Path(sys.argv[2]).open("a") as file:
                file.write(f"{request.name} {self.retry_count}\\n")
            if request.name == "poison" and self.retry_count < int(sys.argv[3]):
                raise ValueError("not yet")


    production = Production("Test.Crash")
    production.operation(Sink, settings={"ReplyCodeActions": "E=R", "RetryInterval": "0.02", "FailureTimeout": "-1"})
    running = Director(f"local://{sys.argv[1]}", namespace="USER").run(production)
    if sys.argv[4] == "send":
        running.send_many("Sink", [Job(name) for name in ("poison", "second", "third")])
    running.wait_until_idle()
    running.stop()
    """
)


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_kills_between_tries_keep_count_and_order(tmp_path) -> None:
    program, told, data = tmp_path / "program.py", tmp_path / "told", tmp_path / "data"
    program.write_text(PROGRAM)
    enough = "100000"
    for number in range(3):
        before = len(lines(told))
        arguments = [sys.executable, str(program), str(data), str(told), enough, "send" if number == 0 else "go on"]
        process = subprocess.Popen(arguments)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(lines(told)) < before + 4:
            assert process.poll() is None, "the program ended by itself"
            assert time.monotonic() < deadline, "no tries were made"
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(PATIENCE_SECONDS)
    tries = [int(line.split()[1]) for line in lines(told)]
    assert {line.split()[0] for line in lines(told)} == {"poison"}
    last = tries[-1]
    # A try that was under way when the process died is made again under its own number.
    assert sorted(set(tries)) == list(range(1, last + 1))
    assert len(tries) - len(set(tries)) <= 3
    final = [sys.executable, str(program), str(data), str(told), "1", "go on"]
    subprocess.run(final, check=True, timeout=PATIENCE_SECONDS)
    names = [line.split()[0] for line in lines(told)[len(tries) :]]
    assert names == ["poison", "second", "third"]
    reader = SqliteStore.open_reader(str(data), namespace="USER")
    headers = list(reader.messages(MessageFilter(target="Sink")))
    reader.close()
    assert [header.status for header in headers] == [MessageStatus.COMPLETED] * 3
    assert headers[0].attempts >= last
    assert [header.attempts for header in headers[1:]] == [1, 1]
