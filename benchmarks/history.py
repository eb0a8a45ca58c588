"""A store with millions of messages: what the engine itself stored, copied again and again.

The first messages come through the public API, with two hops, an error now and then, and two
searchable fields. SQL then copies all of their rows under new ids, at later times and with new
values to search for, and builds the same indexes as before. A store is kept in the folder
that is asked for, so that several benchmarks can share it.
"""

from __future__ import annotations

import logging
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from benchmarks.messages import Order
from iop_core import BusinessOperation, BusinessProcess, handler
from iop_production import Production
from iop_testing import VirtualClock, run_production

ROUTERS, SINKS, WARDS = 4, 16, 50
DAYS = 120
_ORDERS = 5_000
_AT_ONCE = 500
FIRST = datetime(2026, 1, 1, tzinfo=timezone.utc)
_TABLES = {
    "bodies": ("id",),
    "headers": ("id", "session_id", "body_id", "corresponding_id", "process_id"),
    "processes": ("id", "session_id"),
    "search": ("body_id",),
    "log": ("id", "session_id", "message_id"),
}
_TIMES = ("created", "processed", "logged")


@dataclass
class Admission(Order, searchable=("number", "ward")):
    """An order that operators look for; its number is its own, a ward has many."""


class Router(BusinessProcess):
    """Passes an order on."""

    def on_request(self, request: Admission) -> None:
        """Pass on, and want no answer."""
        self.send_request_async(f"Sink{request.number % SINKS}", request, response_required=False)


class Sink(BusinessOperation):
    """Takes an order; some are wrong."""

    @handler(Admission)
    def take(self, request: Admission) -> None:
        """Fail now and then."""
        if request.code == "BAD":
            raise ValueError(f"order {request.number} has an unknown code")


def production() -> Production:
    """Return the production whose history it is."""
    made = Production("Bench.History")
    for number in range(ROUTERS):
        made.process(f"Router{number}", Router)
    for number in range(SINKS):
        made.operation(f"Sink{number}", Sink)
    return made


def stored_history(folder: Path, count: int) -> Path:
    """Return a data directory with so many messages, made if it is not there yet with the tables of now.

    Args:
        folder: Where it is looked for and made, as ``history-COUNT``.
        count: Messages; rounded up to whole copies.
    """
    place = folder / f"history-{count}"
    finished = place / "finished"
    tables = _tables_now()
    if not finished.exists() or finished.read_text() != tables:
        shutil.rmtree(place, ignore_errors=True)  # of another version, or not finished
        place.mkdir(parents=True)
        logging.disable(logging.ERROR)  # the errors are meant
        _store_first(place)
        logging.disable(logging.NOTSET)
        _multiply(place / "user.db", count)
        finished.write_text(tables)
    return place


def _tables_now() -> str:
    """Return the tables that a new store has."""
    with tempfile.TemporaryDirectory() as place:
        with run_production(production(), data_dir=place):
            pass
        with closing(sqlite3.connect(Path(place, "user.db"))) as connection:
            return "\n".join(row[0] for row in connection.execute("SELECT sql FROM sqlite_master WHERE sql <> ''"))


def _store_first(place: Path) -> None:
    orders = [Admission(n, ward=f"W{n % WARDS}", code="BAD" if n % 500 == 7 else "GLU") for n in range(_ORDERS)]
    clock = VirtualClock(FIRST)
    with run_production(production(), data_dir=place, durability="normal", clock=clock) as run:
        for start in range(0, _ORDERS, _AT_ONCE):
            run.send_many(f"Router{start // _AT_ONCE % ROUTERS}", orders[start : start + _AT_ONCE])
            run.wait_until_idle(60)
            clock.advance(60)


def _multiply(path: Path, count: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for setting in ("journal_mode = DELETE", "synchronous = OFF", "cache_size = -1000000", "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {setting}").fetchall()
        copies = -(-count // _number(connection, "SELECT count(*) FROM headers")) - 1
        step = _number(connection, "SELECT max((SELECT max(id) FROM headers), (SELECT max(id) FROM bodies))")
        later = int(timedelta(days=DAYS).total_seconds() * 1e6) // (copies + 1)
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql <> ''"
        ).fetchall()
        connection.execute("BEGIN")
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        for table, ids in _TABLES.items():
            connection.execute(_copy(connection, table, ids, later), {"copies": copies, "step": step})
        for _, sql in indexes:
            connection.execute(sql)
        connection.execute("COMMIT")


def _copy(connection: sqlite3.Connection, table: str, ids: tuple[str, ...], later: int) -> str:
    """Return the statement that copies the rows of a table; 0 as an id, which stands for none, stays."""
    values: list[str] = []
    for _, name, *_ in connection.execute("SELECT * FROM pragma_table_info(?)", (table,)).fetchall():
        if name in ids:
            values.append(f"CASE {name} WHEN 0 THEN 0 ELSE {name} + copy * :step END")
        elif name in _TIMES:
            values.append(f"{name} + copy * {later}")
        elif name == "value":
            values.append(f"CASE name WHEN 'number' THEN value + copy * {_ORDERS} ELSE value END")
        else:
            values.append(name)
    order = "1, 2, 3" if table == "search" else "copy, id"
    return (
        "WITH RECURSIVE copies (copy) AS (SELECT 1 WHERE :copies > 0 UNION ALL SELECT copy + 1 FROM copies "
        f"WHERE copy < :copies) INSERT INTO {table} SELECT {', '.join(values)} FROM copies CROSS JOIN "
        f"(SELECT * FROM {table} LIMIT -1 OFFSET 0) ORDER BY {order}"
    )


def _number(connection: sqlite3.Connection, sql: str) -> int:
    return int(connection.execute(sql).fetchone()[0])
