"""Numbers that stand for names of message classes in the headers, so that an index on them is small."""

from __future__ import annotations

import sqlite3


class ClassNumbers:
    """Gives each class name its number; inside of the caller's transaction.

    Args:
        connection: The writing connection.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._numbers: dict[str, int] = {"": 0}

    def number(self, class_name: str) -> int:
        """Return the number of a class, a new one for a new class; 0 for no body."""
        found = self._numbers.get(class_name)
        if found is None:
            self._connection.execute("INSERT OR IGNORE INTO classes (name) VALUES (?)", (class_name,))
            row = self._connection.execute("SELECT id FROM classes WHERE name = ?", (class_name,)).fetchone()
            found = self._numbers[class_name] = int(row[0])
        return found

    def forget(self) -> None:
        """Look at the table anew: the transaction that added a class was undone."""
        self._numbers = {"": 0}
