"""Values between the engine's process and a child of it, over a pair of connected sockets."""

from __future__ import annotations

import pickle
import socket
import struct
import threading
from typing import Any

from iop_core.errors import BackendError

_LENGTH = struct.Struct("<Q")


class ChannelClosedError(BackendError):
    """The other process has ended, or is ending."""


class Channel:
    """One end of a connection; any thread may send, one at a time receives.

    Values are pickled: nobody but parent and child has the two ends. A frame goes out with one
    call into C, and the lock is reentrant: so a log call of a ``__del__`` that interrupts a send
    neither waits for itself nor ends up in the middle of a frame.

    Args:
        connection: The socket.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._input = connection.makefile("rb")
        self._turn = threading.RLock()

    def send(self, value: object) -> None:
        """Send a value.

        Raises:
            ChannelClosedError: Nobody reads it.
        """
        content = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        try:
            with self._turn:
                self._connection.sendall(_LENGTH.pack(len(content)) + content)
        except OSError as exc:
            raise ChannelClosedError(f"the other process does not read: {exc}") from exc

    def receive(self) -> Any:
        """Wait for the next value.

        Raises:
            ChannelClosedError: None will come.
        """
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        return pickle.loads(self._read(length))  # noqa: S301 - from our own parent or child

    def end(self) -> None:
        """Have both sides receive nothing more; may be called from any thread, repeatable."""
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has ended already

    def close(self) -> None:
        """Give the socket back; nobody may be using it."""
        self._input.close()
        self._connection.close()

    def _read(self, size: int) -> bytes:
        try:
            content = self._input.read(size)
        except (OSError, ValueError) as exc:
            raise ChannelClosedError(f"the other process is gone: {exc}") from exc
        if len(content) < size:
            raise ChannelClosedError("the other process is gone")
        return content
