"""Values between the engine's process and a child of it, over a pair of connected sockets."""

from __future__ import annotations

import pickle
import socket
import struct
import threading
from typing import Any

from iop_core.errors import BackendError

_LENGTH = struct.Struct("<Q")
_PIECE_BYTES = 1 << 16


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
        self._received = b""
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
        try:
            (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
            content = self._read(length)
        except OSError as exc:
            raise ChannelClosedError(f"the other process is gone: {exc}") from exc
        return pickle.loads(content)  # noqa: S301 - from our own parent or child

    def end(self) -> None:
        """Have both sides receive nothing more; may be called from any thread, repeatable."""
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has ended already

    def close(self) -> None:
        """Give the socket back; nobody may be using it."""
        self._connection.close()

    def _read(self, size: int) -> bytes | bytearray:
        """Return the next bytes; a short frame comes whole with the first call."""
        received = self._received
        if size > _PIECE_BYTES:
            return self._read_long(size)
        while len(received) < size:
            piece = self._connection.recv(_PIECE_BYTES)
            if not piece:
                raise ConnectionError("it was closed")
            received += piece
        self._received = received[size:]
        return received[:size]

    def _read_long(self, size: int) -> bytearray:
        content = bytearray(size)
        done = len(self._received)
        content[:done] = self._received
        self._received = b""
        view = memoryview(content)
        while done < size:
            count = self._connection.recv_into(view[done:])
            if not count:
                raise ConnectionError("it was closed")
            done += count
        return content
