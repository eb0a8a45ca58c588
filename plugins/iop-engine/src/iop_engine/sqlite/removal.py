"""Removing rows for good: what goes with what, and which ids must not be given again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

_HIGHEST_IDS = "highest_ids"

# Completed, Error, Aborted, Discarded: the message has ended.
ENDED = "(4, 7, 8, 9)"
_SUSPENDED = 5

DELETE_BODY = (
    "DELETE FROM bodies WHERE id = ? AND NOT EXISTS (SELECT 1 FROM headers WHERE body_id = bodies.id) "
    "AND class_name NOT IN (SELECT name FROM classes WHERE is_kept = 1)"
)
_OPEN_PROCESSES = "SELECT id FROM processes WHERE is_completed = 0"
_DELETE_HEADER = (
    f"DELETE FROM headers WHERE id = ? AND (status IN {ENDED} OR status = {_SUSPENDED}) "  # noqa: S608
    f"AND id NOT IN ({_OPEN_PROCESSES}) AND process_id NOT IN ({_OPEN_PROCESSES})"
)


def remove_messages(connection: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Remove messages that have ended or are suspended, and of which no process instance is open.

    A body goes with the last header that has it, unless its class is kept; an ended process
    instance goes with its first message.

    Args:
        connection: The writing one; a transaction is open.
        ids: The messages; what may not go stays.
    """
    execute = connection.execute
    note_highest_ids(connection)
    for message_id in ids:
        found = execute("SELECT body_id FROM headers WHERE id = ?", (message_id,)).fetchone()
        if found is not None and execute(_DELETE_HEADER, (message_id,)).rowcount:
            execute(DELETE_BODY, found)
            execute("DELETE FROM processes WHERE id = ? AND is_completed = 1", (message_id,))


def highest_ids(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Return the highest ids that headers, bodies and log entries ever had, also when those were removed."""
    row = connection.execute("SELECT value FROM notes WHERE name = ?", (_HIGHEST_IDS,)).fetchone()
    noted: list[int] = json.loads(row[0]) if row else [0, 0, 0]
    tables = ("headers", "bodies", "log")
    sql = "SELECT coalesce(max(id), 0) FROM {}"
    live = [int(connection.execute(sql.format(table)).fetchone()[0]) for table in tables]
    header, body, log = (max(pair) for pair in zip(noted, live, strict=True))
    return header, body, log


def note_highest_ids(connection: sqlite3.Connection) -> None:
    """Note the highest ids there are, before rows with them may go."""
    text = json.dumps(highest_ids(connection))
    connection.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (_HIGHEST_IDS, text))
