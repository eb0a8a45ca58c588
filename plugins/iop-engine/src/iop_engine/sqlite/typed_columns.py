"""Columns of typed tables: their names and kinds, and values between JSON and SQL."""

from __future__ import annotations

import json
import re
import sqlite3
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from iop_core.persistent.definitions import Embedded, ModelField
from iop_core.persistent.fields import Missing

JSON = "JSON TEXT"

_KINDS: dict[type, str] = {
    int: "INTEGER",
    float: "REAL",
    bool: "BOOLEAN",
    bytes: "BLOB",
    bytearray: "BLOB",
    list: JSON,
    dict: JSON,
}

# The affinities, as SQLite calls them, that leave every value of a kind as it is.
_SUITABLE = {
    "TEXT": {"TEXT", "BLOB"},
    JSON: {"TEXT", "BLOB"},
    "INTEGER": {"INTEGER", "NUMERIC", "BLOB"},
    "REAL": {"REAL", "INTEGER", "NUMERIC", "BLOB"},
    "BOOLEAN": {"INTEGER", "NUMERIC", "BLOB"},
    "BLOB": {"TEXT", "INTEGER", "REAL", "NUMERIC", "BLOB"},
}

# Computed columns came with this version of SQLite; without them the JSON column is all there is.
_HAS_COMPUTED_COLUMNS = sqlite3.sqlite_version_info >= (3, 31)


@dataclass(frozen=True, slots=True)
class Column:
    """Where one field is kept.

    Attributes:
        name: Of the column.
        field: Name of the field.
        kind: Type of the column, as declared.
        is_indexed: Whether it gets an index.
        default: Value, as plain JSON, of rows that were written before the column was there.
    """

    name: str
    field: str
    kind: str
    is_indexed: bool = False
    default: object = None

    def fits(self, declared: str) -> bool:
        """Return whether a column that is declared with this type keeps the values as they are."""
        return _affinity(declared) in _SUITABLE[self.kind]


def column_of(field: ModelField) -> Column:
    """Return the column of a field."""
    options = field.options
    has_default = options.default is not Missing or options.default_factory in (list, dict)
    return Column(
        field.column,
        field.name,
        _kind_of(field),
        options.index or options.unique or options.primary_key,
        field.type.encode(field.default_value()) if has_default else None,
    )


def computed_columns(fields: Iterable[ModelField]) -> Iterator[tuple[str, str]]:
    """Yield name and definition of a column for each single value inside of a model."""
    if not _HAS_COMPUTED_COLUMNS:
        return
    for field in fields:
        if isinstance(field.type, Embedded):
            for names, kind in _leaves(field.type, ()):
                path = "$" + "".join(f'."{name}"' for name in names)
                source = f"json_extract({quote(field.column)}, '{path}')"
                yield "_".join((field.column, *names)), f"{kind} GENERATED ALWAYS AS ({source}) VIRTUAL"


def _leaves(model: Embedded, parents: tuple[type, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    for field in model.definition.fields.values():
        if not field.options.is_stored:
            continue
        if not isinstance(field.type, Embedded):
            # Binary values are text in JSON.
            yield (field.name,), _kind_of(field).replace("BLOB", "TEXT")
        elif field.type.model_class not in (model.model_class, *parents):  # a model may contain itself
            for names, kind in _leaves(field.type, (model.model_class, *parents)):
                yield (field.name, *names), kind


def _kind_of(field: ModelField) -> str:
    return JSON if isinstance(field.type, Embedded) else _KINDS.get(field.type.python_type, "TEXT")


def _affinity(declared: str) -> str:
    """Return what SQLite makes of the declared type of a column; the rules are those of its documentation."""
    text = declared.upper()
    if "INT" in text:
        return "INTEGER"
    if re.search("CHAR|CLOB|TEXT", text):
        return "TEXT"
    if "BLOB" in text or not text:
        return "BLOB"
    return "REAL" if re.search("REAL|FLOA|DOUB", text) else "NUMERIC"


def to_sql(kind: str, value: object) -> object:
    """Return a value of plain JSON as it is kept in a column."""
    if value is None:
        return None
    if kind == JSON:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return b64decode(value) if kind == "BLOB" and isinstance(value, str) else value


def from_sql(kind: str, value: object) -> object:
    """Return the value of a column as plain JSON; what somebody else wrote there comes back as it is."""
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    if kind == "BOOLEAN" and isinstance(value, int):
        return bool(value)
    if kind == JSON and isinstance(value, str):
        try:
            return cast("object", json.loads(value))
        except ValueError:
            return value
    return value


def quote(name: str) -> str:
    """Return a name as SQL takes it, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'


def literal(connection: sqlite3.Connection, column: Column) -> str:
    """Return the DEFAULT clause of a column that is added; empty for none."""
    value = to_sql(column.kind, column.default)
    if value is None or (isinstance(value, str) and "\0" in value):  # which SQL text cannot spell
        return ""
    return f" DEFAULT {connection.execute('SELECT quote(?)', (value,)).fetchone()[0]}"
