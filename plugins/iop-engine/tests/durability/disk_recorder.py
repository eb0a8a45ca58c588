"""A program that stores messages and deployments, and records every write and sync that SQLite makes.

It hooks into the default file layer (VFS) of the SQLite library that Python itself uses, so
that the engine runs as it is. Started by the test of power cuts: ``disk_recorder.py FOLDER DURABILITY``.
"""

from __future__ import annotations

import ctypes
import pickle
import random
import shutil
import sys
import threading
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_int64, c_void_p
from pathlib import Path

from iop_core.clock import SystemClock
from iop_core.headers import Body
from iop_core.stores import Unit
from iop_engine.deployments.local import LocalDeployments
from iop_engine.sqlite.store import SqliteStore
from iop_testing.store_trial import lease, request, settled

# Names as plain pointers: SQLite keeps the one that it hands to ``open``.
OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
DELETE = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)
WRITE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
TRUNCATE = CFUNCTYPE(c_int, c_void_p, c_int64)
SYNC = CFUNCTYPE(c_int, c_void_p, c_int)


class Vfs(ctypes.Structure):
    _fields_ = (
        ("version", c_int),
        ("file_size", c_int),
        ("path_size", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", c_void_p),
        ("delete", c_void_p),
    )


class Methods(ctypes.Structure):
    _fields_ = (
        ("version", c_int),
        ("close", c_void_p),
        ("read", c_void_p),
        ("write", c_void_p),
        ("truncate", c_void_p),
        ("sync", c_void_p),
        ("others", c_void_p * 13),
    )


class File(ctypes.Structure):
    _fields_ = (("methods", POINTER(Methods)),)


EVENTS: list[tuple[object, ...]] = []
PATHS: dict[int, str] = {}
KEPT: list[object] = []  # what C code points to


def replace_file_layer(replacing: Callable[[Methods], Methods]) -> None:
    """Replace the functions of the default VFS: deletions are noted, and those of a file are made by ``replacing``."""
    maps = Path("/proc/self/maps").read_text().split()
    library = ctypes.CDLL(next(word for word in maps if "libsqlite3" in word))
    library.sqlite3_vfs_find.restype = POINTER(Vfs)
    vfs = library.sqlite3_vfs_find(None).contents
    open_file, delete = OPEN(vfs.open), DELETE(vfs.delete)
    replaced: dict[int, Methods] = {}

    def hooked_open(self, name, file, flags, out_flags):
        result = open_file(self, name, file, flags, out_flags)
        handle = File.from_address(file)
        if result == 0 and name and handle.methods:
            PATHS[file] = Path(ctypes.string_at(name).decode()).name
            address = ctypes.addressof(handle.methods.contents)
            if address not in replaced:
                replaced[address] = replacing(handle.methods.contents)
            handle.methods = ctypes.pointer(replaced[address])
        return result

    def hooked_delete(self, name, sync_folder):
        result = delete(self, name, sync_folder)
        if result == 0:
            EVENTS.append(("delete", Path(name.decode()).name, bool(sync_folder)))
        return result

    hooks = OPEN(hooked_open), DELETE(hooked_delete)
    KEPT.extend([open_file, delete, *hooks, replaced])
    vfs.open, vfs.delete = (ctypes.cast(hook, c_void_p).value for hook in hooks)


def recording(original: Methods) -> Methods:
    """Return functions of a file that note what they are asked for."""
    write, truncate, sync = WRITE(original.write), TRUNCATE(original.truncate), SYNC(original.sync)

    def hooked_write(file, data, amount, offset):
        EVENTS.append(("write", PATHS[file], offset, ctypes.string_at(data, amount)))
        return write(file, data, amount, offset)

    def hooked_truncate(file, size):
        EVENTS.append(("truncate", PATHS[file], size))
        return truncate(file, size)

    def hooked_sync(file, flags):
        EVENTS.append(("sync begins", PATHS[file]))
        result = sync(file, flags)
        EVENTS.append(("sync", PATHS[file]))
        return result

    copy = Methods.from_buffer_copy(original)
    hooks = WRITE(hooked_write), TRUNCATE(hooked_truncate), SYNC(hooked_sync)
    copy.write, copy.truncate, copy.sync = (ctypes.cast(hook, c_void_p).value for hook in hooks)
    KEPT.extend([write, truncate, sync, *hooks, copy])
    return copy


def store_messages(store: SqliteStore, cycle: int, worker: int) -> None:
    """Store pairs of messages, and note each once it is acknowledged."""
    chance = random.Random(f"{cycle} {worker}")
    for number in range(10):
        name = f"{cycle}.{worker}.{number}"
        body = Body("Load", "json", name.encode() * chance.choice((1, 50, 3000)))
        new = [request(body=body) for _ in range(2)]
        for message in new:
            message.description = name
        store.submit(Unit(new=new)).wait()
        EVENTS.append(("stored", name, tuple(message.message_id for message in new)))


def settle_messages(store: SqliteStore, count: int) -> None:
    """Take messages and note each once its end is acknowledged."""
    for _ in range(count):
        delivery = lease(store)
        store.submit(Unit(settled=[settled(delivery)])).wait()
        EVENTS.append(("settled", delivery.message_id))


def deploy(location: str, value: int) -> None:
    """Change two productions in one transaction, and note it once it is acknowledged."""
    EVENTS.append(("deploying", value))
    with LocalDeployments(location, namespace="Test").transaction(actor="test", reason="") as transaction:
        for name in ("First", "Second"):
            items = [{"@Name": f"Item{value}", "@ClassName": "Test.Class"}]
            transaction.replace_production(name, {name: {"Item": items}})
    EVENTS.append(("deployed", value))


def main(folder: Path, durability: str) -> None:
    """Make a store, keep a copy of it, and go on with everything recorded."""
    location = str(folder / "data")

    def open_store() -> SqliteStore:
        store = SqliteStore.open(location, namespace="Test", durability=durability, clock=SystemClock())
        store.open_queue("Sink")
        return store

    open_store().close()
    deploy(location, 0)
    shutil.copytree(location, folder / "base")
    EVENTS.clear()
    replace_file_layer(recording)
    for cycle in range(3):
        store = open_store()
        threads = [threading.Thread(target=store_messages, args=(store, cycle, worker)) for worker in range(2)]
        threads.append(threading.Thread(target=settle_messages, args=(store, 12)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        store.close()
        deploy(location, cycle + 1)
    (folder / "events").write_bytes(pickle.dumps(EVENTS))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
