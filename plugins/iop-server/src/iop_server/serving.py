"""Listening: the web application on a port of this machine."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import uvicorn

from iop_core.errors import BackendUnavailableError, ConfigurationError

if TYPE_CHECKING:
    from starlette.applications import Starlette


class Listener:
    """A web application on a port.

    Args:
        application: The application.
        host: Address to listen on.
        port: Port; 0: any free one.
        certificate: File with the certificate chain; None: no TLS.
        key: File with its private key; None: it is in the file of the certificate.

    Raises:
        BackendUnavailableError: The port cannot be used.
        ConfigurationError: The certificate or key cannot be used.

    Example:
        >>> with Listener(application, "127.0.0.1", 0) as listener:  # doctest: +SKIP
        ...     print(listener.url)
        http://127.0.0.1:40123
    """

    def __init__(
        self,
        application: Starlette,
        host: str,
        port: int,
        *,
        certificate: Path | None = None,
        key: Path | None = None,
    ) -> None:
        config = uvicorn.Config(
            application,
            log_config=None,  # who serves decides about logging
            access_log=False,  # queries may hold what is not for a log
            server_header=False,
            limit_concurrency=200,
            timeout_keep_alive=10,
            timeout_graceful_shutdown=10,
            ws="none",
            lifespan="off",
        )
        config.load()
        if certificate is not None:
            config.ssl = _tls(certificate, key)
        try:
            self._socket = _listening_socket(host, port)
        except OSError as exc:
            raise BackendUnavailableError(
                f"cannot listen on {host}, port {port}: {exc.strerror or exc}; choose another with --host and --port"
            ) from exc
        shown = f"[{host}]" if ":" in host else host
        scheme = "http" if certificate is None else "https"
        self.url = f"{scheme}://{shown}:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(config)
        self._thread: threading.Thread | None = None

    def serve(self) -> None:
        """Answer requests until a signal to stop; for the main thread."""
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._socket.close()

    def __enter__(self) -> Listener:
        """Answer requests in another thread until the block ends."""
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="iop-server", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
        self._socket.close()


def _listening_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without the protocol asyncio does not switch off Nagle's algorithm, and each answer takes 40 ms longer.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(2048)
    except BaseException:
        made.close()
        raise
    return made


def _tls(certificate: Path, key: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ssl.SSLError, ValueError) as exc:
        raise ConfigurationError(
            f"the certificate {str(certificate)!r} and its key cannot be used: {exc}; give PEM files, the key without "
            "a passphrase"
        ) from exc
    return context


def _no_password() -> str:
    raise ValueError("the key has a passphrase")
