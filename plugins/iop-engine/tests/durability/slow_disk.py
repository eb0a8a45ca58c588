"""A program that stores messages on a disk whose every sync takes long; started by the test of slow disks.

``slow_disk.py FOLDER SECONDS`` prints how it went as JSON, and afterwards each message that was acknowledged.
"""

from __future__ import annotations

import ctypes
import json
import sys
import threading
import time
from pathlib import Path

from disk_recorder import KEPT, SYNC, Methods, replace_file_layer

from iop_core.clock import SystemClock
from iop_core.events import MessageFilter
from iop_core.store_units import Unit
from iop_engine.sqlite.store import SqliteStore
from iop_testing.store_trial import lease, request, settled

SENDERS = 8
EACH = 4

SYNCS: list[float] = []


def slow(seconds: float):
    """Return what makes the functions of a file, with a sync that takes so long."""

    def replacing(original: Methods) -> Methods:
        sync = SYNC(original.sync)

        def slow_sync(file, flags):
            SYNCS.append(time.monotonic())
            time.sleep(seconds)
            return sync(file, flags)

        copy = Methods.from_buffer_copy(original)
        hook = SYNC(slow_sync)
        KEPT.extend([sync, hook, copy])
        copy.sync = ctypes.cast(hook, ctypes.c_void_p).value
        return copy

    return replacing


def main(folder: Path, seconds: float) -> None:
    """Send with several threads, look at the history meanwhile, take everything, and say how it went."""
    SqliteStore.open(str(folder), namespace="Test", durability="full", clock=SystemClock()).close()
    replace_file_layer(slow(seconds))
    store = SqliteStore.open(str(folder), namespace="Test", durability="full", clock=SystemClock())
    store.open_queue("Sink")
    acknowledged: list[int] = []
    waits: list[float] = []
    early: list[int] = []

    def send() -> None:
        for _ in range(EACH):
            new, begin = request(), time.monotonic()
            store.submit(Unit(new=[new])).wait()
            waits.append(time.monotonic() - begin)
            # The sync that covers it began after it was submitted, and has ended by now.
            if not any(begin <= sync <= time.monotonic() - seconds for sync in list(SYNCS)):
                early.append(new.message_id)
            acknowledged.append(new.message_id)

    threads = [threading.Thread(target=send) for _ in range(SENDERS)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    slowest_look = looks = 0
    while any(thread.is_alive() for thread in threads):
        start = time.monotonic()
        list(store.reader.messages(MessageFilter(limit=20, newest_first=True)))
        slowest_look, looks = max(slowest_look, time.monotonic() - start), looks + 1
        time.sleep(0.005)
    syncs, spent = len(SYNCS), time.monotonic() - begin
    for _ in range(SENDERS * EACH // 2):
        store.submit(Unit(settled=[settled(lease(store))])).wait()
    store.close()
    said = {"syncs": syncs, "seconds": spent, "slowest_look": slowest_look, "looks": looks, "early": early}
    print(json.dumps({**said, "shortest_wait": min(waits), "acknowledged": sorted(acknowledged)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
