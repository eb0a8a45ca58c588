"""Answering the requests of one client, one after the other."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import cast

from pydantic import ValidationError

from iop_core.errors import BackendError, IopError, did_you_mean
from iop_engine.control.frames import receive_frame, send_frame
from iop_engine.control.travelling_errors import record_of
from iop_engine.control.wire_methods import WireMethod, wire_method

_LOG = logging.getLogger("iop.engine.control")

PAGE_LENGTH = 500
# Streams of messages are fetched one by one: the next is made only when it is wanted.
PAGE_LENGTHS = {"send_generator_as": 1}
NEXT_PAGE = b"next"
LAST_PAGE = b"0"
MORE_PAGES = b"1"

Functions = Mapping[str, Callable[..., object]]


def serve_calls(connection: socket.socket, functions: Functions) -> None:
    """Answer requests until the client closes the connection.

    A request is ``{"method": ..., "arguments": {...}}``; the answer is the result as JSON after one
    byte: ``0`` it is complete, ``1`` there may be more pages, ``!`` it is an error.

    Raises:
        BrokenFrameError: The client is gone or broke the protocol.
    """
    while True:
        request = receive_frame(connection, wait_seconds=None)
        try:
            _answer(connection, request, functions)
        except Exception as exc:  # noqa: BLE001 - boundary: what goes wrong is told to the caller
            if not isinstance(exc, IopError):
                _LOG.warning("a request over the control socket failed", exc_info=True)
            send_frame(connection, b"!" + json.dumps(record_of(exc)).encode())


def _answer(connection: socket.socket, request: bytes, functions: Functions) -> None:
    method, arguments = _read(request, functions)
    result = functions[method.name](*arguments[0], **arguments[1])
    if not method.is_stream:
        send_frame(connection, LAST_PAGE + _encoded(method, result))
        return
    elements = iter(cast("Iterator[object]", result))
    try:
        _send_pages(connection, method, elements)
    finally:
        close: Callable[[], None] = getattr(elements, "close", lambda: None)
        close()


def _send_pages(connection: socket.socket, method: WireMethod, elements: Iterator[object]) -> None:
    length = PAGE_LENGTHS.get(method.name, PAGE_LENGTH)
    while True:
        page = list(islice(elements, length))
        is_last = len(page) < length
        send_frame(connection, (LAST_PAGE if is_last else MORE_PAGES) + _encoded(method, page))
        if is_last or receive_frame(connection, wait_seconds=None) != NEXT_PAGE:
            return


def _read(request: bytes, functions: Functions) -> tuple[WireMethod, tuple[tuple[object, ...], dict[str, object]]]:
    try:
        content: object = json.loads(request)
    except (ValueError, RecursionError) as exc:
        raise BackendError("the control socket got something else than JSON") from exc
    if not isinstance(content, dict):
        raise BackendError("a request to the control socket is an object with 'method' and 'arguments'")
    asked = cast("dict[str, object]", content)
    name = asked.get("method")
    if not isinstance(name, str) or name not in functions:
        raise BackendError(f"the engine has no method {name!r}{did_you_mean(str(name), functions)}")
    method = wire_method(name)
    try:
        checked = method.arguments.model_validate_json(json.dumps(asked.get("arguments", {})))
    except ValidationError as exc:
        first = exc.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise BackendError(f"{name} cannot take {place or 'these arguments'}: {first['msg']}") from exc
    bound = method.signature.bind(**{each: getattr(checked, each) for each in method.signature.parameters})
    return method, (bound.args, bound.kwargs)


def _encoded(method: WireMethod, value: object) -> bytes:
    return method.result.model_construct(value=value).model_dump_json().encode()
