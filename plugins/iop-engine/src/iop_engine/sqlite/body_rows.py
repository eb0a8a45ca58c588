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

from iop_engine.sqlite.many_rows import ManyRows

LARGE_BYTES = 1_000_000

# Up to this size several go into one statement; of larger ones the statement is no longer what costs.
_SMALL_BYTES = 16_384

_PIECE_BYTES = 65_536
_CACHE_KIBIBYTES = 2_000
# Python 3.10 has no way to write a value in pieces.
_CAN_WRITE_PIECES = sys.version_info >= (3, 11)

_COLUMNS = "id, class_name, serializer, payload, checksum"
_INSERT = f"INSERT INTO bodies ({_COLUMNS})"
_INSERT_ONE = f"{_INSERT} VALUES (?, ?, ?, ?, ?)"
_INSERT_EMPTY = f"{_INSERT} VALUES (?, ?, ?, zeroblob(?), ?)"


class BodyRows:
    """Inserts rows as ``rows.body_row`` builds them.

    Args:
        connection: The writing connection.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._small = ManyRows(connection, _INSERT, columns=5)

    def insert(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows; a transaction is open."""
        if max(len(row[3]) for row in rows) <= _SMALL_BYTES:
            self._small.insert(rows)
            return
        large = [row for row in rows if len(row[3]) >= LARGE_BYTES] if _CAN_WRITE_PIECES else []
        if not large:
            self._connection.executemany(_INSERT_ONE, rows)
            return
        self._connection.executemany(_INSERT_ONE, [row for row in rows if len(row[3]) < LARGE_BYTES])
        (usual_cache,) = self._connection.execute("PRAGMA cache_size").fetchone()
        self._connection.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
        try:
            for row in large:
                _insert_in_pieces(self._connection, row)
        finally:
            self._connection.execute(f"PRAGMA cache_size = {usual_cache}")


def _insert_in_pieces(connection: sqlite3.Connection, row: tuple[Any, ...]) -> None:
    body_id, class_name, serializer, payload, checksum = row
    connection.execute(_INSERT_EMPTY, (body_id, class_name, serializer, len(payload), checksum))
    if sys.version_info >= (3, 11):
        pieces = memoryview(payload)
        with connection.blobopen("bodies", "payload", body_id) as blob:
            for start in range(0, len(payload), _PIECE_BYTES):
                blob.write(pieces[start : start + _PIECE_BYTES])
