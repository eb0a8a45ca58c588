"""Many processes read, one looks at the past for long, another makes a backup: the engine goes on without a stall."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from iop_core.clock import SystemClock
from iop_core.events import MessageFilter
from iop_core.stores import Unit
from iop_engine.sqlite.store import SqliteStore
from iop_testing.store_trial import keep, lease, request, settled

READERS = 5
WRITE_SECONDS = 4
MOST_STALL_SECONDS = 1.0

# Each says how long its slowest look took, and ends when its input ends.
READER = """
import sys, threading, time
from iop_core.events import MessageFilter
from iop_engine.sqlite.store import SqliteStore

is_over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), is_over.set()), daemon=True).start()
slowest = looks = 0
print("ready", flush=True)
while not is_over.is_set():
    begin = time.monotonic()
    reader = SqliteStore.open_reader(sys.argv[1], namespace="Test")
    count = reader.count_messages(MessageFilter())
    listed = list(reader.messages(MessageFilter(limit=20, newest_first=True)))
    assert len(listed) == min(count, 20), "headers are missing"
    assert all(reader.message(header.message_id) is not None for header in listed)
    reader.close()
    slowest, looks = max(slowest, time.monotonic() - begin), looks + 1
print(looks, slowest)
"""

LONG_READER = """
import sqlite3, sys
connection = sqlite3.connect(f"file:{sys.argv[1]}/test.db?mode=ro", uri=True, isolation_level=None)
connection.execute("BEGIN")
before = connection.execute("SELECT count(*) FROM headers").fetchone()
print("ready", flush=True)
sys.stdin.read()
print(connection.execute("SELECT count(*) FROM headers").fetchone() == before)
"""

BACKUP = """
import sqlite3, sys, threading
is_over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), is_over.set()), daemon=True).start()
print("ready", flush=True)
backups = 0
while not is_over.is_set():
    source, copy = sqlite3.connect(f"{sys.argv[1]}/test.db"), sqlite3.connect(sys.argv[2])
    source.backup(copy, pages=50, sleep=0.001)
    assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    copy.close(), source.close()
    backups += 1
print(backups)
"""


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def test_readers_and_backups_hold_nothing_up(tmp_path: Path) -> None:
    location = tmp_path / "data"
    store = SqliteStore.open(str(location), namespace="Test", durability="full", clock=SystemClock())
    store.open_queue("Sink")
    with closing(store):
        keep(store, *(request() for _ in range(500)))
        children = [start(READER, location) for _ in range(READERS)]
        children += [start(LONG_READER, location), start(BACKUP, location, tmp_path / "copy.db")]
        longest, rounds, end = 0.0, 0, time.monotonic() + WRITE_SECONDS
        while time.monotonic() < end:
            begin = time.monotonic()
            keep(store, request())
            delivery = lease(store)
            store.submit(Unit(settled=[settled(delivery)])).wait()
            longest, rounds = max(longest, time.monotonic() - begin), rounds + 1
        said = [child.communicate("", timeout=60) for child in children]
        assert [child.returncode for child in children] == [0] * len(children), said
        assert not [error for _, error in said if "locked" in error]
        assert longest < MOST_STALL_SECONDS
        looks = [out.split() for out, _ in said[:READERS]]
        assert all(int(count) > 3 and float(slowest) < MOST_STALL_SECONDS for count, slowest in looks), looks
        assert said[READERS][0] == "True\n"
        assert int(said[READERS + 1][0]) >= 1
        assert store.reader.count_messages(MessageFilter()) == 500 + rounds
