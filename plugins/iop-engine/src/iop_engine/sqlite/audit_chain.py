"""The chain that the rows of the audit form: writing it, looking it over, and shortening it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from iop_core.audit import AuditCheck, AuditEntry
from iop_engine.sqlite.rows import audit_from_row, audit_row, storable

# Number and hash of the newest entry, and of the newest that was purged.
_HEAD, _START = "audit head", "audit start"

_NOTE = "INSERT OR REPLACE INTO notes VALUES (?, ?)"


def append(connection: sqlite3.Connection, entries: Sequence[AuditEntry]) -> None:
    """Add entries to the end of the chain; a transaction is open."""
    last_id, last_hash = _noted(connection, _HEAD)
    rows: list[tuple[Any, ...]] = []
    for entry in entries:
        last_id += 1
        numbered = replace(
            entry,
            entry_id=last_id,
            action=storable(entry.action),
            actor=storable(entry.actor),
            reason=storable(entry.reason),
            selection=storable(entry.selection),
            counts=storable(entry.counts),
        )
        last_hash = numbered.hash_after(last_hash)
        rows.append(audit_row(replace(numbered, hash=last_hash)))
    connection.executemany("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.execute(_NOTE, (_HEAD, json.dumps([last_id, last_hash])))


def check(connection: sqlite3.Connection, checkpoints: Mapping[int, str]) -> AuditCheck:
    """Look the whole chain over, as it is at one moment.

    Args:
        connection: For reading; no transaction is open.
        checkpoints: Number to hash of entries, as they were once.
    """
    connection.execute("BEGIN")
    try:
        start = _noted(connection, _START)
        head = _noted(connection, _HEAD)
        rows = connection.execute("SELECT * FROM audit ORDER BY id").fetchall()
    finally:
        connection.execute("COMMIT")
    last_id, last_hash = start
    for count, entry in enumerate(map(audit_from_row, rows)):
        wrong = 0, ""
        if entry.entry_id != last_id + 1:
            wrong = last_id + 1, f"it is missing; the next one is {entry.entry_id}"
        elif entry.hash != entry.hash_after(last_hash):
            wrong = entry.entry_id, "it is not what was written, or does not follow the one before it"
        elif checkpoints.get(entry.entry_id, entry.hash) != entry.hash:
            wrong = entry.entry_id, "its hash is not that of the checkpoint: the audit was written anew"
        if wrong[0]:
            return AuditCheck(count, last_id, last_hash, start[0], *wrong)
        last_id, last_hash = entry.entry_id, entry.hash
    newest = max([head[0], *checkpoints])
    if newest > last_id:
        wrong = last_id + 1, f"it is missing, with all up to {newest}"
        return AuditCheck(len(rows), last_id, last_hash, start[0], *wrong)
    if (last_id, last_hash) != head:
        wrong = head[0] + 1, f"no engine wrote it: the last one that was written is {head[0]}"
        return AuditCheck(len(rows), last_id, last_hash, start[0], *wrong)
    return AuditCheck(len(rows), last_id, last_hash, start[0])


def shorten(connection: sqlite3.Connection, limit: int) -> int:
    """Remove the entries before a moment and note where the chain begins now; return how many they were.

    What comes after the first entry that stays, stays too, whatever its time: the chain has no gaps.

    Args:
        connection: The writing one; a transaction is open.
        limit: The moment, as it is stored.
    """
    sql = "SELECT id, hash FROM audit WHERE id < (SELECT coalesce(min(id), 1 << 62) FROM audit WHERE done >= ?) "
    found = connection.execute(f"{sql} ORDER BY id DESC LIMIT 1", (limit,)).fetchone()
    if found is None:
        return 0
    connection.execute(_NOTE, (_START, json.dumps(found)))
    return connection.execute("DELETE FROM audit WHERE id <= ?", (found[0],)).rowcount


def count_before(connection: sqlite3.Connection, limit: int) -> int:
    """Return how many entries ``shorten`` would remove."""
    sql = "SELECT count(*) FROM audit WHERE id < (SELECT coalesce(min(id), 1 << 62) FROM audit WHERE done >= ?)"
    return int(connection.execute(sql, (limit,)).fetchone()[0])


def _noted(connection: sqlite3.Connection, name: str) -> tuple[int, str]:
    row = connection.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
    if row is None:
        return 0, ""
    entry_id, entry_hash = json.loads(row[0])
    return int(entry_id), str(entry_hash)
