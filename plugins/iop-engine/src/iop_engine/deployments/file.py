"""The file ``deployments.db`` of a data directory: how it is made and opened.

It is apart from the messages, so that it can be changed while an engine owns those. Every
use opens it for a moment; SQLite keeps the processes apart that do so at the same time.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from iop_core.errors import StoreError, StoreUnwritableError
from iop_engine import crash_points
from iop_engine.sqlite.directory import sync_folder
from iop_engine.sqlite.schema import translate

FILE_NAME = "deployments.db"

_FORMAT = 2
# Tells the file from others that SQLite wrote; "IoPD" as a number.
_APPLICATION = 0x496F5044
_PATIENCE_SECONDS = 10

_TABLES = """
CREATE TABLE productions (
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    export TEXT NOT NULL,
    serializer TEXT NOT NULL,
    allowed_serializers TEXT NOT NULL,
    PRIMARY KEY (namespace, key)
) WITHOUT ROWID;
CREATE TABLE components (
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    iris_name TEXT NOT NULL,
    module TEXT NOT NULL,
    class_name TEXT NOT NULL,
    path TEXT NOT NULL,
    kind TEXT NOT NULL,
    adapter TEXT NOT NULL,
    defaults TEXT NOT NULL,
    secrets TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (namespace, key)
) WITHOUT ROWID;
CREATE TABLE schemas (
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    schema TEXT NOT NULL,
    PRIMARY KEY (namespace, name)
) WITHOUT ROWID;
CREATE TABLE default_productions (namespace TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace TEXT NOT NULL,
    time TEXT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL
);
"""


@contextmanager
def open_for_reading(path: Path) -> Generator[sqlite3.Connection]:
    """Open the file for a moment; one that is not there reads as an empty one, and is not made.

    Raises:
        StoreError: It cannot be read.
    """
    try:
        with closing(_open_or_empty(path)) as connection:
            connection.execute("BEGIN")  # all that is read is of one moment
            yield connection
    except sqlite3.Error as exc:
        raise translate(exc, path) from exc


@contextmanager
def open_for_writing(path: Path) -> Generator[sqlite3.Connection]:
    """Open the file for one transaction, making it when there is none.

    Raises:
        StoreError: It cannot be made or written; then nothing was.
    """
    try:
        _make(path)
        with closing(_connect(f"{path.absolute().as_uri()}?mode=rw")) as connection:
            # EXTRA, as FULL does not make the end of a transaction durable with this journal.
            connection.execute("PRAGMA synchronous = EXTRA")
            connection.execute("BEGIN IMMEDIATE")
            try:
                version = _version(connection, path)
                if not version:
                    _create_tables(connection)
                elif version < _FORMAT:
                    _upgrade(connection)
                yield connection
                crash_points.reach("deployment.written")
                connection.execute("COMMIT")
                crash_points.reach("deployment.done")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
    except sqlite3.Error as exc:
        raise translate(exc, path) from exc


def _open_or_empty(path: Path) -> sqlite3.Connection:
    if path.exists():
        # Able to write: what a killed process left half done is undone by the next who reads.
        connection = _connect(f"{path.absolute().as_uri()}?mode=rw")
        try:
            version = _version(connection, path)
            if version:
                if version < _FORMAT:
                    _upgrade_now(connection, path)
                return connection
        except BaseException:
            connection.close()
            raise
        connection.close()
    empty = _connect("file::memory:")
    empty.executescript(_TABLES)
    return empty


def _connect(address: str) -> sqlite3.Connection:
    return sqlite3.connect(address, uri=True, isolation_level=None, timeout=_PATIENCE_SECONDS)


def _make(path: Path) -> None:
    """Make an empty file that only its owner can read; what is in it comes with a transaction."""
    if path.exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        sync_folder(path.parent)
    except OSError as exc:
        raise StoreUnwritableError(
            f"{str(path)!r} cannot be made: {exc.strerror or exc}. Make the data directory writable or give another one"
        ) from exc


def _create_tables(connection: sqlite3.Connection) -> None:
    # Not executescript, which would end the transaction.
    for statement in _TABLES.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    connection.execute(f"PRAGMA user_version = {_FORMAT}")


def _upgrade_now(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _version(connection, path) < _FORMAT:  # nobody else did it meanwhile
            _upgrade(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _upgrade(connection: sqlite3.Connection) -> None:
    """Add what format 1 did not have; the next migration fills it."""
    connection.execute("ALTER TABLE components ADD COLUMN secrets TEXT NOT NULL DEFAULT '[]'")
    connection.execute(f"PRAGMA user_version = {_FORMAT}")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the format of the file; 0 for a file in which nothing was written yet.

    Raises:
        StoreError: It is another file, or of a newer version.
    """
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    if not version and not application and not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        return 0
    if application != _APPLICATION:
        raise StoreError(
            f"{str(path)!r} does not hold deployed productions. Move it away, or restore the file from a backup"
        )
    if version > _FORMAT:
        raise StoreError(
            f"{str(path)!r} has format {version}, this version of iop-engine knows up to {_FORMAT}. Upgrade iop-engine"
        )
    return version
