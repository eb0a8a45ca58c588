"""Reading and changing what is deployed, within one transaction of the file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from iop_core.deployments import (
    ComponentRegistration,
    DeploymentChange,
    DeploymentOptions,
    DeploymentReader,
    DeploymentTransaction,
    Export,
    normal_export,
    users_of,
)
from iop_core.errors import ComponentInUseError, DeploymentError, UnknownDeploymentError


class DeploymentTables(DeploymentReader):
    """What is deployed in one namespace.

    Names on IRIS do not differ by case: rows are found by the name in lower case.

    Args:
        connection: Open, in a transaction.
        namespace: The namespace; upper and lower case are the same.
    """

    def __init__(self, connection: sqlite3.Connection, namespace: str) -> None:
        self._connection = connection
        self._namespace = namespace.lower()

    def production_names(self) -> list[str]:
        """Return the names of the deployed productions, sorted."""
        return [name for (name,) in self._rows("SELECT name FROM productions WHERE namespace = ? ORDER BY key")]

    def export_production(self, name: str) -> Export:
        """Return a deployed production as ``{name: {...}}``."""
        export: Export = json.loads(self._production(name)[0])
        return export

    def options(self, name: str) -> DeploymentOptions:
        """Return what a deployed production has besides its export."""
        _, serializer, allowed = self._production(name)
        return DeploymentOptions(serializer, tuple(json.loads(allowed)))

    def components(self) -> list[ComponentRegistration]:
        """Return all registered classes, sorted by their names on IRIS."""
        rows = self._rows(
            "SELECT iris_name, module, class_name, path, kind, adapter, defaults, secrets FROM components "
            "WHERE namespace = ? ORDER BY key"
        )
        return [
            ComponentRegistration(
                name, module, class_name, path, kind, adapter, json.loads(defaults), tuple(json.loads(secrets))
            )
            for name, module, class_name, path, kind, adapter, defaults, secrets in rows
        ]

    def schemas(self) -> dict[str, str]:
        """Return the JSON schemas of messages."""
        return dict(self._rows("SELECT name, schema FROM schemas WHERE namespace = ? ORDER BY name"))

    def default_production(self) -> str:
        """Return the name of the default production; empty when none was chosen."""
        found = self._rows("SELECT name FROM default_productions WHERE namespace = ?")
        return str(found[0][0]) if found else ""

    def changes(self, *, limit: int | None = None) -> list[DeploymentChange]:
        """Return the list of changes, oldest first; with ``limit`` the newest that many."""
        rows = self._rows(
            "SELECT id, time, actor, reason, action, subject FROM changes WHERE namespace = ? ORDER BY id DESC LIMIT ?",
            -1 if limit is None else limit,
        )
        return [DeploymentChange(row[0], datetime.fromisoformat(row[1]), *row[2:]) for row in reversed(rows)]

    def _production(self, name: str) -> tuple[str, str, str]:
        found = self._rows(
            "SELECT export, serializer, allowed_serializers FROM productions WHERE namespace = ? AND key = ?",
            name.lower(),
        )
        if not found:
            raise UnknownDeploymentError("production", name, self.production_names())
        export, serializer, allowed = found[0]
        return export, serializer, allowed

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, (self._namespace, *values)).fetchall()


class DeploymentWriter(DeploymentTables, DeploymentTransaction):
    """Changes what is deployed in one namespace; every change becomes an entry of the list.

    Args:
        connection: Open, in a transaction that writes.
        namespace: The namespace.
        actor: Who asks for the changes.
        reason: Why.
        time: When (UTC).

    Attributes:
        made: What was changed, in words.
    """

    def __init__(
        self, connection: sqlite3.Connection, namespace: str, *, actor: str, reason: str, time: datetime
    ) -> None:
        super().__init__(connection, namespace)
        self._note = (time.isoformat(), actor, reason)
        self.made: list[str] = []

    def replace_production(
        self, name: str, export: Mapping[str, Any], options: DeploymentOptions | None = None
    ) -> None:
        """Deploy a production in place of the one of that name, if there is one."""
        normal = normal_export(name, export)
        if options is None:
            options = self.options(name) if name.lower() in map(str.lower, self.production_names()) else None
        options = options or DeploymentOptions()
        self._write(
            "INSERT OR REPLACE INTO productions VALUES (?, ?, ?, ?, ?, ?)",
            name.lower(),
            name,
            _json(normal, f"the export of {name!r}"),
            options.serializer,
            _json(list(options.allowed_serializers), "allowed_serializers"),
        )
        self._record("replace production", name)

    def delete_production(self, name: str) -> None:
        """Remove a production; it is no longer the default one either."""
        self._production(name)
        self._write("DELETE FROM productions WHERE namespace = ? AND key = ?", name.lower())
        if self.default_production().lower() == name.lower():
            self._write("DELETE FROM default_productions WHERE namespace = ?")
        self._record("delete production", name)

    def register_component(self, registration: ComponentRegistration) -> None:
        """Let a Python class stand for a class on IRIS, in place of another if there is one."""
        given = registration
        self._write(
            "INSERT OR REPLACE INTO components VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            given.iris_name.lower(),
            given.iris_name,
            given.module,
            given.class_name,
            given.path,
            given.kind,
            given.adapter,
            _json(dict(given.defaults), f"the defaults of {given.iris_name!r}"),
            _json(list(given.secrets), f"the secrets of {given.iris_name!r}"),
        )
        self._record("register component", given.iris_name)

    def unregister_component(self, iris_name: str) -> None:
        """Forget a registered class; its Python source stays."""
        names = [registration.iris_name for registration in self.components()]
        if iris_name.lower() not in map(str.lower, names):
            raise UnknownDeploymentError("class", iris_name, names)
        users = users_of(self).get(iris_name.lower())
        if users:
            raise ComponentInUseError(iris_name, users)
        self._write("DELETE FROM components WHERE namespace = ? AND key = ?", iris_name.lower())
        self._record("unregister component", iris_name)

    def put_schema(self, name: str, schema: str) -> None:
        """Keep the JSON schema of a message class, in place of an earlier one."""
        self._write("INSERT OR REPLACE INTO schemas VALUES (?, ?, ?)", name, schema)
        self._record("put schema", name)

    def set_default_production(self, name: str) -> None:
        """Choose the production that is meant when none is named; empty: none."""
        self._write("DELETE FROM default_productions WHERE namespace = ?")
        if name:
            (known,) = self.export_production(name)
            self._write("INSERT INTO default_productions VALUES (?, ?)", known)
        self._record("set default production", name)

    def _write(self, statement: str, *values: object) -> None:
        self._connection.execute(statement, (self._namespace, *values))

    def _record(self, action: str, subject: str) -> None:
        statement = "INSERT INTO changes (namespace, time, actor, reason, action, subject) VALUES (?, ?, ?, ?, ?, ?)"
        self._write(statement, *self._note, action, subject)
        self.made.append(f"{action} {subject}".rstrip())


def _json(value: object, place: str) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as exc:
        raise DeploymentError(f"{place} holds what JSON cannot: {exc}; use text") from exc
