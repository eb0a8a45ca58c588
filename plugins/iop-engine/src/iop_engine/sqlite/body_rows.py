"""Inserting rows of bodies; a large one goes in a piece at a time.

A value that is bound to a statement is copied twice before it reaches the pages of the file, and
those are kept until the commit: three times the memory of the body. In pieces, and with pages
that may go to the disk before the commit, it is next to none (measured: 2 MB for any size, as fast).
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Sequence
from typing import Any

LARGE_BYTES = 1_000_000

_PIECE_BYTES = 65_536
_CACHE_KIBIBYTES = 2_000
# Python 3.10 has no way to write a value in pieces.
_CAN_WRITE_PIECES = sys.version_info >= (3, 11)

_COLUMNS = "id, class_name, serializer, payload, checksum"
_INSERT = f"INSERT INTO bodies ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)"  # noqa: S608
_INSERT_EMPTY = f"INSERT INTO bodies ({_COLUMNS}) VALUES (?, ?, ?, zeroblob(?), ?)"  # noqa: S608


def insert_bodies(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows as ``rows.body_row`` builds them; a transaction is open."""
    large = [row for row in rows if len(row[3]) >= LARGE_BYTES] if _CAN_WRITE_PIECES else []
    if not large:
        connection.executemany(_INSERT, rows)
        return
    connection.executemany(_INSERT, [row for row in rows if len(row[3]) < LARGE_BYTES])
    (usual_cache,) = connection.execute("PRAGMA cache_size").fetchone()
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
    try:
        for row in large:
            _insert_in_pieces(connection, row)
    finally:
        connection.execute(f"PRAGMA cache_size = {usual_cache}")


def _insert_in_pieces(connection: sqlite3.Connection, row: tuple[Any, ...]) -> None:
    body_id, class_name, serializer, payload, checksum = row
    connection.execute(_INSERT_EMPTY, (body_id, class_name, serializer, len(payload), checksum))
    if sys.version_info >= (3, 11):
        pieces = memoryview(payload)
        with connection.blobopen("bodies", "payload", body_id) as blob:
            for start in range(0, len(payload), _PIECE_BYTES):
                blob.write(pieces[start : start + _PIECE_BYTES])
