"""A damaged file: an error that names it, never a wrong message and never a hang."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from iop_core.clock import SystemClock
from iop_core.errors import StoreError
from iop_core.events import MessageFilter
from iop_core.headers import Body, MessageStatus
from iop_core.store_units import ProcessRecord, Unit
from iop_engine.sqlite.store import SqliteStore
from iop_testing.store_trial import keep, lease, request, settle, within_patience


def open_store(location: Path) -> SqliteStore:
    store = SqliteStore.open(str(location), namespace="Test", durability="normal", clock=SystemClock())
    store.open_queue("Sink")
    return store


def read_everything(location: Path) -> tuple[dict[int, tuple[object, Body]], list[int], object, object]:
    """Open a store and use all of it: headers with their bodies, leases, a process, the log."""
    with closing(open_store(location)) as store:
        found: dict[int, tuple[object, Body]] = {}
        for header in store.reader.messages(MessageFilter()):
            stored = store.reader.message(header.message_id)
            assert stored is not None
            assert stored.header == header
            found[header.message_id] = (header, stored.body)
        waiting = store.reader.count_messages(MessageFilter(status=MessageStatus.QUEUED))
        leased = [lease(store).message_id for _ in range(waiting)]
        keep(store, request())
        return found, leased, store.reader.find_process(1), store.reader.log()


@pytest.fixture(scope="module")
def sound_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed store with small and large messages, half of them settled."""
    location = tmp_path_factory.mktemp("sound")
    chance = random.Random(1)
    with closing(open_store(location)) as store:
        sizes = [chance.choice([10, 1000, 20_000]) for _ in range(60)]
        keep(store, *(request(body=Body("Load", "json", chance.randbytes(size))) for size in sizes))
        for _ in range(30):
            settle(store, lease(store))
        store.submit(Unit(process=ProcessRecord(1, "Router", 1, state="[" + "1," * 5000 + "1]"))).wait()
    return location / "test.db"


def test_damaged_pages(tmp_path: Path, sound_file: Path) -> None:
    """Each page once overwritten, and the file cut anywhere: an error that names the file, or the truth."""
    (tmp_path / "sound").mkdir()
    shutil.copy(sound_file, tmp_path / "sound" / "test.db")
    truth = read_everything(tmp_path / "sound")
    content = sound_file.read_bytes()
    chance = random.Random(2)
    damages = [
        content[:at] + filling + content[at + 4096 :]
        for at in range(0, len(content), 4096)
        for filling in [chance.choice([bytes(4096), chance.randbytes(4096)])]
    ]
    damages += [content[: chance.randrange(len(content))] for _ in range(20)] + [b"", b"hello", content[:4096]]
    refusals: list[str] = []
    for number, damage in enumerate(damages):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "test.db").write_bytes(damage)
        try:
            assert within_patience(read_everything, folder) == truth
        except StoreError as exc:
            refusals.append(str(exc))
            assert str(folder / "test.db") in refusals[-1]
    assert len(refusals) >= len(damages) * 0.8


def test_damaged_body(tmp_path: Path) -> None:
    """A single wrong bit in a message is found, which SQLite itself does not look for."""
    with closing(open_store(tmp_path)) as store:
        (message_id,) = keep(store, request(body=Body("Load", "json", b"potassium 4.5 mmol/l")))
    file = tmp_path / "test.db"
    file.write_bytes(file.read_bytes().replace(b"potassium 4.5", b"potassium 6.5"))
    with closing(open_store(tmp_path)) as store:
        with pytest.raises(StoreError, match=r"test\.db.*damaged"):
            store.reader.message(message_id)
        with pytest.raises(StoreError, match=r"test\.db.*damaged"):
            store.lease("Sink")


def test_newer_format(tmp_path: Path) -> None:
    """A file of a later version is left alone."""
    open_store(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "test.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="Upgrade iop-engine"):
        open_store(tmp_path)
