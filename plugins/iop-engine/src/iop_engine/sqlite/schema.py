"""Tables of the SQLite store, and how a file is opened."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from iop_core.errors import StoreError, StoreFullError, StoreUnwritableError
from iop_engine import crash_points
from iop_engine.sqlite.directory import sync, sync_folder

SCHEMA_VERSION = 1

# With less room than this a failed write is taken for a full disk.
NO_ROOM_BYTES = 256 * 1024

DURABILITIES = {"full": "FULL", "normal": "NORMAL"}

_TABLES = """
CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE bodies (
    id INTEGER PRIMARY KEY,
    class_name TEXT NOT NULL,
    serializer TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    payload BLOB NOT NULL  -- the last, so that SQLite can make room for a large one without building it in memory
);

CREATE TABLE classes (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, is_kept INTEGER NOT NULL DEFAULT 0);

CREATE TABLE search (
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    body_id INTEGER NOT NULL,
    PRIMARY KEY (name, value, body_id)
) WITHOUT ROWID;
CREATE INDEX search_by_body ON search (body_id);
CREATE TRIGGER search_follows_bodies AFTER DELETE ON bodies BEGIN DELETE FROM search WHERE body_id = old.id; END;

CREATE TABLE headers (
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
    processed INTEGER,
    attempts INTEGER NOT NULL,
    resent TEXT NOT NULL,
    super_session TEXT NOT NULL,
    order_key TEXT NOT NULL,
    class_id INTEGER NOT NULL
);
CREATE INDEX headers_by_session ON headers (session_id);
CREATE INDEX headers_open ON headers (queue, priority, id) WHERE status <= 3;
CREATE INDEX headers_unwell ON headers (status, id) WHERE status IN (4, 5, 6, 7, 8);
CREATE INDEX headers_in_error ON headers (is_error) WHERE is_error = 1;
-- Measured: these cost 3 µs per message together, a fiftieth of what a message costs.
CREATE INDEX headers_by_time ON headers (created);
CREATE INDEX headers_by_source ON headers (source);
CREATE INDEX headers_by_target ON headers (target);
CREATE INDEX headers_by_class ON headers (class_id);
CREATE INDEX headers_by_body ON headers (body_id);

CREATE TABLE processes (
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
    error TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    created INTEGER,
    completed INTEGER
);

CREATE INDEX processes_open ON processes (session_id) WHERE is_completed = 0;

CREATE TABLE log (
    id INTEGER PRIMARY KEY,
    type INTEGER NOT NULL,
    item TEXT NOT NULL,
    session_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    method TEXT NOT NULL,
    text TEXT NOT NULL,
    logged INTEGER NOT NULL
);
CREATE INDEX log_by_session ON log (session_id) WHERE session_id > 0;
CREATE INDEX log_by_item ON log (item);
CREATE INDEX log_serious ON log (type) WHERE type IN (1, 2, 3, 6);

CREATE TABLE io_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    item TEXT NOT NULL,
    session_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    is_inbound INTEGER NOT NULL,
    received_class TEXT NOT NULL,
    received_serializer TEXT NOT NULL,
    received_data BLOB NOT NULL,
    received_size INTEGER NOT NULL,
    returned_class TEXT NOT NULL,
    returned_serializer TEXT NOT NULL,
    returned_data BLOB NOT NULL,
    returned_size INTEGER NOT NULL,
    error TEXT NOT NULL,
    received INTEGER NOT NULL,
    responded INTEGER NOT NULL
);
CREATE INDEX io_log_by_session ON io_log (session_id) WHERE session_id > 0;

CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    action TEXT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    selection TEXT NOT NULL,
    counts TEXT NOT NULL,
    done INTEGER NOT NULL,
    hash TEXT NOT NULL
);
"""


def translate(exc: sqlite3.Error, path: Path) -> StoreError:
    """Return the error of ours that says what an error of SQLite means for the user."""
    text = str(exc)
    if "full" in text or ("disk I/O" in text and _is_full(path)):
        return StoreFullError(
            f"no room left to store messages in {str(path)!r} ({text}). What is stored stays; new input is refused "
            "until there is room. Free disk space or move the data directory"
        )
    if "readonly" in text or "unable to open" in text:
        return StoreUnwritableError(
            f"the store {str(path)!r} cannot be written ({text}). Make the data directory writable or give another one"
        )
    if "malformed" in text or "not a database" in text or "decode to UTF-8" in text:
        return damaged(path, exc)
    if "locked" in text:
        return StoreUnwritableError(f"the store {str(path)!r} is held by another program ({text}). Close that program")
    if "disk I/O" in text:
        return StoreUnwritableError(
            f"the disk refused to write {str(path)!r} ({text}). What is stored stays; look at the disk and its space"
        )
    return StoreError(f"the store {str(path)!r} failed: {text}")


def damaged(path: Path, reason: object) -> StoreError:
    """Return the error that says a file cannot be trusted any more."""
    return StoreError(f"the store {str(path)!r} is damaged ({reason}). Restore it from a backup; do not go on writing")


def _is_full(path: Path) -> bool:
    # SQLite does not always say so: a file that it cannot map is only "disk I/O error".
    try:
        return shutil.disk_usage(path.parent).free < NO_ROOM_BYTES
    except OSError:
        return False


def open_for_writing(path: Path, durability: str) -> sqlite3.Connection:
    """Open the file, creating or checking its tables.

    Args:
        path: The database file; its folder exists.
        durability: ``full`` or ``normal``.

    Raises:
        StoreError: The file cannot be opened, is damaged, or was written by a newer version.
    """
    try:
        if not path.exists():
            _create(path)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    except sqlite3.Error as exc:
        raise translate(exc, path) from exc
    except OSError as exc:
        raise StoreUnwritableError(f"the store {str(path)!r} cannot be made: {exc.strerror or exc}") from exc
    try:
        _check_version(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {DURABILITIES[durability]}")
        # Measured: larger checkpoints and cache cost nothing and save rewriting pages.
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        connection.execute("PRAGMA cache_size = -65536")
    except sqlite3.Error as exc:
        connection.close()
        raise translate(exc, path) from exc
    except StoreError:
        connection.close()
        raise
    return connection


def _create(path: Path) -> None:
    """Make the file with its tables under another name first, so that it is never there by halves.

    Hence a file without tables is not one whose making was interrupted, but a damaged one.

    Raises:
        StoreError: The file is gone, and messages that belong to it are still there.
    """
    log = Path(f"{path}-wal")
    if log.exists() and log.stat().st_size:
        raise StoreError(
            f"the store {str(path)!r} is missing, but {log.name!r} with messages of it is there. Restore it from a "
            "backup, or remove that file to start anew without them"
        )
    draft = Path(f"{path}.new")
    for ending in ("", "-journal", "-wal", "-shm"):
        Path(f"{draft}{ending}").unlink(missing_ok=True)
    with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")  # it is flushed once, below
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # a purge gives space back
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
    sync(draft)
    crash_points.reach("file.drafted")
    draft.replace(path)
    crash_points.reach("file.named")
    sync_folder(path.parent)


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open the file without ever writing to it, also while an engine writes.

    Raises:
        StoreError: It cannot be opened.
    """
    address = f"{path.absolute().as_uri()}?mode=ro"
    # A write-ahead log that is gone means a clean end: then nothing else is needed to read.
    is_at_rest = not Path(f"{path}-wal").exists()
    try:
        return _connect_for_reading(address, path)
    except sqlite3.Error as exc:
        if not is_at_rest:
            raise translate(exc, path) from exc
    try:
        return _connect_for_reading(f"{address}&immutable=1", path)
    except sqlite3.Error as exc:
        raise translate(exc, path) from exc


def _connect_for_reading(address: str, path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, timeout=5)
    try:
        _check_version(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if not version:
        raise damaged(path, "it holds no tables of a store")
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"the store {str(path)!r} has format {version}, this version of iop-engine knows up to {SCHEMA_VERSION}. "
            "Upgrade iop-engine"
        )
