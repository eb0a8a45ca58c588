"""A disk that fills up while accepted messages are on their way."""

from __future__ import annotations

import os
import subprocess
import threading
from dataclasses import dataclass

import pytest

from iop import BusinessOperation, BusinessProcess, Message, Production
from iop_core.errors import StoreError
from iop_testing import run_production


@dataclass
class Load(Message):
    number: int = 0
    text: str = ""


@pytest.fixture
def small_disk(tmp_path):
    """Mount a disk of 4 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("NOT TESTED: a full disk; mounting one takes the rights of the super-user")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def fill(disk):
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return filler


def chain(gate: threading.Event, seen: list[int]) -> Production:
    class Echo(BusinessOperation):
        def on_message(self, request):
            return request

    class Chain(BusinessProcess):
        def on_request(self, request):
            gate.wait(20)
            answer = self.send_request_sync("Echo", request)
            self.send_request_async("Sink", answer, response_required=False)

    class Sink(BusinessOperation):
        def on_message(self, request):
            seen.append(request.number)

    production = Production("Test.Full", shutdown_timeout=5)
    production.operation("Echo", Echo)
    production.process("Chain", Chain)
    production.operation("Sink", Sink)
    return production


def accept_then_fill(run, disk, gate) -> None:
    run.send_many("Chain", [Load(number, "x" * 50_000) for number in range(5)])
    fill(disk)
    with pytest.raises(StoreError):
        run.send("Chain", Load(99, "x" * 100_000))
    gate.set()


def test_accepted_messages_wait_for_room(small_disk) -> None:
    gate, seen = threading.Event(), list[int]()
    with run_production(chain(gate, seen), data_dir=small_disk / "data") as run:
        accept_then_fill(run, small_disk, gate)
        assert not run._running.wait_until_idle(1.5)
        assert run.messages(is_error=True) == []
        (small_disk / "filler").unlink()
        run.wait_until_idle()
        assert run.messages(is_error=True) == []
    assert seen == [0, 1, 2, 3, 4]


def test_accepted_messages_survive_a_stop_without_room(small_disk) -> None:
    gate, seen = threading.Event(), list[int]()
    with run_production(chain(gate, seen), data_dir=small_disk / "data") as run:
        accept_then_fill(run, small_disk, gate)
        run.stop()  # cannot note that it stopped, and says so in the log
    (small_disk / "filler").unlink()
    with run_production(chain(gate, seen), data_dir=small_disk / "data") as run:
        run.wait_until_idle()
        assert run.messages(is_error=True) == []
    assert sorted(set(seen)) == [0, 1, 2, 3, 4]
