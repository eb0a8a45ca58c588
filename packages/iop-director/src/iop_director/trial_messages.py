"""Test messages: sent to one item of a running production by hand."""

from __future__ import annotations

import json
from typing import Any

from iop_core.backends import RunningProduction
from iop_core.bodies import BodyCodec
from iop_core.errors import ConfigurationError, UnknownMessageClassError
from iop_core.headers import Body
from iop_core.json_serializer import JsonSerializer

TIMEOUT_SECONDS = 60.0


def send_test_message(
    running: RunningProduction, item: str, message: object, classname: str | None, body: object
) -> object:
    """Send a message to an item and return its reply.

    Args:
        running: The production.
        item: Any item.
        message: The message; not needed with ``classname``. None: an empty body.
        classname: Name of a message class that the production knows.
        body: Its fields, as JSON text or as what JSON can hold; None: no fields.

    Returns:
        The reply message; ``{"classname", "body", "truncated"}`` where its class is not loaded here.

    Raises:
        ConfigurationError: Both a message and a class name, or a body that is no JSON.
        RequestTimeoutError: No reply within a minute.
        RequestFailedError: The item ended with an error.
    """
    if classname is None:
        if body is not None:
            raise ConfigurationError("a test message with a body needs the name of its class, too: give classname=")
        return running.call(item, message, timeout_seconds=TIMEOUT_SECONDS)
    if message is not None:
        raise ConfigurationError("a test message is given either as message= or as classname= and body=, not as both")
    request = Body(classname, JsonSerializer.name, _json(body).encode())
    return _message_of(running.call_body(item, request, TIMEOUT_SECONDS))


def _json(body: object) -> str:
    if body is None or body == "":
        return "{}"
    if not isinstance(body, str):
        return json.dumps(body, ensure_ascii=False)
    try:
        json.loads(body)
    except ValueError as exc:
        raise ConfigurationError(f"the body of a test message is no JSON: {exc}") from exc
    return body


def _message_of(reply: Body) -> Any:
    if reply.serializer == JsonSerializer.name:
        try:
            return BodyCodec().decode(reply)
        except UnknownMessageClassError:
            pass
    if reply.is_empty:
        return None
    return {"classname": reply.class_name, "body": reply.payload.decode("utf-8", "replace"), "truncated": False}
