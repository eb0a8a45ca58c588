"""Stored bodies as the messages that they are, as far as their classes are known here."""

from __future__ import annotations

from iop_core.bodies import BodyCodec
from iop_core.errors import UnknownMessageClassError
from iop_core.headers import Body
from iop_core.json_serializer import JsonSerializer


class PartialBody(Body):
    """The beginning of a body that was too long to be handed over whole."""

    __slots__ = ()


def message_of(reply: Body) -> object:
    """Return the message of a body; None for an empty one.

    Where its class is not loaded here, or only the beginning of it is there, a dictionary with
    ``classname``, ``body`` (text) and ``truncated`` is returned.

    Example:
        >>> message_of(Body("other.Reply", "json", b'{"a": 1}'))
        {'classname': 'other.Reply', 'body': '{"a": 1}', 'truncated': False}
    """
    is_partial = isinstance(reply, PartialBody)
    if reply.serializer == JsonSerializer.name and not is_partial:
        try:
            return BodyCodec().decode(reply)
        except UnknownMessageClassError:
            pass
    if reply.is_empty:
        return None
    return {"classname": reply.class_name, "body": reply.payload.decode("utf-8", "replace"), "truncated": is_partial}
