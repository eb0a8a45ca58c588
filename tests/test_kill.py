"""A running production is killed with SIGKILL, again and again: nothing that was acknowledged is missing.

The checker knows nothing of the engine. It compares the answers that the partner saw with
the files and the table that the production wrote.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path

import pytest

HOSPITAL = Path(__file__).parents[1] / "examples" / "hospital"
sys.path.insert(0, str(HOSPITAL))

from reconciliation import reconcile  # noqa: E402
from traffic import Case, Exchange, Partner, generate_cases  # noqa: E402

CONNECTIONS = 3
CASES_PER_KILL = 80
START_SECONDS = 30.0


def find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Child:
    """``iop run`` of the hospital example in a process of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self._log = folder / "child.log"
        environment = {
            **os.environ,
            "HOSPITAL_PORT": str(port),
            "HOSPITAL_OUT": str(folder / "out"),
            "IOP_URL": (folder / "data").as_uri().replace("file:", "local:"),
        }
        command = [sys.executable, "-m", "iop_cli", "run", str(HOSPITAL / "settings.py")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)

    def wait_until_listening(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self._process.poll() is None, (
                f"ended with {self._process.returncode}: {self._log.read_text()[-3000:]}"
            )
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except ConnectionRefusedError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError(f"not listening after {START_SECONDS} s: {self._log.read_text()[-3000:]}")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)


class Partners:
    """Send the cases over several connections until a connection breaks; keep what was answered.

    A message without an answer is sent again later, as a partner has to.
    """

    def __init__(self, cases: list[Case]) -> None:
        self.exchanges: list[Exchange] = []
        self.sent_again = 0
        self._to_send = deque(cases)
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()

    def begin(self, port: int) -> None:
        self._threads = [threading.Thread(target=self._send, args=(port,), daemon=True) for _ in range(CONNECTIONS)]
        for thread in self._threads:
            thread.start()

    def wait_for_answers(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.exchanges) >= count or not self._to_send, timeout=30)

    def end(self) -> None:
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()

    def _send(self, port: int) -> None:
        case: Case | None = None
        try:
            with Partner(port) as partner:
                while True:
                    case = self._to_send.popleft()
                    self._seen(partner.send(case))
                    case = None
        except (IndexError, OSError):
            pass  # nothing left to send, or killed
        if case is not None:
            self._to_send.appendleft(case)
            self.sent_again += 1

    def _seen(self, exchange: Exchange) -> None:
        if not exchange.answer:
            raise ConnectionError("closed without an answer")
        with self._changed:
            self.exchanges.append(exchange)
            self._changed.notify_all()


def wait_until_complete(exchanges: list[Exchange], out: Path) -> list[str]:
    """Return the problems that are left when all is done, or when it takes too long."""
    deadline = time.monotonic() + 60
    while (problems := reconcile(exchanges, out)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return problems


@pytest.mark.parametrize("kills", [20])
def test_nothing_acknowledged_is_lost_by_kills(kills: int, tmp_path: Path) -> None:
    rng = random.Random(kills)
    out, port = tmp_path / "out", find_free_port()
    partners = Partners(generate_cases(kills * CASES_PER_KILL, seed=kills))
    unfinished_at_kill = 0
    for number in range(kills):
        child = Child(tmp_path, port)
        try:
            if number % 4 == 3:
                time.sleep(rng.uniform(0.0, 0.8))  # somewhere in the start, with work left over
            else:
                child.wait_until_listening()
                partners.begin(port)
                partners.wait_for_answers(len(partners.exchanges) + rng.randrange(1, 50))
                time.sleep(rng.uniform(0.0, rng.choice((0.02, 0.2))))  # in the input, or while outputs are written
        finally:
            child.kill()
        partners.end()
        unfinished_at_kill += len(reconcile(partners.exchanges, out))
    problems = finish(partners, tmp_path, port)
    assert problems == []
    assert len(partners.exchanges) == kills * CASES_PER_KILL + 5
    # The kills came in the middle of the work, else this test would show nothing.
    assert unfinished_at_kill > 0
    assert partners.sent_again > 0
    show_that_the_checker_can_fail(partners.exchanges, out)


def test_nothing_is_lost_by_stops_in_the_middle(tmp_path: Path) -> None:
    out, port = tmp_path / "out", find_free_port()
    partners = Partners(generate_cases(300, seed=300))
    unfinished_at_stop = 0
    for _ in range(2):
        child = Child(tmp_path, port)
        try:
            child.wait_until_listening()
            partners.begin(port)
            partners.wait_for_answers(len(partners.exchanges) + 60)
            assert child.stop() == 0
        finally:
            child.kill()
        partners.end()
        unfinished_at_stop += len(reconcile(partners.exchanges, out))
    assert finish(partners, tmp_path, port) == []
    assert len(partners.exchanges) == 305
    assert unfinished_at_stop > 0


def finish(partners: Partners, folder: Path, port: int) -> list[str]:
    """Send the rest to a child that nobody kills, and return the problems that are left."""
    child = Child(folder, port)
    try:
        child.wait_until_listening()
        partners.begin(port)
        partners.end()
        problems = wait_until_complete(partners.exchanges, folder / "out")
        assert child.stop() == 0
    finally:
        child.kill()
    return problems


def show_that_the_checker_can_fail(exchanges: list[Exchange], out: Path) -> None:
    victim = next(exchange.case for exchange in exchanges if exchange.case.kind == "adt")
    [file] = [file for file in (out / "adt").glob("*.hl7") if file.read_bytes() == victim.message]
    file.unlink()
    [problem] = reconcile(exchanges, out)
    assert repr(victim.control_id) in problem
