"""Bodies that operators give instead of stored ones."""

from __future__ import annotations

import json

from iop_core.bodies import BodyCodec
from iop_core.errors import IopError, MessageControlError
from iop_core.headers import Body, MessageHeader
from iop_core.stores import StoreReader


def edited_body(given: Body | str, header: MessageHeader, reader: StoreReader, codec: BodyCodec | None) -> Body:
    """Return the new body of a message, after making sure that it can be read.

    Args:
        given: A body; or the text of a message of the old class, for its old serializer.
        header: The message.
        reader: Reads the old body.
        codec: Reads messages; None when no production runs: then only the form is looked at.

    Raises:
        MessageControlError: It cannot be read.
    """
    if isinstance(given, Body):
        body = given
    else:
        stored = reader.message(header.message_id)
        old = None if stored is None else stored.body
        if old is None or old.is_empty:
            raise MessageControlError(f"message {header.message_id} has no body, so text cannot take its place")
        body = Body(old.class_name, old.serializer, given.encode())
    try:
        if codec is not None:
            codec.decode(body)
        elif body.serializer == "json":
            json.loads(body.payload)
    except (IopError, ValueError) as exc:
        raise MessageControlError(
            f"the new body of message {header.message_id} is no {body.class_name}: {exc}. Nothing was done"
        ) from exc
    return body
