"""Bodies of persistent messages in tables of their own, one column per field.

The table has the name of the class on IRIS; its id column holds the id of the body. A model
inside of a message and a collection are JSON, and each single value inside of a model has a
computed column besides it (``ShipTo_City``). What a table cannot hold as it is (a field that
became another type) stays in the row of the body as a whole: no message is refused or changed
because of its table.

``typed_tables`` says which table and columns belong to a class, so that bodies can be read where
the class is not known.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, cast

from iop_core.errors import StoreError
from iop_core.headers import Body
from iop_core.persistent.classes import PersistentSchema, find_schema
from iop_engine.sqlite.typed_columns import Column, column_of, computed_columns, from_sql, literal, quote, to_sql

SERIALIZER = "persistent"

_LOG = logging.getLogger("iop.engine")

_REGISTER = """
CREATE TABLE IF NOT EXISTS typed_tables (
    class_name TEXT NOT NULL,
    table_name TEXT NOT NULL,
    id_column TEXT NOT NULL,
    columns TEXT NOT NULL,
    PRIMARY KEY (class_name, table_name)
)
"""


class _Live(NamedTuple):
    """A column that a table has."""

    name: str
    type: str
    is_id: bool
    is_computed: bool


@dataclass(frozen=True, slots=True)
class _Table:
    """How bodies of one class are written.

    Attributes:
        insert: The statement: the id, then a value for each column.
        columns: The columns that are written.
        misfits: Fields that have no column which could hold them.
    """

    insert: str
    columns: tuple[Column, ...]
    misfits: frozenset[str] = frozenset()


class TypedTables:
    """Writes bodies into their tables, which it makes and extends; all inside of the caller's transaction.

    Args:
        connection: The writing connection.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._tables: dict[str, _Table | None] = {}

    def keep(self, body: Body) -> Body:
        """Write the fields of a body into its table and return what is left for the row of the body.

        Anything but the body of a persistent message comes back as it is.
        """
        if body.serializer != SERIALIZER:
            return body
        if body.class_name not in self._tables:
            self._tables[body.class_name] = self._prepare(body.class_name)
        table = self._tables[body.class_name]
        if table is None:
            return body
        values: dict[str, object] = json.loads(body.payload)
        row = [to_sql(column.kind, values.pop(column.field, None)) for column in table.columns]
        self._connection.execute(table.insert, (body.body_id, *row))
        is_complete = not any(value is not None for value in values.values())
        return body._replace(payload=b"") if is_complete else body

    def forget(self) -> None:
        """Look at all tables anew: the transaction that made or extended some was undone."""
        self._tables.clear()

    def _prepare(self, class_name: str) -> _Table | None:
        """Make the table of a class ready; None when its bodies go nowhere but into their own rows."""
        self._connection.execute(_REGISTER)
        schema = find_schema(class_name)
        if schema is None:
            return self._known_table(class_name)
        live = self._live_columns(schema.name)
        if not live and not schema.may_sync:
            _LOG.error("%s", missing_table(class_name, schema))
            return None
        wanted = [column_of(field) for field in schema.fields]
        if not live:
            self._create(schema, wanted)
        elif schema.may_sync:
            self._extend(schema, wanted, live)
        return self._settle(class_name, schema, wanted)

    def _create(self, schema: PersistentSchema, wanted: Iterable[Column]) -> None:
        wanted = list(wanted)
        taken = {column.name.casefold() for column in wanted}
        # As on IRIS: a field of that name comes first.
        id_column = next(name for name in ("ID", *(f"ID{n}" for n in range(1, 1000))) if name.casefold() not in taken)
        declared = [f"{quote(id_column)} INTEGER PRIMARY KEY", *(f"{quote(c.name)} {c.kind}" for c in wanted)]
        self._connection.execute(f"CREATE TABLE {quote(schema.name)} ({', '.join(declared)})")
        self._add_computed(schema, {id_column.casefold(), *taken})
        self._add_indexes(schema, wanted)

    def _extend(self, schema: PersistentSchema, wanted: Iterable[Column], live: Mapping[str, _Live]) -> None:
        missing = [column for column in wanted if column.name.casefold() not in live]
        for column in missing:
            default = literal(self._connection, column)
            self._connection.execute(
                f"ALTER TABLE {quote(schema.name)} ADD COLUMN {quote(column.name)} {column.kind}{default}"
            )
        self._add_computed(schema, {*live, *(column.name.casefold() for column in missing)})
        self._add_indexes(schema, missing)

    def _add_computed(self, schema: PersistentSchema, taken: set[str]) -> None:
        for name, definition in computed_columns(schema.fields):
            if name.casefold() not in taken:
                taken.add(name.casefold())
                self._connection.execute(f"ALTER TABLE {quote(schema.name)} ADD COLUMN {quote(name)} {definition}")

    def _add_indexes(self, schema: PersistentSchema, columns: Iterable[Column]) -> None:
        # Never unique ones: a message that is passed on is stored once per receiver.
        for column in columns:
            if column.is_indexed:
                index, table = quote(f"{schema.name} by {column.name}"), quote(schema.name)
                self._connection.execute(f"CREATE INDEX IF NOT EXISTS {index} ON {table} ({quote(column.name)})")

    def _settle(self, class_name: str, schema: PersistentSchema, wanted: Iterable[Column]) -> _Table:
        """Note the columns of a class and return how it is written."""
        live = self._live_columns(schema.name)
        id_column = next((column.name for column in live.values() if column.is_id), "rowid")
        known = _layout(self._connection, class_name, schema.name)
        fitting: list[Column] = []
        misfits: list[str] = []
        for column in wanted:
            found = live.get(column.name.casefold())
            earlier = known.get(found.name) if found else None
            is_same = earlier is None or earlier == [column.field, column.kind]
            if found and is_same and not found.is_computed and not found.is_id and column.fits(found.type):
                fitting.append(replace(column, name=found.name))
            else:
                misfits.append(column.field)
        if misfits:
            _LOG.warning(
                "the table %r has no column that can hold %s of %s as now declared; such messages are kept whole with "
                "their header. A live column is never changed: rename the field, or give it another column with "
                "Field(sql_field_name=...)",
                schema.name,
                ", ".join(misfits),
                class_name,
            )
        layout = {**known, **{column.name: [column.field, column.kind] for column in fitting}}
        self._connection.execute(
            "INSERT OR REPLACE INTO typed_tables VALUES (?, ?, ?, ?)",
            (class_name, schema.name, id_column, json.dumps(layout)),
        )
        self._follow_bodies(schema.name, id_column)
        return _Table(_insert(schema.name, id_column, fitting), tuple(fitting), frozenset(misfits))

    def _follow_bodies(self, table: str, id_column: str) -> None:
        """Have the rows of a table go with their bodies, whoever removes those."""
        delete = f"DELETE FROM {quote(table)} WHERE {quote(id_column)} = old.id"  # noqa: S608
        self._connection.execute(
            f"CREATE TRIGGER IF NOT EXISTS {quote(f'{table} follows bodies')} AFTER DELETE ON bodies "
            f"WHEN old.serializer = '{SERIALIZER}' BEGIN {delete}; END"
        )

    def _known_table(self, class_name: str) -> _Table | None:
        """Return the table of a class that is not loaded here, as an earlier run left it."""
        sql = "SELECT table_name, id_column FROM typed_tables WHERE class_name = ? ORDER BY rowid DESC LIMIT 1"
        row = self._connection.execute(sql, (class_name,)).fetchone()
        if row is None:
            return None
        live = self._live_columns(row[0])
        layout = _layout(self._connection, class_name, row[0]).items()
        columns = [Column(name, field, kind) for name, (field, kind) in layout if name.casefold() in live]
        return _Table(_insert(row[0], row[1], columns), tuple(columns)) if live else None

    def _live_columns(self, table: str) -> dict[str, _Live]:
        return live_columns(self._connection, table)


def live_columns(connection: sqlite3.Connection, table: str) -> dict[str, _Live]:
    """Return the columns of a table by their names in lower case; none when there is no such table."""
    rows = connection.execute("SELECT name, type, pk, hidden FROM pragma_table_xinfo(?)", (table,))
    return {name.casefold(): _Live(name, kind, bool(pk), bool(hidden)) for name, kind, pk, hidden in rows}


def missing_table(class_name: str, schema: PersistentSchema) -> StoreError:
    """Return the error that says that a class may not make its table."""
    return StoreError(
        f"there is no table {schema.name!r} for {class_name}, and the class does not let it be made (Meta.mode is "
        "'observe', or Meta.auto_sync is off); make the table, or use the mode 'extend'"
    )


def check_class(connection: sqlite3.Connection, class_name: str) -> None:
    """Refuse a persistent message class whose table is missing and may not be made.

    Raises:
        StoreError: That is so.
    """
    schema = find_schema(class_name)
    if schema is not None and not schema.may_sync and not live_columns(connection, schema.name):
        raise missing_table(class_name, schema)


def restored(connection: sqlite3.Connection, body: Body) -> Body:
    """Return a body with its payload, made from its row where it is in a table of its own.

    A body whose row is gone keeps an empty payload, which its serializer reports.
    """
    if body.serializer != SERIALIZER or body.payload:
        return body
    sql = "SELECT table_name, id_column FROM typed_tables WHERE class_name = ? ORDER BY rowid DESC"
    for table, id_column in connection.execute(sql, (body.class_name,)).fetchall():
        if not live_columns(connection, table):
            continue  # somebody dropped it
        found = connection.execute(f"SELECT * FROM {quote(table)} WHERE {quote(id_column)} = ?", (body.body_id,))  # noqa: S608
        row = found.fetchone()
        if row is not None:
            layout = _layout(connection, body.class_name, table)
            cells = ((layout.get(name), value) for (name, *_), value in zip(found.description, row, strict=True))
            values = {known[0]: from_sql(known[1], value) for known, value in cells if known is not None}
            payload = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
            return body._replace(payload=payload.encode("utf-8", "backslashreplace"))
    return body


def _layout(connection: sqlite3.Connection, class_name: str, table: str) -> dict[str, list[str]]:
    """Return column name to field and kind, as noted for a class."""
    sql = "SELECT columns FROM typed_tables WHERE class_name = ? AND table_name = ?"
    row = connection.execute(sql, (class_name, table)).fetchone()
    return cast("dict[str, list[str]]", json.loads(row[0])) if row else {}


def _insert(table: str, id_column: str, columns: Iterable[Column]) -> str:
    names = [quote(id_column), *(quote(column.name) for column in columns)]
    return f"INSERT INTO {quote(table)} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608
