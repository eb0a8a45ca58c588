"""Making stored bodies searchable that were stored before their class named fields to search for."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from iop_core.headers import Body
from iop_engine.sqlite.rows import body_from_row, storable
from iop_engine.sqlite.schema import open_for_reading, translate
from iop_engine.sqlite.typed_tables import restored

BODIES_AT_ONCE = 200

_PAGE = (
    "SELECT class_name, serializer, payload, checksum, id FROM bodies WHERE id > ? AND id IN "
    "(SELECT body_id FROM headers WHERE class_id = ?) ORDER BY id LIMIT ?"
)

Found = list[tuple[int, tuple[tuple[str, str], ...]]]


def index_bodies(
    path: Path,
    perform: Callable[[Callable[[sqlite3.Connection], int]], int],
    class_name: str,
    with_search_fields: Callable[[Body], Body],
) -> int:
    """Write the searchable values of all stored bodies of a class anew and return how many bodies those are.

    Args:
        path: The database file.
        perform: Has the writer do something between its commits.
        class_name: ``module.Class``.
        with_search_fields: Returns a body with its values.

    Raises:
        StoreError: A body cannot be read from the file, or the values not be written.
        SerializationError: The class is not loaded, or a body does not fit it.
    """
    with closing(open_for_reading(path)) as connection:
        try:
            row = connection.execute("SELECT id FROM classes WHERE name = ?", (class_name,)).fetchone()
            return 0 if row is None else _index(connection, perform, row[0], with_search_fields)
        except sqlite3.Error as exc:
            raise translate(exc, path) from exc


def _index(
    connection: sqlite3.Connection,
    perform: Callable[[Callable[[sqlite3.Connection], int]], int],
    class_id: int,
    with_search_fields: Callable[[Body], Body],
) -> int:
    count = last = 0
    while rows := connection.execute(_PAGE, (last, class_id, BODIES_AT_ONCE)).fetchall():
        bodies = [with_search_fields(restored(connection, body_from_row(row))) for row in rows]
        perform(_rewrite([(body.body_id, body.search) for body in bodies]))
        count += len(rows)
        last = rows[-1][-1]
    return count


def _rewrite(found: Found) -> Callable[[sqlite3.Connection], int]:
    def rewrite(connection: sqlite3.Connection) -> int:
        connection.executemany("DELETE FROM search WHERE body_id = ?", [(body_id,) for body_id, _ in found])
        rows = [(body_id, name, storable(value)) for body_id, values in found for name, value in values]
        # A purge may have removed a body since it was read.
        sql = "INSERT OR IGNORE INTO search (body_id, name, value) SELECT id, ?2, ?3 FROM bodies WHERE id = ?1"
        connection.executemany(sql, rows)
        return len(rows)

    return rewrite
