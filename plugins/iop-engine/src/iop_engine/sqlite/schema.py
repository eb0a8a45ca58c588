"""Tables of the SQLite store, and how a file is opened."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from iop_core.errors import StoreError, StoreFullError, StoreUnwritableError

SCHEMA_VERSION = 1

DURABILITIES = {"full": "FULL", "normal": "NORMAL"}

_TABLES = """
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS bodies (
    id INTEGER PRIMARY KEY,
    class_name TEXT NOT NULL,
    serializer TEXT NOT NULL,
    payload BLOB NOT NULL
);

CREATE TABLE IF NOT EXISTS headers (
    id INTEGER PRIMARY KEY,
    session_id INTEGER NOT NULL,
    type INTEGER NOT NULL,
    status INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    invocation INTEGER NOT NULL,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    source_type INTEGER NOT NULL,
    target_type INTEGER NOT NULL,
    queue TEXT NOT NULL,
    return_queue TEXT NOT NULL,
    corresponding_id INTEGER NOT NULL,
    process_id INTEGER NOT NULL,
    body_id INTEGER NOT NULL,
    is_error INTEGER NOT NULL,
    error TEXT NOT NULL,
    description TEXT NOT NULL,
    completion_key TEXT NOT NULL,
    created INTEGER NOT NULL,
    processed INTEGER
);
CREATE INDEX IF NOT EXISTS headers_by_session ON headers (session_id);
CREATE INDEX IF NOT EXISTS headers_open ON headers (queue, priority, id) WHERE status <= 3;
CREATE INDEX IF NOT EXISTS headers_unwell ON headers (status, id) WHERE status IN (4, 5, 6, 7, 8);

CREATE TABLE IF NOT EXISTS processes (
    id INTEGER PRIMARY KEY,
    item TEXT NOT NULL,
    session_id INTEGER NOT NULL,
    pending INTEGER NOT NULL,
    is_completed INTEGER NOT NULL,
    has_replied INTEGER NOT NULL,
    state TEXT NOT NULL,
    response_class TEXT NOT NULL,
    response_serializer TEXT NOT NULL,
    response BLOB NOT NULL,
    error TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS log (
    id INTEGER PRIMARY KEY,
    type INTEGER NOT NULL,
    item TEXT NOT NULL,
    session_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    method TEXT NOT NULL,
    text TEXT NOT NULL,
    logged INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS log_by_session ON log (session_id) WHERE session_id > 0;
"""


def translate(exc: sqlite3.Error, path: Path) -> StoreError:
    """Return the error of ours that says what an error of SQLite means for the user."""
    text = str(exc)
    if "full" in text:
        return StoreFullError(
            f"no room left to store messages in {str(path)!r} ({text}). What is stored stays; new input is refused "
            "until there is room. Free disk space or move the data directory"
        )
    if "readonly" in text or "unable to open" in text:
        return StoreUnwritableError(
            f"the store {str(path)!r} cannot be written ({text}). Make the data directory writable or give another one"
        )
    if "malformed" in text or "not a database" in text:
        return StoreError(
            f"the store {str(path)!r} is damaged ({text}). Restore it from a backup; do not go on writing"
        )
    if "locked" in text:
        return StoreError(f"the store {str(path)!r} is held by another program ({text}). Close that program")
    if "disk I/O" in text:
        return StoreUnwritableError(
            f"the disk refused to write {str(path)!r} ({text}). What is stored stays; look at the disk and its space"
        )
    return StoreError(f"the store {str(path)!r} failed: {text}")


def open_for_writing(path: Path, durability: str) -> sqlite3.Connection:
    """Open the file, creating or checking its tables.

    Args:
        path: The database file; its folder exists.
        durability: ``full`` or ``normal``.

    Raises:
        StoreError: The file cannot be opened, is damaged, or was written by a newer version.
    """
    is_new = not path.exists()
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    except sqlite3.Error as exc:
        raise translate(exc, path) from exc
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {DURABILITIES[durability]}")
        # Measured: larger checkpoints and cache cost nothing and save rewriting pages.
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        connection.execute("PRAGMA cache_size = -65536")
        _check_version(connection, path)
        connection.executescript(_TABLES)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    except sqlite3.Error as exc:
        connection.close()
        raise translate(exc, path) from exc
    except StoreError:
        connection.close()
        raise
    if is_new:
        _sync_folder(path.parent)
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open the file without ever writing to it, also while an engine writes.

    Raises:
        StoreError: It cannot be opened.
    """
    # A write-ahead log that is gone means a clean end: then nothing else is needed to read.
    quiet = "" if Path(f"{path}-wal").exists() else "&immutable=1"
    for extra in ("", quiet):
        try:
            connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro{extra}",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
                timeout=5,
            )
            connection.execute("SELECT count(*) FROM notes").fetchone()
        except sqlite3.Error as exc:
            if extra or not quiet:
                raise translate(exc, path) from exc
        else:
            return connection
    raise StoreError(f"the store {str(path)!r} cannot be read")


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"the store {str(path)!r} has format {version}, this version of iop-engine knows up to {SCHEMA_VERSION}. "
            "Upgrade iop-engine"
        )


def _sync_folder(folder: Path) -> None:
    """Make the new file's name durable: without this a power cut may lose the whole file."""
    if os.name == "nt":  # folders cannot be opened there, and need not be
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
