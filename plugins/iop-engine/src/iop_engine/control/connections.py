"""How many clients there are, and who has to go when there are too many."""

from __future__ import annotations

import socket
import threading

# Strangers have not shown yet that they know the token; the one who has been longest goes first.
MOST_STRANGERS = 32
MOST_CLIENTS = 200


class Connections:
    """The open connections of a server; for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._strangers: dict[socket.socket, None] = {}
        self._clients: dict[socket.socket, int] = {}
        self._is_closed = False

    def admit(self, connection: socket.socket) -> bool:
        """Take a stranger in, for whom another may have to go; False when the server is closed."""
        with self._lock:
            if self._is_closed:
                return False
            while len(self._strangers) >= MOST_STRANGERS:
                oldest = next(iter(self._strangers))
                del self._strangers[oldest]
                _shut(oldest)
            self._strangers[connection] = None
            return True

    def trust(self, connection: socket.socket) -> bool:
        """Make a stranger a client, served by this thread; False when there are too many, or it had to go."""
        with self._lock:
            if connection not in self._strangers or len(self._clients) >= MOST_CLIENTS:
                return False
            del self._strangers[connection]
            self._clients[connection] = threading.get_ident()
            return True

    def drop(self, connection: socket.socket) -> None:
        """Forget a connection and close it; repeatable."""
        with self._lock:
            self._strangers.pop(connection, None)
            self._clients.pop(connection, None)
        connection.close()

    def close(self) -> None:
        """End all connections but that of the client whose request is this one; admit no more."""
        with self._lock:
            self._is_closed = True
            own = threading.get_ident()
            for connection in [*self._strangers, *(each for each, thread in self._clients.items() if thread != own)]:
                _shut(connection)


def _shut(connection: socket.socket) -> None:
    """Have the thread that waits on a connection find it ended; that thread closes it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it ended by itself
