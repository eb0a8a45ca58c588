"""Bodies of many megabytes: stored whole, and next to no memory besides the body itself."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from iop_core.clock import SystemClock
from iop_core.headers import Body
from iop_core.store_units import Unit
from iop_engine.sqlite.body_rows import LARGE_BYTES, BodyRows
from iop_engine.sqlite.schema import open_for_writing
from iop_engine.sqlite.store import SqliteStore
from iop_testing.store_trial import lease, request, settled

SIZES = (0, 1, LARGE_BYTES - 1, LARGE_BYTES, LARGE_BYTES + 1, 3 * LARGE_BYTES + 7)


def payload_of(size: int) -> bytes:
    return (b"%08d" % size * (size // 8 + 1))[:size]


def open_store(location: Path) -> SqliteStore:
    store = SqliteStore.open(str(location), namespace="Test", durability="full", clock=SystemClock())
    store.open_queue("Sink")
    return store


def test_bodies_of_every_size_come_back_also_after_a_restart(tmp_path: Path) -> None:
    with closing(open_store(tmp_path)) as store:
        new = [request(body=Body("Load", "json", payload_of(size))) for size in SIZES]
        store.submit(Unit(new=new)).wait()
        assert [lease(store).body.payload for _ in SIZES] == [payload_of(size) for size in SIZES]
    with closing(open_store(tmp_path)) as store:
        for size in SIZES:
            delivery = lease(store)
            assert delivery.body.payload == payload_of(size)
            store.submit(Unit(settled=[settled(delivery)])).wait()


def test_what_is_undone_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "test.db"
    with closing(open_for_writing(path, "full")) as connection:
        cache = connection.execute("PRAGMA cache_size").fetchone()
        connection.execute("BEGIN IMMEDIATE")
        row = (1, "Load", "json", payload_of(5 * LARGE_BYTES), 0)
        BodyRows(connection).insert([row])
        with pytest.raises(sqlite3.IntegrityError):
            BodyRows(connection).insert([row])
        connection.execute("ROLLBACK")
        assert connection.execute("SELECT count(*) FROM bodies").fetchone() == (0,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA cache_size").fetchone() == cache


WRITE_ONE = """
import json, re, sys
from pathlib import Path
from iop_engine.sqlite.body_rows import BodyRows
from iop_engine.sqlite.schema import open_for_writing

def peak():
    return int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024

connection = open_for_writing(Path(sys.argv[1]), "full")
payload = b"x" * int(sys.argv[2])
before = peak()
connection.execute("BEGIN IMMEDIATE")
BodyRows(connection).insert([(1, "Load", "json", payload, 0)])
connection.execute("COMMIT")
connection.close()
print(json.dumps(peak() - before))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="NOT TESTED: memory, whose peak only Linux tells")
@pytest.mark.skipif(sys.version_info < (3, 11), reason="NOT TESTED: Python 3.10 cannot write a value in pieces")
def test_writing_takes_no_copy(tmp_path: Path) -> None:
    size = 30_000_000
    command = [sys.executable, "-c", WRITE_ONE, str(tmp_path / "test.db"), str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) < size / 3
