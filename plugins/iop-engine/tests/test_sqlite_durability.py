"""What was acknowledged is on disk: after kills, on full and read-only disks, next to readers and backups."""

from __future__ import annotations

import logging
import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from iop_core.clock import SystemClock
from iop_core.errors import StoreError, StoreFullError, StoreLockedError, StoreUnwritableError
from iop_core.events import MessageFilter
from iop_core.headers import Body, MessageStatus
from iop_core.store_units import ProcessRecord, Unit
from iop_engine.sqlite.store import SqliteStore
from iop_testing.store_trial import keep, lease, request, settle, settled

PREAMBLE = """
import os, random, sys, threading
from iop_core.clock import SystemClock
from iop_core.store_units import Unit
from iop_engine.sqlite.store import SqliteStore
from iop_core.headers import Body
from iop_testing.store_trial import lease, request, settle, settled

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

def open_store(location, durability="full"):
    store = SqliteStore.open(location, namespace="Test", durability=durability, clock=SystemClock())
    store.open_queue("Sink")
    return store
"""

# Forks a child per line that it is given, so that a kill costs no start of Python.
KILLED = """
def submit(store, tag):
    chance = random.Random(tag)
    number = 0
    while True:
        number += 1
        name = f"{tag}.{number}"
        new = [request(body=Body("Load", "json", name.encode() * chance.randrange(1, 400))) for _ in range(2)]
        for message in new:
            message.description = name
        store.submit(Unit(new=new)).wait()
        say("stored", name, *(message.message_id for message in new))

def forward(store):
    while True:
        delivery = store.lease("Sink")
        following = request("Next")
        following.description = f"after {delivery.message_id}"
        store.submit(Unit(settled=[settled(delivery)], new=[following])).wait()
        say("settled", delivery.message_id, following.message_id)

for line in sys.stdin:
    pid = os.fork()
    if not pid:
        store = open_store(sys.argv[1])
        work = [(submit, store, f"{line.strip()}-{number}") for number in range(3)] + [(forward, store)]
        for function, *arguments in work:
            threading.Thread(target=function, args=arguments, daemon=True).start()
        threading.Event().wait()
    say("pid", pid)
    os.waitpid(pid, 0)
    say("dead")
"""


def python(script: str, *arguments: object, command: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """Start a child that runs a script; it speaks over its standard output."""
    return subprocess.Popen(
        [*command, sys.executable, "-c", PREAMBLE + script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def open_store(location: Path, durability: str = "full") -> SqliteStore:
    store = SqliteStore.open(str(location), namespace="Test", durability=durability, clock=SystemClock())
    store.open_queue("Sink")
    return store


def all_ids(store: SqliteStore) -> list[int]:
    return [header.message_id for header in store.reader.messages(MessageFilter())]


# Kills


class Acknowledged:
    """What killed children said was on disk, and how to check it."""

    def __init__(self) -> None:
        self.stored: dict[int, str] = {}
        self.settled: dict[int, int] = {}

    def note(self, line: str) -> None:
        kind, *words = line.split()
        if kind == "stored":
            self.stored.update({int(word): words[0] for word in words[1:]})
        elif kind == "settled":
            self.settled[int(words[0])] = int(words[1])

    def check(self, store: SqliteStore) -> None:
        headers = {header.message_id: header for header in store.reader.messages(MessageFilter())}
        assert not set(self.stored) - set(headers), "acknowledged messages are missing"
        assert not set(self.settled.values()) - set(headers), "messages sent with an acknowledged end are missing"
        for message_id in self.settled:
            assert headers[message_id].status is MessageStatus.COMPLETED
        for message_id, name in list(self.stored.items())[-200:]:
            stored = store.reader.message(message_id)
            assert stored is not None
            payload = stored.body.payload
            assert payload == name.encode() * (len(payload) // len(name))
        pairs = Counter(header.description for header in headers.values() if header.queue == "Sink")
        assert set(pairs.values()) <= {2}, "half of a unit is stored"
        ended = {id_ for id_, header in headers.items() if header.status is MessageStatus.COMPLETED}
        followed = Counter(header.description for header in headers.values() if header.queue == "Next")
        assert followed == Counter(f"after {message_id}" for message_id in ended)
        waiting = [id_ for id_, header in headers.items() if header.queue == "Sink" and id_ not in ended]
        assert [lease(store).message_id for _ in waiting[:100]] == waiting[:100]


@pytest.mark.parametrize("kills", [8, pytest.param(60, marks=pytest.mark.slow)])
def test_kill(tmp_path: Path, kills: int) -> None:
    """SIGKILL at seeded moments while threads submit and settle: all that was told is found, nothing by halves."""
    location = tmp_path / "data"
    chance = random.Random(kills)
    known = Acknowledged()
    with python(KILLED, location) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        for kill in range(kills):
            parent.stdin.write(f"{kill}\n")
            parent.stdin.flush()
            pid = 0
            lines_left = chance.randrange(1, 150)
            for line in parent.stdout:
                if line == "dead\n":
                    break
                if line.startswith("pid"):
                    pid = int(line.split()[1])
                known.note(line)
                lines_left -= 1
                if lines_left <= 0 and pid:
                    os.kill(pid, signal.SIGKILL)
                    lines_left = sys.maxsize
            with closing(open_store(location)) as store:
                known.check(store)
        parent.stdin.close()
    assert len(known.stored) > kills
    assert known.settled


# Full and read-only disks


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
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


ROOM_BYTES = 64 * 1024


def fill(disk: Path) -> Path:
    """Leave room for small messages only; return the file to remove for more."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass
    os.truncate(filler, filler.stat().st_size - ROOM_BYTES)
    return filler


def store_until_refused(store: SqliteStore, body: Body, ids: list[int]) -> None:
    for _ in range(1000):
        ids += keep(store, request(body=body))


def test_full_disk(small_disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    """New input is refused, ends of handling are tried again and stored in order, all stays readable."""
    large = Body("Load", "json", bytes(100_000))
    with closing(open_store(small_disk / "data")) as store:
        ids = keep(store, *(request() for _ in range(5)))
        deliveries = [lease(store) for _ in range(4)]
        filler = fill(small_disk)
        with pytest.raises((StoreFullError, StoreUnwritableError), match=r"test\.db"):
            store_until_refused(store, large, ids)
        # The first does not fit, and the others must not overtake it.
        waiting = [request("Next", body=body) for body in (large, request().body, request().body)]
        records = [ProcessRecord(1, "Router", 1, pending) for pending in (3, 2, 1)]
        tickets = [
            store.submit(Unit(settled=[settled(delivery)], new=[message], process=record))
            for delivery, message, record in zip(deliveries, waiting, records, strict=False)
        ]
        assert not tickets[0].wait(0.05)
        with pytest.raises((StoreFullError, StoreUnwritableError)):
            keep(store, request(body=large))
        assert [ticket.wait(0) for ticket in tickets] == [False, False, False]
        assert not store.wait_until_idle(0)
        assert all_ids(store) == ids
        assert store.reader.message(ids[0]) is not None
        filler.unlink()
        assert all(ticket.wait(20) for ticket in tickets)
        store.open_queue("Next")
        assert [lease(store, "Next").message_id for _ in waiting] == [message.message_id for message in waiting]
        assert store.reader.find_process(1) == records[-1]
        ids += [message.message_id for message in waiting] + keep(store, request())
        reports = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert 1 <= len(reports) <= 4, "one line for each thing that went wrong, not one for each message"
    with closing(open_store(small_disk / "data")) as store:
        assert all_ids(store) == ids
        ended = {delivery.message_id for delivery in deliveries[:3]}
        assert [lease(store).message_id for _ in range(2)] == [id_ for id_ in ids[:5] if id_ not in ended]


LIMITED = """
import resource
from iop_core.errors import StoreFullError, StoreUnwritableError

store = open_store(sys.argv[1])
first = request()
store.submit(Unit(new=[first])).wait()
delivery = lease(store)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
try:
    while True:
        store.submit(Unit(new=[request(body=Body("Load", "json", bytes(100_000)))])).wait()
except (StoreFullError, StoreUnwritableError) as exc:
    say("refused", exc)
ticket = store.submit(Unit(settled=[settled(delivery)], new=[request(body=Body("Load", "json", bytes(200_000)))]))
say("waits", not ticket.wait(0.1))
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
say("stored", ticket.wait(20))
store.close()
say("closed")
"""


def test_file_size_limit(tmp_path: Path) -> None:
    """The same where the system limits the size of files, which needs no rights."""
    with python(LIMITED, tmp_path) as child:
        assert child.stdout is not None
        refused, *rest = child.stdout.read().splitlines()
    assert str(tmp_path / "test.db") in refused
    assert rest == ["waits True", "stored True", "closed"]
    with closing(open_store(tmp_path)) as store:
        headers = list(store.reader.messages(MessageFilter()))
        assert headers[0].status is MessageStatus.COMPLETED
        assert headers[-1].size_bytes == 200_000


def test_read_only_directory(tmp_path: Path) -> None:
    """A folder somebody made read-only is refused in one line, by its bits also for the super-user."""
    location = tmp_path / "data"
    with closing(open_store(location)) as store:
        ids = keep(store, request())
    location.chmod(0o555)
    try:
        with pytest.raises(StoreError, match=f"{location}.*cannot be written") as caught:
            open_store(location)
        assert "\n" not in str(caught.value)
        with closing(SqliteStore.open_reader(str(location), namespace="Test")) as reader:
            assert [header.message_id for header in reader.messages(MessageFilter())] == ids
            assert not reader.is_in_use()
    finally:
        location.chmod(0o755)


def test_directory_is_private_and_tidy(tmp_path: Path) -> None:
    """Only the owner may enter, and after closing one file holds everything."""
    location = tmp_path / "deep" / "data"
    for _ in range(2):
        with closing(open_store(location)) as store:
            keep(store, request())
        assert stat.S_IMODE(location.stat().st_mode) == 0o700
        assert sorted(path.name for path in location.iterdir()) == ["test.db", "test.lock", "test.pid"]


OWNER = """
store = open_store(sys.argv[1])
say("ready")
sys.stdin.read()
store.close()
"""


def test_owner_is_named(tmp_path: Path) -> None:
    """A second owner is refused with the process id of the first, until that is gone, however it went."""
    for is_killed in (False, True):
        with python(OWNER, tmp_path) as child:
            assert child.stdout is not None
            assert child.stdin is not None
            assert child.stdout.readline() == "ready\n"
            with pytest.raises(StoreLockedError, match=rf"process {child.pid}\b"):
                open_store(tmp_path)
            with closing(SqliteStore.open_reader(str(tmp_path), namespace="Test")) as reader:
                assert reader.is_in_use()
                if is_killed:
                    child.kill()
                child.stdin.close()
                child.wait()
                assert not reader.is_in_use()
        open_store(tmp_path).close()


def test_missing_file_with_messages_left(tmp_path: Path) -> None:
    """A removed file whose write-ahead log still holds messages is not replaced by a new one."""
    script = OWNER.replace("say(", "store.submit(Unit(new=[request()])).wait(); say(")
    with python(script, tmp_path) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        child.kill()
    (tmp_path / "test.db").unlink()
    with pytest.raises(StoreError, match=r"test\.db' is missing"):
        open_store(tmp_path)


# Others that read at the same time

READERS = """
import sqlite3, time
from iop_core.events import MessageFilter

path = sys.argv[1] + "/test.db"
long = sqlite3.connect(path, isolation_level=None)
long.execute("BEGIN")
at_first = long.execute("SELECT count(*) FROM headers").fetchone()
reader = SqliteStore.open_reader(sys.argv[1], namespace="Test")
say("ready")
counts = []
source, copy = sqlite3.connect(path), sqlite3.connect(sys.argv[2])
source.backup(copy, pages=3, sleep=0.001, progress=lambda *_: counts.append(reader.count_messages(MessageFilter())))
copy.close()
for _ in range(200):
    counts.append(len(list(reader.messages(MessageFilter(limit=50, newest_first=True)))))
assert long.execute("SELECT count(*) FROM headers").fetchone() == at_first
say("sound", *sqlite3.connect(sys.argv[2]).execute("PRAGMA integrity_check").fetchone())
"""


def test_readers_and_backup(tmp_path: Path) -> None:
    """A long look at the past, a reader and a backup elsewhere hold up no writing, and are held up by none."""
    location = tmp_path / "data"
    with closing(open_store(location, "normal")) as store:
        keep(store, *(request() for _ in range(2000)))
        with python(READERS, location, tmp_path / "copy.db") as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            rounds = 0
            while child.poll() is None:
                (message_id,) = keep(store, request())
                settle(store, lease(store))
                rounds += 1
            assert child.stdout.read() == "sound ok\n"
        assert child.returncode == 0
        assert rounds > 10
        assert store.reader.count_messages(MessageFilter()) == 2000 + rounds
        assert message_id == 2000 + rounds


@pytest.mark.slow  # the patience with the other program
def test_store_held_by_another_program(tmp_path: Path) -> None:
    """While another program writes into the file, input is refused with a reason and nothing is lost."""
    with closing(open_store(tmp_path)) as store:
        ids = keep(store, request())
        delivery = lease(store)
        with closing(sqlite3.connect(tmp_path / "test.db", isolation_level=None)) as intruder:
            intruder.execute("BEGIN IMMEDIATE")
            ticket = store.submit(Unit(settled=[settled(delivery)]))
            with pytest.raises(StoreUnwritableError, match="another program"):
                keep(store, request())
            assert not ticket.wait(0)
            intruder.execute("ROLLBACK")
        assert ticket.wait(20)
        assert store.wait_until_idle(20)
        assert all_ids(store) == ids


# Flushing

FLUSHED = """
store = open_store(sys.argv[1], sys.argv[2])
say("open")
for number in range(20):
    new = request()
    store.submit(Unit(new=[new])).wait()
    say("stored", new.message_id)
store.close()
"""


@pytest.mark.parametrize("durability", ["full", "normal"])
def test_flushes(tmp_path: Path, durability: str) -> None:
    """With ``full`` each acknowledgement follows a flush of the log, with ``normal`` none; folders are flushed."""
    strace = shutil.which("strace")
    trace = tmp_path / "trace"
    command = (strace or "", "-f", "-y", "-e", "trace=fsync,fdatasync,write", "-o", str(trace))
    if strace is None or subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("NOT TESTED: flushing; strace is missing or may not trace")
    location = tmp_path / "new" / "data"
    with python(FLUSHED, location, durability, command=command) as child:
        assert child.stdout is not None
        child.stdout.read()
    assert child.returncode == 0
    made, *acknowledged = trace.read_text().split('"stored ')
    assert len(acknowledged) == 20
    made, first = made.split('"open')
    for folder in (tmp_path, location.parent, location):
        assert f"<{folder}>)" in made, "the name of a new folder or file is not on disk"
    flushes = [part for part in (first, *acknowledged[:-1]) if "test.db-wal>)" in part]
    # SQLite flushes the head of a new log in any case.
    assert len(flushes) == (20 if durability == "full" else 1)
