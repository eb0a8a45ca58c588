"""The control socket of a running engine."""

from __future__ import annotations

import errno
import logging
import os
import secrets
import socket
import threading
import time

from iop_core.errors import BackendError, BackendUnavailableError
from iop_engine.control.address_file import AddressFile, ControlAddress
from iop_engine.control.calls import Functions, serve_calls
from iop_engine.control.connections import Connections
from iop_engine.control.handshake import welcome

_LOG = logging.getLogger("iop.engine.control")

LOOPBACK = "127.0.0.1"
TOKEN_BYTES = 32
_PAUSE_SECONDS = 0.05


class ControlServer:
    """Listens on loopback and lets clients that know the token call functions.

    A client that misbehaves loses its connection and nothing else happens.

    Args:
        functions: What can be called.
        file: Where the address is written to.

    Raises:
        BackendError: The socket cannot be opened, or the address cannot be written.
    """

    def __init__(self, functions: Functions, file: AddressFile) -> None:
        self._functions = functions
        self._file = file
        self._connections = Connections()
        self._is_closed = False
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._listener.bind((LOOPBACK, 0))
            self._listener.listen(4096)
            port: int = self._listener.getsockname()[1]
            self._address = ControlAddress(port, os.getpid(), secrets.token_bytes(TOKEN_BYTES))
            file.write(self._address)
        except OSError as exc:
            self._listener.close()
            raise BackendError(f"the control socket cannot be opened: {exc.strerror or exc}") from exc
        self._thread = threading.Thread(target=self._accept, name="iop-control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Remove the address and end all connections, but for the request in hand of this thread; repeatable."""
        self._is_closed = True
        self._file.remove(self._address)
        self._connections.close()
        try:
            # Nothing but a connection ends a wait for one on every system.
            socket.create_connection((LOOPBACK, self._address.port), timeout=1).close()
        except OSError:
            pass  # the listener is closed already
        self._thread.join(timeout=5)

    def _accept(self) -> None:
        with self._listener:
            while not self._is_closed:
                try:
                    connection, _ = self._listener.accept()
                except OSError as exc:
                    if exc.errno not in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ECONNABORTED):
                        _LOG.error("the control socket is closed: %s", exc)
                        return
                    time.sleep(_PAUSE_SECONDS)  # this process has too many files open; others close soon
                    continue
                if not self._connections.admit(connection):
                    connection.close()
                    continue
                try:
                    threading.Thread(
                        target=self._serve, args=(connection,), name="iop-control-client", daemon=True
                    ).start()
                except RuntimeError:  # no more threads
                    self._connections.drop(connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            welcome(connection, self._address.token)
            if self._connections.trust(connection):
                serve_calls(connection, self._functions)
        except (BackendUnavailableError, OSError) as exc:
            _LOG.debug("a client of the control socket is gone: %s", exc)
        except Exception:  # noqa: BLE001 - boundary: a client must never end the engine
            _LOG.exception("a client of the control socket had to go")
        finally:
            self._connections.drop(connection)
