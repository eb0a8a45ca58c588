"""Which rows a purge removes: read over a connection of its own, a piece at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from iop_core.purging import PurgeOptions
from iop_engine.sqlite import audit_chain
from iop_engine.sqlite.removal import ENDED

_OPEN_PROCESSES = "SELECT session_id FROM processes WHERE is_completed = 0"

# Of logs: the table, when an entry was made, and what says that it tells of no error.
_LOGS = {"events": ("log", "logged", "type NOT IN (2, 6)"), "io": ("io_log", "received", "error = ''")}

SESSIONS_AT_ONCE = 500
ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Piece:
    """Messages that are removed together.

    Attributes:
        headers: Ids of headers.
        bodies: Ids of the bodies they have.
        sessions: The sessions they are of; empty when each message is judged by itself.
    """

    headers: tuple[int, ...]
    bodies: tuple[int, ...]
    sessions: tuple[int, ...] = ()


class PurgeSelection:
    """Finds what a purge removes.

    Args:
        connection: For reading.
        options: What is to be removed.
        limit: The moment before which things go, as it is stored.
        error_limit: The same for errors; not later.
    """

    def __init__(self, connection: sqlite3.Connection, options: PurgeOptions, limit: int, error_limit: int) -> None:
        self._connection = connection
        self._options = options
        self._limit = limit
        self._error_limit = error_limit
        self.newest_header = self._number("SELECT coalesce(max(id), 0) FROM headers")
        # Nothing that is stored from now on is older than the limit, whatever the clock says.
        self.newest_body = self._number("SELECT coalesce(max(id), 0) FROM bodies")

    def pieces(self) -> Iterator[Piece]:
        """Return the messages that go, in order of their sessions."""
        if self._options.keep_integrity:
            for sessions in self._finished_sessions():
                yield from self._of_sessions(sessions)
        else:
            yield from self._single_messages()

    def count(self) -> int:
        """Return how many messages would go."""
        return sum(len(piece.headers) for piece in self.pieces())

    def count_processes(self, piece: Piece) -> int:
        """Return how many process instances have their first message in a piece."""
        marks = _marks(piece.headers)
        sql = f"SELECT count(*) FROM processes WHERE is_completed = 1 AND id IN ({marks})"  # noqa: S608
        return self._number(sql, *piece.headers)

    def skipped_sessions(self) -> int:
        """Return how many sessions have an old message and stay, because they are not over."""
        if not self._options.keep_integrity:
            return 0
        sql = (
            f"SELECT count(DISTINCT session_id) FROM headers WHERE created < ? AND (status NOT IN {ENDED} "  # noqa: S608
            f"OR session_id IN ({_OPEN_PROCESSES}))"
        )
        return self._number(sql, self._limit)

    def kept_errors(self) -> int:
        """Return how many messages that ended in error are old enough and stay, as errors are kept longer."""
        sql = "SELECT count(*) FROM headers WHERE is_error = 1 AND created < ? AND created >= ?"
        return self._number(sql, self._limit, self._error_limit)

    def count_audit(self) -> int:
        """Return how many deeds of operators would go."""
        return audit_chain.count_before(self._connection, self._limit)

    def rows(self, kind: str) -> Iterator[list[int]]:
        """Return the ids of rows that go, of one of the types besides messages."""
        items, limits = self._options.items, (self._limit, self._error_limit)
        among = f"item IN ({_marks(items)})" if items else "1"
        if kind == "processes":
            # Those whose first message is gone, or goes by its age.
            by_age = "0" if "messages" in self._options.types else "h.created < iif(p.error = '', ?, ?)"
            sql = (
                "SELECT p.id FROM processes p LEFT JOIN headers h ON h.id = p.id "  # noqa: S608
                f"WHERE p.id > ? AND p.is_completed = 1 AND {among} AND (h.id IS NULL OR {by_age}) "
                "ORDER BY p.id LIMIT ?"
            )
            values = (*items,) if by_age == "0" else (*items, *limits)
        else:
            table, moment, is_fine = _LOGS[kind]
            old = f"{moment} < iif({is_fine}, ?, ?)"
            sql = f"SELECT id FROM {table} WHERE id > ? AND {among} AND {old} ORDER BY id LIMIT ?"  # noqa: S608
            values = (*items, *limits)
        last = 0
        while found := [int(row[0]) for row in self._read(sql, last, *values, ROWS_AT_ONCE)]:
            yield found
            last = found[-1]

    def lost_bodies(self) -> Iterator[list[int]]:
        """Return ids of bodies that no header has: those that were replaced, or kept by an earlier purge."""
        sql = (
            "SELECT id FROM bodies WHERE id > ? AND id <= ? "
            "AND NOT EXISTS (SELECT 1 FROM headers WHERE body_id = bodies.id) "
            "AND class_name NOT IN (SELECT name FROM classes WHERE is_kept = 1) ORDER BY id LIMIT ?"
        )
        last = 0
        while found := [int(row[0]) for row in self._read(sql, last, self.newest_body, ROWS_AT_ONCE)]:
            yield found
            last = found[-1]

    def _finished_sessions(self) -> Iterator[list[int]]:
        sql = (
            "SELECT session_id FROM headers WHERE session_id > ? GROUP BY session_id "  # noqa: S608
            "HAVING max(created) < iif(max(is_error) = 0, ?, ?) "
            f"AND max(status NOT IN {ENDED}) = 0 AND session_id NOT IN ({_OPEN_PROCESSES}) "
            "ORDER BY session_id LIMIT ?"
        )
        last, limits = 0, (self._limit, self._error_limit)
        while found := [int(row[0]) for row in self._read(sql, last, *limits, SESSIONS_AT_ONCE)]:
            yield found
            last = found[-1]

    def _of_sessions(self, sessions: Sequence[int]) -> Iterator[Piece]:
        """Return the messages of sessions in pieces; a long session is more than one."""
        gathered: list[tuple[int, int, int]] = []
        for session in sessions:
            sql = f"SELECT id, body_id FROM headers WHERE session_id = ? AND id <= ? AND {self._among()} ORDER BY id"  # noqa: S608
            for row in self._read(sql, session, self.newest_header, *self._item_values()):
                gathered.append((int(row[0]), int(row[1]), session))
                if len(gathered) >= ROWS_AT_ONCE:
                    yield _piece(gathered)
                    gathered = []
        if gathered:
            yield _piece(gathered)

    def _single_messages(self) -> Iterator[Piece]:
        # The messages of a process that is not over are needed to go on with it.
        sql = (
            f"SELECT id, body_id FROM headers WHERE id > ? AND id <= ? AND status IN {ENDED} "  # noqa: S608
            "AND created < iif(is_error, ?, ?) "
            "AND id NOT IN (SELECT id FROM processes WHERE is_completed = 0) "
            "AND process_id NOT IN (SELECT id FROM processes WHERE is_completed = 0) "
            f"AND {self._among()} ORDER BY id LIMIT ?"
        )
        last = 0
        limits = (self._error_limit, self._limit)
        values = (self.newest_header, *limits, *self._item_values(), ROWS_AT_ONCE)
        while found := [(int(row[0]), int(row[1]), 0) for row in self._read(sql, last, *values)]:
            yield _piece(found)
            last = found[-1][0]

    def _among(self) -> str:
        marks = _marks(self._options.items)
        return f"(source IN ({marks}) OR target IN ({marks}))" if self._options.items else "1"

    def _item_values(self) -> tuple[str, ...]:
        return (*self._options.items, *self._options.items)

    def _number(self, sql: str, *values: object) -> int:
        return int(self._read(sql, *values)[0][0])

    def _read(self, sql: str, *values: object) -> list[Any]:
        return self._connection.execute(sql, values).fetchall()


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _piece(rows: Sequence[tuple[int, int, int]]) -> Piece:
    headers, bodies, sessions = zip(*rows, strict=True)
    return Piece(headers, tuple(body for body in dict.fromkeys(bodies) if body), tuple(s for s in set(sessions) if s))
