"""Inserting many rows with few statements.

Other threads run while SQLite works, and to get the interpreter back from them costs more
than a row does. So it is given away once per statement, and a statement carries many rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any

from iop_engine.sqlite.rows import storable

# Rows per statement: more bring no more speed, and each size is a statement that SQLite keeps compiled.
_SIZES = (64, 32, 16, 8, 4, 2, 1)


class ManyRows:
    """Inserts rows into one table.

    Args:
        connection: The writing connection.
        insert: The statement up to the values.
        columns: How many values a row has.
    """

    def __init__(self, connection: sqlite3.Connection, insert: str, *, columns: int) -> None:
        self._connection = connection
        row = f"({', '.join('?' * columns)})"
        self._statements = [(size, f"{insert} VALUES {', '.join([row] * size)}") for size in _SIZES]

    def insert(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows, in order; text that SQLite refuses is spelled out."""
        start, left = 0, len(rows)
        for size, statement in self._statements:
            while left >= size:
                self._execute(statement, rows[start : start + size])
                start += size
                left -= size

    def _execute(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        try:
            self._connection.execute(statement, tuple(chain.from_iterable(rows)))
        except UnicodeEncodeError:  # while the values were handed over: nothing is inserted yet
            values = chain.from_iterable(rows)
            self._connection.execute(statement, [storable(each) if isinstance(each, str) else each for each in values])
