"""A disk whose every sync takes long: senders share syncs, none is answered before its own, readers do not wait."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from iop_core.clock import SystemClock
from iop_core.events import MessageFilter
from iop_core.headers import MessageStatus
from iop_engine.sqlite.store import SqliteStore

PROGRAM = Path(__file__).with_name("slow_disk.py")
SYNC_SECONDS = 0.25
SENDS = 32


def test_a_slow_disk_costs_time_and_nothing_else(tmp_path: Path) -> None:
    maps = Path("/proc/self/maps")
    if not maps.exists() or "libsqlite3" not in maps.read_text():
        pytest.skip("NOT TESTED: slow disks; Python's SQLite is no shared library whose file layer could be hooked")
    location = tmp_path / "data"
    command = [sys.executable, str(PROGRAM), str(location), str(SYNC_SECONDS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["early"] == [], "a send was acknowledged before a sync that covers it had ended"
    assert said["shortest_wait"] >= SYNC_SECONDS
    # Eight senders of four messages each: a sync for each message would be 32.
    assert said["syncs"] <= SENDS / 2
    assert said["looks"] > 10
    assert said["slowest_look"] < SYNC_SECONDS, "a look at the history waited for the disk"
    assert len(said["acknowledged"]) == SENDS
    with closing(SqliteStore.open(str(location), namespace="Test", durability="full", clock=SystemClock())) as store:
        headers = list(store.reader.messages(MessageFilter()))
    assert [header.message_id for header in headers] == said["acknowledged"]
    done_ones = [header.status is MessageStatus.COMPLETED for header in headers]
    assert done_ones == [True] * (SENDS // 2) + [False] * (SENDS // 2)
