"""Numbers that stand for names of message classes in the headers, so that an index on them is small.

Their table also says whether a purge keeps the bodies of a class: who purges need not know the class.
"""

from __future__ import annotations

import sqlite3

from iop_core.errors import UnknownMessageClassError
from iop_core.registry import MESSAGE_CLASSES
from iop_core.searchable import is_purgeable


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
            is_kept = _is_kept(class_name)
            self._connection.execute("INSERT OR IGNORE INTO classes (name) VALUES (?)", (class_name,))
            self._connection.execute(
                "UPDATE classes SET is_kept = coalesce(?, is_kept) WHERE name = ?", (is_kept, class_name)
            )
            row = self._connection.execute("SELECT id FROM classes WHERE name = ?", (class_name,)).fetchone()
            found = self._numbers[class_name] = int(row[0])
        return found

    def forget(self) -> None:
        """Look at the table anew: the transaction that added a class was undone."""
        self._numbers = {"": 0}


def _is_kept(class_name: str) -> bool | None:
    """Return whether a purge keeps bodies of a class; None when the class is not loaded here."""
    try:
        return not is_purgeable(MESSAGE_CLASSES.get(class_name))
    except UnknownMessageClassError:
        return None
