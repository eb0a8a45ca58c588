"""What is deployed on a server."""

from __future__ import annotations

from contextlib import AbstractContextManager

from iop_backend_rest.answers import object_of, rows_of
from iop_backend_rest.connection import Connection
from iop_backend_rest.records import registration_of
from iop_backend_rest.running import default_production
from iop_backend_rest.unsupported import unsupported
from iop_core.deployments import (
    ComponentRegistration,
    DeploymentChange,
    DeploymentOptions,
    Deployments,
    DeploymentTransaction,
    Export,
    normal_export,
)


class RestDeployments(Deployments):
    """Reads what is deployed; changes the default production and removes bindings, and nothing else.

    Args:
        connection: To the server.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def production_names(self) -> list[str]:
        """Return the names of the productions of the namespace, sorted."""
        return sorted(object_of(self._connection.get("/list"), "the list of productions"))

    def export_production(self, name: str) -> Export:
        """Return a production as ``{name: {...}}``."""
        said = object_of(self._connection.get("/export", production=name), f"the export of {name!r}")
        key = next(iter(said), name)
        return normal_export(str(key) if key != "Production" else name, {key: said[key]} if said else {name: {}})

    def options(self, name: str) -> DeploymentOptions:
        """Return the defaults: the API does not tell them."""
        return DeploymentOptions()

    def components(self) -> list[ComponentRegistration]:
        """Return the registered components, sorted by their names on IRIS."""
        rows = rows_of(self._connection.get("/bindings"), "the bindings")
        return sorted((registration_of(row) for row in rows), key=lambda found: found.iris_name)

    def schemas(self) -> dict[str, str]:
        """Say that the API has no schemas."""
        raise unsupported("show the schemas of messages")

    def default_production(self) -> str:
        """Return the name of the default production; empty when none was chosen."""
        return default_production(self._connection)

    def transaction(self, *, actor: str, reason: str) -> AbstractContextManager[DeploymentTransaction]:
        """Say that the API changes what is deployed by migration only."""
        raise unsupported(
            "register single classes, deploy single productions or apply plans (migrate a settings file instead)"
        )

    def changes(self, *, limit: int | None = None) -> list[DeploymentChange]:
        """Say that the API has no list of changes."""
        raise unsupported("show who changed what")

    def unregister_component(self, iris_name: str, *, actor: str, reason: str) -> None:
        """Forget a registered class; the server writes down who is logged in, not ``actor``."""
        self._connection.send("DELETE", "/binding", query={"class": iris_name, "reason": reason})

    def set_default_production(self, name: str, *, actor: str, reason: str) -> None:
        """Choose the default production; the server writes down who is logged in, not ``actor``."""
        self._connection.send("PUT", "/default", query={"reason": reason}, body={"production": name})
