"""Removing old rows while an engine goes on writing.

What goes is found by reading; the writer then removes it in pieces that take some milliseconds
each, between its commits, and looks again at whatever may have changed since. At the end the
file is made smaller, in pieces as well (``auto_vacuum = INCREMENTAL``: measured, it costs intake
nothing, while a full VACUUM would stop it for as long as the whole file takes to copy).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import TypeVar

from iop_core.purging import PurgeOptions, PurgeResult
from iop_engine.sqlite import audit_chain
from iop_engine.sqlite.purge_selection import Piece, PurgeSelection
from iop_engine.sqlite.removal import DELETE_BODY, note_highest_ids
from iop_engine.sqlite.rows import to_microseconds
from iop_engine.sqlite.schema import open_for_reading, translate
from iop_engine.sqlite.typed_columns import quote

T = TypeVar("T")

Perform = Callable[[Callable[[sqlite3.Connection], T]], T]

_TABLES = ("headers", "bodies", "search", "processes", "log", "io_log", "audit")
_TABLE_OF = {"processes": "processes", "events": "log", "io": "io_log"}
# About 8 MB: gives back in some ten milliseconds.
_PAGES_AT_ONCE = 2000


class Purge:
    """One purge of one database.

    Args:
        path: The database file.
        perform: Has the writer do something between its commits.
        options: What goes.
        now: The present, by which they say what is old.
        is_called_off: Asked between pieces; True: the rest stays.
    """

    def __init__(
        self,
        path: Path,
        perform: Callable[[Callable[[sqlite3.Connection], dict[str, int]]], dict[str, int]],
        options: PurgeOptions,
        now: datetime,
        is_called_off: Callable[[], bool],
    ) -> None:
        self._path = path
        self._perform = perform
        self._options = options
        self._limit = options.limit(now)
        self._error_limit = options.error_limit(now)
        self._is_called_off = is_called_off
        self._removed: dict[str, int] = {}

    def run(self, *, dry_run: bool) -> PurgeResult:
        """Remove, or with ``dry_run`` only count, and return the proof.

        Raises:
            StoreError: It failed; what was removed before stays removed.
        """
        begin = time.monotonic()
        with closing(open_for_reading(self._path)) as connection:
            try:
                return self._run(connection, begin, dry_run=dry_run)
            except sqlite3.Error as exc:
                raise translate(exc, self._path) from exc

    def _run(self, connection: sqlite3.Connection, begin: float, *, dry_run: bool) -> PurgeResult:
        limits = to_microseconds(self._limit), to_microseconds(self._error_limit)
        selection = PurgeSelection(connection, self._options, *limits)
        tables = [*_TABLES, *_typed_tables(connection)]
        before, size = _counts(connection, tables), _size(connection)
        if dry_run:
            self._count(selection)
        else:
            self._remove(selection)
            self._give_back()
        has_messages = "messages" in self._options.types
        return PurgeResult(
            limit=self._limit,
            is_dry_run=dry_run,
            removed=self._removed,
            before=before,
            after=_counts(connection, tables),
            left=selection.count() if has_messages and not dry_run else 0,
            skipped_sessions=selection.skipped_sessions() if has_messages else 0,
            kept_errors=selection.kept_errors() if has_messages else 0,
            freed_bytes=max(0, size - _size(connection)),
            seconds=round(time.monotonic() - begin, 3),
        )

    def _count(self, selection: PurgeSelection) -> None:
        if "messages" in self._options.types:
            for piece in selection.pieces():
                self._add({"headers": len(piece.headers)})
                if "processes" in self._options.types:  # they go once their first message is gone
                    self._add({"processes": selection.count_processes(piece)})
        for kind, table in _TABLE_OF.items():
            if kind in self._options.types:
                self._add({table: sum(len(ids) for ids in selection.rows(kind))})
        if "audit" in self._options.types:
            self._add({"audit": selection.count_audit()})

    def _remove(self, selection: PurgeSelection) -> None:
        self._perform(_noting_highest_ids)
        if "messages" in self._options.types:
            for piece in self._unless_called_off(selection.pieces()):
                self._add(self._perform(self._removal(piece, selection.newest_header)))
            if self._options.bodies_too and not self._options.items:
                for ids in self._unless_called_off(selection.lost_bodies()):
                    self._add(self._perform(_deletion("bodies", DELETE_BODY, ids)))
        for kind, table in _TABLE_OF.items():
            if kind in self._options.types:
                self._add({table: 0})
                sql = f"DELETE FROM {table} WHERE id = ?"  # noqa: S608 - a name of ours
                for ids in self._unless_called_off(selection.rows(kind)):
                    self._add(self._perform(_deletion(table, sql, ids)))
        if "audit" in self._options.types and not self._is_called_off():
            limit = to_microseconds(self._limit)
            self._add(self._perform(lambda connection: {"audit": audit_chain.shorten(connection, limit)}))

    def _removal(self, piece: Piece, newest: int) -> Callable[[sqlite3.Connection], dict[str, int]]:
        """Return the work that removes a piece, but for sessions that got a message since it was read."""

        def remove(connection: sqlite3.Connection) -> dict[str, int]:
            grown = [session for session in piece.sessions if _has_grown(connection, session, newest)]
            if grown:
                kept = f"DELETE FROM headers WHERE id = ? AND session_id NOT IN ({', '.join(map(str, grown))})"  # noqa: S608
                headers = _delete(connection, kept, piece.headers)
            else:
                headers = _delete(connection, "DELETE FROM headers WHERE id = ?", piece.headers)
            bodies = _delete(connection, DELETE_BODY, piece.bodies) if self._options.bodies_too else 0
            return {"headers": headers, "bodies": bodies}

        return remove

    def _give_back(self) -> None:
        while not self._is_called_off() and self._perform(_shrink)["pages"]:
            pass

    def _unless_called_off(self, pieces: Iterable[T]) -> Iterator[T]:
        return takewhile(lambda _: not self._is_called_off(), pieces)

    def _add(self, counts: dict[str, int]) -> None:
        for table, count in counts.items():
            self._removed[table] = self._removed.get(table, 0) + count


def _noting_highest_ids(connection: sqlite3.Connection) -> dict[str, int]:
    note_highest_ids(connection)
    return {}


def _deletion(table: str, sql: str, ids: Sequence[int]) -> Callable[[sqlite3.Connection], dict[str, int]]:
    return lambda connection: {table: _delete(connection, sql, ids)}


def _delete(connection: sqlite3.Connection, sql: str, ids: Sequence[int]) -> int:
    return max(0, connection.executemany(sql, [(number,) for number in ids]).rowcount)


def _has_grown(connection: sqlite3.Connection, session: int, newest: int) -> bool:
    sql = "SELECT 1 FROM headers WHERE session_id = ? AND id > ? LIMIT 1"
    return connection.execute(sql, (session, newest)).fetchone() is not None


def _shrink(connection: sqlite3.Connection) -> dict[str, int]:
    """Give some free pages at the end of the file back; how many are still free, 0 when none can go."""
    before = connection.execute("PRAGMA freelist_count").fetchone()[0]
    connection.execute(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})").fetchall()
    after = connection.execute("PRAGMA freelist_count").fetchone()[0]
    return {"pages": int(after) if after < before else 0}


def _typed_tables(connection: sqlite3.Connection) -> list[str]:
    try:
        return [str(row[0]) for row in connection.execute("SELECT DISTINCT table_name FROM typed_tables")]
    except sqlite3.OperationalError:  # no persistent message was ever stored
        return []


def _counts(connection: sqlite3.Connection, tables: Sequence[str]) -> dict[str, int]:
    sql = "SELECT count(*) FROM {}"
    return {table: int(connection.execute(sql.format(quote(table))).fetchone()[0]) for table in tables}


def _size(connection: sqlite3.Connection) -> int:
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    return int(pages) * int(connection.execute("PRAGMA page_size").fetchone()[0])
