"""The server itself: restarting, connections, queues, bindings, migrating a project."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from iop_backend_rest.answers import json_of, object_of, rows_of
from iop_backend_rest.atelier import send_classes
from iop_backend_rest.connection import Connection
from iop_backend_rest.records import binding_of
from iop_backend_rest.unsupported import unsupported
from iop_core.server_errors import ServerError
from iop_core.servers import ProductionServer, ProjectUpload

# The server runs the code of the project and starts what changed before it answers.
MIGRATION_SECONDS = 600.0


class RestServer(ProductionServer):
    """Implements ``ProductionServer`` over the REST API v1, and over that of Atelier for classes.

    Args:
        connection: To the server.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def restart_production(self) -> None:
        """Stop what runs and start it, or start the default production."""
        self._connection.post("/restart")

    def connections(self, production: str) -> dict[str, Any]:
        """Return which items of a production lead to which."""
        return object_of(self._connection.get("/connections", production=production), "the connections")

    def queue_info(self, production: str) -> dict[str, Any]:
        """Return what waits in the queues of a production."""
        return object_of(self._connection.get("/queues", production=production), "the queues")

    def bindings(self, *, unused_only: bool = False) -> list[dict[str, Any]]:
        """Return the registered components, one dictionary each."""
        query: dict[str, str | int] = {"unused": 1} if unused_only else {}
        rows = rows_of(self._connection.get("/bindings", **query), "the bindings")
        return [binding_of(row) for row in rows]

    def upload(self, project: ProjectUpload) -> Mapping[str, Any]:
        """Send the source of a project and have it migrated there."""
        connection = self._connection
        if project.dry_run and not object_of(connection.get("/version"), "the version").get("server"):
            # Any other server would not know the word, and deploy.
            raise unsupported("check a project without deploying it")
        response = connection.exchange(
            "PUT",
            "/api/iop/migrate",
            query={"namespace": connection.namespace, **({"reason": project.reason} if project.reason else {})},
            body={
                "namespace": connection.namespace,
                "package": project.package,
                "remote_folder": project.remote_folder,
                "settings_file": project.settings_file,
                "strict_production_validation": project.strict,
                **({"dry_run": True} if project.dry_run else {}),
                "body": [{"name": name, "data": text} for name, text in project.files],
            },
            timeout_seconds=max(MIGRATION_SECONDS, connection.timeout_seconds),
        )
        asked = f"PUT {connection.url}/api/iop/migrate"
        if response.is_success and not response.content.strip():
            return {}  # an IRIS says nothing when it went well
        found: object = json_of(response, asked)
        said = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
        if said.get("errors"):
            raise ServerError(f"{asked}: {said.get('summary') or said['errors']}", status=response.status_code)
        return said

    def set_up(self, folder: Path) -> list[str]:
        """Send the class files of a folder to an IRIS and have them compiled."""
        return send_classes(self._connection, folder)
