"""An MLLP server: one thread accepts, one thread per connection reads and answers.

It knows frames and connections, and nothing of HL7 or of productions: what to answer is
the caller's decision.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from hospital.framing import Frame, FrameReader, wrap

_PIECE_BYTES = 65536
_LOOK_UP_SECONDS = 0.1
"""How often the accepting thread looks whether it has to stop."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a sender may use.

    Attributes:
        message_bytes: Longest message.
        idle_seconds: A connection without a byte for this long is closed.
        connections: Open connections; more are closed at once.
    """

    message_bytes: int
    idle_seconds: float
    connections: int


class MllpServer:
    """Listens from the moment it is made, answers from ``start`` until ``stop``.

    Args:
        address: Host and port.
        limits: What a sender may use.
        answer: Called in the connection's thread with a frame and the peer's address;
            returns the message to send back, None for no answer. The next frame of that
            connection waits for it.
        report: Called with one line about anything unusual.

    Raises:
        OSError: The address cannot be used.
    """

    def __init__(
        self,
        address: tuple[str, int],
        limits: Limits,
        answer: Callable[[Frame, str], bytes | None],
        *,
        report: Callable[[str], None],
    ) -> None:
        self._limits = limits
        self._answer = answer
        self._report = report
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._connections: dict[threading.Thread, socket.socket] = {}
        self._listener = socket.create_server(address, backlog=128)
        self._listener.settimeout(_LOOK_UP_SECONDS)
        self._acceptor = threading.Thread(target=self._accept, name="mllp-accept", daemon=True)

    @property
    def port(self) -> int:
        """The port in use; tells the choice of the system when port 0 was asked for."""
        return int(self._listener.getsockname()[1])

    def start(self) -> None:
        """Begin to accept connections."""
        self._acceptor.start()

    def stop(self, timeout_seconds: float = 10.0) -> None:
        """Take no more input, let each connection answer the message in hand, close all.

        Args:
            timeout_seconds: A connection that is not done by then is cut off.
        """
        self._stopping.set()
        if self._acceptor.is_alive():
            self._acceptor.join()
        self._listener.close()
        with self._lock:
            open_connections = dict(self._connections)
        for connection in open_connections.values():
            # Wakes a thread that waits for input; the answer can still be sent.
            _shut_down(connection, socket.SHUT_RD)
        deadline = time.monotonic() + timeout_seconds
        for thread, connection in open_connections.items():
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                _shut_down(connection, socket.SHUT_RDWR)
                thread.join(1.0)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, address = self._listener.accept()
            except TimeoutError:
                continue
            except OSError as error:
                # Such as too many open files: some may be closed soon.
                self._report(f"a connection could not be accepted: {error}")
                self._stopping.wait(_LOOK_UP_SECONDS)
                continue
            self._admit(connection, f"{address[0]}:{address[1]}")

    def _admit(self, connection: socket.socket, peer: str) -> None:
        with self._lock:
            admitted = len(self._connections) < self._limits.connections
            if admitted:
                thread = threading.Thread(target=self._serve, args=(connection, peer), name=f"mllp {peer}", daemon=True)
                self._connections[thread] = connection
                thread.start()
        if not admitted:
            self._report(f"{peer}: refused, {self._limits.connections} connections are open already")
            connection.close()

    def _serve(self, connection: socket.socket, peer: str) -> None:
        reader = FrameReader(self._limits.message_bytes)
        try:
            with connection:
                connection.settimeout(self._limits.idle_seconds)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._converse(connection, reader, peer)
        except TimeoutError:
            self._report(f"{peer}: closed after {self._limits.idle_seconds:g} s without a byte")
        except OSError as error:
            self._report(f"{peer}: the connection broke: {error}")
        finally:
            self._report_leftovers(reader, peer)
            with self._lock:
                self._connections.pop(threading.current_thread(), None)

    def _report_leftovers(self, reader: FrameReader, peer: str) -> None:
        if reader.pending_bytes:
            self._report(
                f"{peer}: {reader.pending_bytes} bytes of an unfinished message dropped; it was not acknowledged"
            )
        if reader.junk_bytes:
            self._report(f"{peer}: {reader.junk_bytes} bytes outside of MLLP frames dropped")

    def _converse(self, connection: socket.socket, reader: FrameReader, peer: str) -> None:
        while data := connection.recv(_PIECE_BYTES):
            for frame in reader.feed(data):
                if self._stopping.is_set():
                    return
                answer = self._answer(frame, peer)
                if answer is not None:
                    connection.sendall(wrap(answer))


def _shut_down(connection: socket.socket, how: int) -> None:
    try:
        connection.shutdown(how)
    except OSError:
        # Closed by its own thread, or by the peer, in the meantime.
        pass
