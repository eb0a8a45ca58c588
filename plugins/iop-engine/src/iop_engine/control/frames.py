"""Frames: pieces of bytes of known length on a socket, with limits on their size and time.

``multiprocessing.connection`` was not taken: it waits without a limit for the rest of a
piece, and answers one stranger after the other, so that one who says nothing holds up all.
"""

from __future__ import annotations

import socket
import struct
import time

from iop_core.errors import BackendError, BackendUnavailableError

_LENGTH = struct.Struct(">I")

# A message travels as base64 inside JSON, a third longer than it is.
LARGEST_FRAME_BYTES = 256 * 1024 * 1024
# How long the rest of a frame may take once it has begun.
FRAME_SECONDS = 30.0


class BrokenFrameError(BackendUnavailableError):
    """The other end closed the connection, was too slow, or does not speak the protocol."""


def send_frame(connection: socket.socket, content: bytes) -> None:
    """Send a frame.

    Raises:
        BackendError: It is too long; nothing was sent.
        BrokenFrameError: The other end is gone, or does not read.
    """
    if len(content) > LARGEST_FRAME_BYTES:
        raise BackendError(
            f"{len(content)} bytes are too many for the control socket; at most {LARGEST_FRAME_BYTES} are allowed. Ask "
            "for less at a time"
        )
    connection.settimeout(FRAME_SECONDS)
    try:
        connection.sendall(_LENGTH.pack(len(content)) + content)
    except OSError as exc:
        raise BrokenFrameError(f"the other end of the control socket does not read: {exc}") from exc


def receive_frame(
    connection: socket.socket, *, wait_seconds: float | None, largest_bytes: int = LARGEST_FRAME_BYTES
) -> bytes:
    """Return the next frame.

    Args:
        connection: The connection.
        wait_seconds: How long to wait for its beginning; None: for ever.
        largest_bytes: A longer one is refused before any of it is read.

    Raises:
        BrokenFrameError: None came in time, the connection ended, or it is too long.
    """
    head = _receive(connection, 1, None if wait_seconds is None else time.monotonic() + wait_seconds)
    deadline = time.monotonic() + FRAME_SECONDS
    (length,) = _LENGTH.unpack(head + _receive(connection, _LENGTH.size - 1, deadline))
    if length > largest_bytes:
        raise BrokenFrameError(f"{length} bytes were announced on the control socket; {largest_bytes} are allowed")
    return _receive(connection, length, deadline)


def _receive(connection: socket.socket, size: int, deadline: float | None) -> bytes:
    # Grows with what arrives: who announces much and sends little takes no memory.
    received = bytearray()
    try:
        while len(received) < size:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError("no answer in time")
            connection.settimeout(left)
            piece = connection.recv(min(size - len(received), 1 << 20))
            if not piece:
                raise ConnectionError("it was closed")
            received += piece
    except OSError as exc:
        raise BrokenFrameError(f"the connection to the control socket failed: {exc}") from exc
    return bytes(received)
