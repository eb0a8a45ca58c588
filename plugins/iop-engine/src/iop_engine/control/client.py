"""Calling the engine that runs in another process."""

from __future__ import annotations

import json
import socket
import threading
import weakref
from collections.abc import Iterator
from typing import Any, cast

from iop_core.errors import BackendError, BackendUnavailableError, IopError
from iop_engine.control.address_file import ControlAddress
from iop_engine.control.calls import LAST_PAGE, NEXT_PAGE
from iop_engine.control.frames import BrokenFrameError, receive_frame, send_frame
from iop_engine.control.handshake import HANDSHAKE_SECONDS, introduce
from iop_engine.control.server import LOOPBACK
from iop_engine.control.travelling_errors import ErrorRecord, error_of
from iop_engine.control.wire_methods import WireMethod, wire_method

ANSWER_SECONDS = 60.0
# These wait for handlers to end, or for components to start.
SLOW_SECONDS = 900.0
_QUICK = frozenset({"status", "queues", "message", "count_messages", "trace", "log", "component_source"})


class ControlClient:
    """Calls methods of the engine at an address; for several threads.

    Connections are kept for the next calls.

    Args:
        address: Where it listens.
    """

    def __init__(self, address: ControlAddress) -> None:
        self.address = address
        self._lock = threading.Lock()
        self._idle: list[socket.socket] = []
        # The list is asked for now: what a finalizer refers to must not refer to this object.
        weakref.finalize(self, _close_all, self._idle)

    def check(self) -> None:
        """Make sure that the engine of the address answers.

        Raises:
            BackendUnavailableError: It does not.
        """
        self._put_back(self._take())

    def call(self, name: str, *args: object, **kwargs: object) -> object:
        """Call a method of the table and return what it returns.

        Raises:
            BackendUnavailableError: The engine does not answer, or ended before it did. What was
                asked may have been done all the same.
            IopError: What the method raised.
        """
        method = wire_method(name)
        given = method.signature.bind(*args, **kwargs).arguments
        request = _request(method, given)
        connection = self._take()
        try:
            status, value = self._ask(connection, method, request, _limit(name, given))
        except BaseException as exc:
            self._put_back_after(exc, connection)
            raise
        if status == LAST_PAGE:
            self._put_back(connection)
            return iter(cast("list[object]", value)) if method.is_stream else value
        return self._pages(connection, method, cast("list[object]", value))

    def close(self) -> None:
        """Close the connections that are kept; repeatable."""
        with self._lock:
            _close_all(self._idle)

    def _pages(self, connection: socket.socket, method: WireMethod, page: list[object]) -> Iterator[object]:
        is_complete = False
        try:
            while True:
                yield from page
                if is_complete:
                    break
                status, value = self._ask(connection, method, NEXT_PAGE, SLOW_SECONDS)
                is_complete, page = status == LAST_PAGE, cast("list[object]", value)
        except BaseException:
            connection.close()  # also when nobody wants the rest
            raise
        self._put_back(connection)

    def _ask(
        self, connection: socket.socket, method: WireMethod, request: bytes, seconds: float | None
    ) -> tuple[bytes, object]:
        send_frame(connection, request)
        answer = receive_frame(connection, wait_seconds=seconds)
        status, content = answer[:1], answer[1:]
        if status == b"!":
            raise error_of(cast("ErrorRecord", json.loads(content)))
        return status, getattr(method.result.model_validate_json(content), "value")  # noqa: B009 - not a fixed class

    def _take(self) -> socket.socket:
        with self._lock:
            while self._idle:
                connection = self._idle.pop()
                if _is_alive(connection):
                    return connection
                connection.close()
        try:
            connection = socket.create_connection((LOOPBACK, self.address.port), timeout=HANDSHAKE_SECONDS)
        except OSError as exc:
            raise BackendUnavailableError(
                f"the engine of process {self.address.pid} does not answer on port {self.address.port}: {exc}"
            ) from exc
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            introduce(connection, self.address.token)
        except BaseException:
            connection.close()
            raise
        return connection

    def _put_back(self, connection: socket.socket) -> None:
        with self._lock:
            self._idle.append(connection)

    def _put_back_after(self, error: BaseException, connection: socket.socket) -> None:
        if isinstance(error, IopError) and not isinstance(error, BrokenFrameError):
            self._put_back(connection)  # the engine answered with an error, and goes on
        else:
            connection.close()


def _close_all(connections: list[socket.socket]) -> None:
    while connections:
        connections.pop().close()


def _request(method: WireMethod, given: dict[str, Any]) -> bytes:
    arguments = method.arguments.model_construct(**given)
    try:
        text = arguments.model_dump_json(warnings="none")
    except ValueError as exc:
        raise BackendError(f"the arguments of {method.name} cannot be sent to another process: {exc}") from exc
    return f'{{"method": {json.dumps(method.name)}, "arguments": {text}}}'.encode()


def _limit(name: str, given: dict[str, Any]) -> float | None:
    if "timeout_seconds" in given:
        seconds = given["timeout_seconds"]
        return seconds + ANSWER_SECONDS if isinstance(seconds, (int, float)) and seconds >= 0 else None
    return ANSWER_SECONDS if name in _QUICK else SLOW_SECONDS


def _is_alive(connection: socket.socket) -> bool:
    """Return whether the other end has not closed an idle connection: nothing can be read from it."""
    connection.setblocking(False)
    try:
        connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
