"""The backends ``http`` and ``https``."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import ClassVar, cast

from iop_backend_rest.connection import Connection
from iop_backend_rest.deployments import RestDeployments
from iop_backend_rest.running import RestProduction
from iop_backend_rest.server import RestServer
from iop_backend_rest.unsupported import unsupported
from iop_core.backends import Backend, MessageHistory, RunningProduction, RunOptions, StartOrder, StoreUpkeep
from iop_core.definitions import ProductionDefinition
from iop_core.errors import BackendUnavailableError, ConfigurationError
from iop_core.message_control import MessageControl
from iop_core.remote_settings import RemoteSettings

_NOT_RUNNING = ("Stopped", "Unknown")


class HttpsBackend(Backend):
    """Productions on a server with the REST API v1; the server decides how they run.

    Args:
        settings: Address and login.
    """

    name: ClassVar[str] = "https"
    is_remote: ClassVar[bool] = True

    def __init__(self, settings: RemoteSettings) -> None:
        self._connection = Connection(settings)
        self.location = self._connection.url
        self.namespace = settings.namespace

    @classmethod
    def open(cls, url: str, *, namespace: str) -> HttpsBackend:
        """Open the backend a URL names, without a login."""
        return cls(RemoteSettings(url, namespace=namespace))

    @classmethod
    def open_with(cls, settings: RemoteSettings) -> HttpsBackend:
        """Open the backend that settings name; nothing is sent yet."""
        return cls(settings)

    def history(self) -> MessageHistory:
        """Return what the server tells, whether a production runs there or not."""
        return cast("MessageHistory", RestProduction(self._connection))

    def connect(self) -> RunningProduction:
        """Return the production that runs on the server."""
        running = RestProduction(self._connection)
        status = running.status()
        if status.state in _NOT_RUNNING:
            raise BackendUnavailableError(
                f"no production runs in namespace {self.namespace!r} of {self.location} ({status.state.lower()}); "
                "start one first"
            )
        return cast("RunningProduction", running)

    def run(self, production: ProductionDefinition, options: RunOptions) -> RunningProduction:
        """Say that productions run on the server."""
        raise unsupported(f"run {production.name!r} in this process (migrate its file, then start it there)")

    def start(self, order: StartOrder) -> RunningProduction:
        """Start a production on the server; returns when the server says that it runs."""
        if order.file:
            raise unsupported(f"start the file {order.file} (migrate it, then start its production by name)")
        if order.durability != "full":
            raise ConfigurationError(f"durability {order.durability!r} cannot be asked of a server; leave it out")
        self._connection.post(
            "/start",
            {"production": order.production} if order.production else {},
            timeout_seconds=max(order.timeout_seconds, self._connection.timeout_seconds),
        )
        return cast("RunningProduction", RestProduction(self._connection))

    def last_start(self) -> StartOrder:
        """Say that the server keeps that to itself."""
        raise unsupported("tell how a production was started")

    def kill(self) -> None:
        """Stop what runs by force."""
        self._connection.post("/kill")

    def deployments(self) -> RestDeployments:
        """Return what is deployed on the server."""
        return RestDeployments(self._connection)

    def server(self) -> RestServer:
        """Return what the server does besides."""
        return RestServer(self._connection)

    def message_control(self) -> AbstractContextManager[MessageControl]:
        """Say that the API does nothing to stored messages."""
        raise unsupported("resend, resubmit, abort, discard or suspend messages")

    def upkeep(self) -> AbstractContextManager[StoreUpkeep]:
        """Say that the API does not look after what is stored."""
        raise unsupported("purge or index what is stored")


class HttpBackend(HttpsBackend):
    """The same without TLS, for this machine and for networks that protect it otherwise."""

    name: ClassVar[str] = "http"
