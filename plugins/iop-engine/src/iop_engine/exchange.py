"""An exchange with the outside, on its way to the I/O log."""

from __future__ import annotations

import logging

from iop_core.bodies import BodyCodec
from iop_core.errors import IopError, StoreError
from iop_core.events import IoEntry
from iop_core.headers import EMPTY_BODY, Body
from iop_core.registry import class_name_of
from iop_core.store_units import Unit
from iop_engine.runtime import Runtime

_LOG = logging.getLogger("iop.engine")


class Exchange:
    """One input of a service, or one try of an operation, from its beginning to what is given back.

    Args:
        item: The item.
        runtime: What the engine's parts share.
        received: What the service took in, or the request of the operation; also as a body.
        is_inbound: True for a service.
        most_bytes: Of longer data only so much is kept.
    """

    def __init__(self, item: str, runtime: Runtime, received: object, *, is_inbound: bool, most_bytes: int) -> None:
        self._item = item
        self._runtime = runtime
        self._is_inbound = is_inbound
        self._most_bytes = most_bytes
        # At once: whoever handles it may change it.
        self._received, self._received_size = self._data(received)
        self._begin = runtime.clock.now()

    def end(self, message_id: int, session_id: int, returned: object, error: str) -> None:
        """Keep what came of it, without waiting for the disk.

        Args:
            message_id: The request of the operation, or the first message that came of the input; 0 for none.
            session_id: Its session; 0 for none.
            returned: What is given back.
            error: The error in one line; empty when fine.
        """
        end = self._runtime.clock.now()
        data, size = self._data(returned)
        entry = IoEntry(
            entry_id=0,
            item=self._item,
            session_id=session_id,
            message_id=message_id,
            is_inbound=self._is_inbound,
            received=self._received,
            received_size=self._received_size,
            returned=data,
            returned_size=size,
            error=error,
            time_received=self._begin,
            time_responded=end,
        )
        try:
            self._runtime.store.submit(Unit(io=[entry]))
        except StoreError as exc:
            _LOG.error("an exchange of %r could not be archived: %s", self._item, exc)

    def _data(self, value: object) -> tuple[Body, int]:
        """Return what is kept of an object, and how long all of it is."""
        body = data_of(value, self._runtime.codec)
        return Body(body.class_name, body.serializer, body.payload[: self._most_bytes]), len(body.payload)


def data_of(value: object, codec: BodyCodec) -> Body:
    """Return an object as the I/O log keeps it: bytes and text as they are, messages as they are stored.

    Of anything else its ``repr`` is kept.
    """
    if value is None:
        return EMPTY_BODY
    if isinstance(value, Body):
        return value
    if isinstance(value, (bytes, bytearray)):
        return Body("bytes", "bytes", bytes(value))
    if isinstance(value, str):
        return Body("str", "text", value.encode("utf-8", "backslashreplace"))
    try:
        return codec.encode(value)
    except IopError:
        return Body(class_name_of(type(value)), "repr", repr_of(value).encode("utf-8", "backslashreplace"))


def repr_of(value: object) -> str:
    """Return the ``repr`` of an object, whatever it does."""
    try:
        return repr(value)
    except Exception as exc:  # noqa: BLE001 - boundary: __repr__ of users' classes
        return f"<{type(value).__name__}, whose __repr__ raised {type(exc).__name__}>"
