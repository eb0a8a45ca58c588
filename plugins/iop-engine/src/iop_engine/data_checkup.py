"""What ``iop doctor`` looks at in a data directory of the local backend."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import unquote, urlsplit

from iop_core.checkups import CheckupPlace, Finding, Health
from iop_core.errors import StoreError
from iop_engine.control.address_file import AddressFile
from iop_engine.sqlite.directory import DataDirectory
from iop_engine.sqlite.schema import SCHEMA_VERSION, open_for_reading

_LITTLE_ROOM_BYTES = 1024**3
_NO_ROOM_BYTES = 50 * 1024**2
# A file of this size is looked through in about a second; a larger one only at its beginning.
_LOOKED_THROUGH_BYTES = 512 * 1024**2
_FUTURE_SECONDS = 60


def check_data(place: CheckupPlace) -> Iterator[Finding]:
    """Look at the directory, its owner and its database, without changing anything."""
    parts = urlsplit(place.url)
    if parts.scheme != "local":
        return
    folder = Path(unquote(parts.path) or ".iop").absolute()
    try:
        directory = DataDirectory(str(folder), place.namespace)
    except StoreError as exc:
        yield Finding("namespace", Health.FAULT, str(exc), "give another one with --namespace")
        return
    yield from _check_folder(folder)
    if folder.is_dir():
        yield from _check_owner(directory, place.namespace)
        yield from _check_database(directory)


def _check_folder(folder: Path) -> Iterator[Finding]:
    if folder.exists() and not folder.is_dir():
        repair = "move that file away, or name another directory with --data-dir"
        yield Finding("data directory", Health.FAULT, f"{folder} is no directory", repair)
        return
    known = next(path for path in (folder, *folder.parents) if path.is_dir())
    is_marked = not stat.S_IMODE(known.stat().st_mode) & 0o222
    if is_marked or not os.access(known, os.W_OK | os.X_OK):
        repair = f"make it writable for this user: chmod u+rwx {known}; or name another with --data-dir"
        yield Finding("data directory", Health.FAULT, f"{known} cannot be written", repair)
    elif known == folder:
        yield Finding("data directory", Health.GOOD, f"{folder} is there and can be written")
        if os.name != "nt" and stat.S_IMODE(folder.stat().st_mode) & 0o007:
            repair = f"chmod o-rwx {folder}"
            yield Finding("data directory", Health.WARNING, f"{folder} is open to all users of this machine", repair)
    else:
        yield Finding("data directory", Health.GOOD, f"{folder} is not there yet; the first run makes it")
    yield _check_room(known)


def _check_room(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    text = f"{free / 1024**3:.1f} GiB free on the disk of {folder}"
    repair = "remove old messages with 'iop messages purge', or give the disk more room"
    if free < _NO_ROOM_BYTES:
        return Finding("free space", Health.FAULT, text, repair)
    return (
        Finding("free space", Health.WARNING, text, repair) if free < _LITTLE_ROOM_BYTES else _good("free space", text)
    )


def _check_owner(directory: DataDirectory, namespace: str) -> Iterator[Finding]:
    owner = directory.owner()
    address = AddressFile(str(directory.path), namespace)
    if directory.is_locked():
        if address.find() is None:
            repair = "wait until it is ready; a program that runs the production itself is reached only by itself"
            text = f"process {owner} owns the data and is not open to others"
            yield Finding("owner", Health.WARNING, text, repair)
        else:
            yield _good("owner", f"process {owner} runs a production here")
        return
    if address.find() is not None:
        # Whoever stops cleanly removes that file.
        repair = "start the production again with 'iop start'; nothing that was stored is lost"
        text = f"process {owner} was killed while it ran a production here"
        yield Finding("owner", Health.WARNING, text, repair)
    else:
        yield _good("owner", "no production runs here")


def _check_database(directory: DataDirectory) -> Iterator[Finding]:
    file = directory.database
    if not file.exists():
        yield _good("database", f"{file.name} is not there yet; the first run makes it")
        return
    restore = "stop the production, keep a copy of the directory, and restore it from a backup"
    try:
        with closing(open_for_reading(file)) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            size = file.stat().st_size
            problem = (
                connection.execute("PRAGMA quick_check(1)").fetchone()[0] if size < _LOOKED_THROUGH_BYTES else "ok"
            )
            newest = connection.execute("SELECT max(created) FROM headers").fetchone()[0]
    except StoreError as exc:
        repair = "upgrade iop-engine" if "Upgrade" in str(exc) else restore
        yield Finding("database", Health.FAULT, str(exc), repair)
        return
    except sqlite3.Error as exc:
        yield Finding("database", Health.FAULT, f"{file} cannot be read: {exc}", restore)
        return
    if problem != "ok":
        yield Finding("database", Health.FAULT, f"{file} is damaged: {' '.join(str(problem).split())}", restore)
        return
    looked = "" if size < _LOOKED_THROUGH_BYTES else "; it is too large to be looked through here"
    yield _good("database", f"{file.name} is whole: format {version} of {SCHEMA_VERSION}, {size / 1e6:.1f} MB{looked}")
    yield from _check_times(newest)


def _check_times(newest: int | None) -> Iterator[Finding]:
    """Compare the clock with the newest message: one from the future means that the clock went back."""
    ahead = 0.0 if newest is None else newest / 1e6 - datetime.now(timezone.utc).timestamp()
    if ahead > _FUTURE_SECONDS:
        repair = "set the clock of this machine, for example with NTP; until then new messages look older than they are"
        yield Finding("clock", Health.FAULT, f"the newest message is {ahead:.0f} s in the future", repair)


def _good(subject: str, text: str) -> Finding:
    return Finding(subject, Health.GOOD, text)
