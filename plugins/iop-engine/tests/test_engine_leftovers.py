"""A production that was stopped leaves nothing behind: no threads, no open files, no objects."""

from __future__ import annotations

import gc
import logging
import os
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from iop import BusinessOperation, BusinessProcess, Message, PollingBusinessService, Production
from iop_core.errors import ComponentStartError, RequestFailedError
from iop_testing import VirtualClock, run_production

STARTS = 12
OPEN_FILES = Path("/proc/self/fd")


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    # Captured records keep the frames of the errors that they tell of, and so what ran there.
    caplog.set_level(logging.CRITICAL + 1, logger="iop")


@dataclass
class Note(Message):
    text: str = ""


def production(*, broken: bool = False) -> Production:
    """Return a production whose classes are its own, as after a reload."""

    class Keep(BusinessOperation):
        def on_init(self):
            if broken:
                raise ValueError("no")

        async def on_message(self, request):
            if request.text == "bad":
                raise ValueError(request.text)
            return request

    class Route(BusinessProcess):
        async def on_request(self, request):
            self.set_timer(100)
            self.send_request_async("Keep", request)
            await self.send_request_async_ng("Direct", request)

    class Direct(BusinessOperation):
        INVOCATION = "InProc"

        def on_message(self, request):
            return request

    class Poll(PollingBusinessService):
        def on_poll(self):
            self.send_request_sync("Keep", Note("polled"))

    made = Production("Test.Leftovers", update_timeout=5)
    made.operation("Keep", Keep, settings={"OrderBy": "text", "ArchiveIO": True})
    made.operation("Direct", Direct)
    made.process("Route", Route, pool_size=0)
    made.service("Poll", Poll)
    return made


def start_and_stop(folder: Path) -> None:
    clock = VirtualClock()
    with run_production(production(), clock=clock, data_dir=folder) as run:
        run.send("Route", Note("a"))
        with pytest.raises(RequestFailedError):
            run.call("Keep", Note("bad"))
        run.wait_until_idle()
        run.running.restart_component("Keep")
        run.running.update(production().definition())
        clock.advance(10)
        run.wait_until_idle()
    with pytest.raises(ComponentStartError), run_production(production(broken=True), data_dir=folder):
        pass


def counted() -> tuple[Counter[str], int, int]:
    """Return the objects of classes of ours by class, and the numbers of threads and of open files."""
    gc.collect()
    names = [f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.get_objects()]
    ours = Counter(name for name in names if name.startswith("iop_"))
    files = len(list(OPEN_FILES.iterdir())) if OPEN_FILES.exists() else 0
    return ours, threading.active_count(), files


def test_nothing_grows_from_start_to_start(tmp_path) -> None:
    for number in range(3):  # what is read and made once for the process
        start_and_stop(tmp_path / f"first {number}")
    before, threads, files = counted()
    for number in range(STARTS):
        start_and_stop(tmp_path / str(number))
    after, threads_after, files_after = counted()
    grown = {name: count - before[name] for name, count in after.items() if count - before[name] >= STARTS // 2}
    assert grown == {}
    assert (threads_after, files_after) == (threads, files)


def test_classes_of_a_stopped_production_are_forgotten(tmp_path) -> None:
    def local_classes() -> int:
        gc.collect()
        classes = [each for each in gc.get_objects() if issubclass(type(each), type)]
        return sum(each.__qualname__.startswith("production.<locals>") for each in classes)

    for number in range(3):
        start_and_stop(tmp_path / f"first {number}")
    before = local_classes()
    for number in range(STARTS):
        start_and_stop(tmp_path / str(number))
    assert local_classes() - before < STARTS


def test_open_files_of_this_process_are_counted() -> None:
    _, _, files = counted()
    if not OPEN_FILES.exists():
        pytest.skip("this system does not show the open files of a process")
    descriptor = os.open(os.devnull, os.O_RDONLY)
    assert counted()[2] == files + 1
    os.close(descriptor)
