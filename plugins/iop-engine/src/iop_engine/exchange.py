"""An exchange with the outside, on its way to the I/O log."""

from __future__ import annotations

import logging

from iop_core.errors import StoreError
from iop_core.events import IoEntry
from iop_core.store_units import Unit
from iop_engine.runtime import Runtime

# Longer inputs are kept in the messages that come of them.
MOST_CHARACTERS = 100_000

_LOG = logging.getLogger("iop.engine")


class Exchange:
    """One input of a service, or one try of an operation, from its beginning to what is given back.

    Args:
        item: The item.
        runtime: What the engine's parts share.
        received: What the service took in, or the request of the operation.
        is_inbound: True for a service.
    """

    def __init__(self, item: str, runtime: Runtime, received: object, *, is_inbound: bool) -> None:
        self._item = item
        self._runtime = runtime
        self._is_inbound = is_inbound
        # At once: whoever handles it may change it.
        self._received = text_of(received)
        self._begin = runtime.clock.now()

    def end(self, session_id: int, returned: object, error: str) -> None:
        """Keep what came of it, without waiting for the disk."""
        end = self._runtime.clock.now()
        texts = (self._received, text_of(returned), error)
        entry = IoEntry(0, self._item, session_id, self._is_inbound, *texts, self._begin, end)
        try:
            self._runtime.store.submit(Unit(io=[entry]))
        except StoreError as exc:
            _LOG.error("an exchange of %r could not be archived: %s", self._item, exc)


def text_of(value: object) -> str:
    """Return what the I/O log says of an object."""
    if value is None:
        return ""
    if isinstance(value, (bytes, bytearray)):
        return bytes(value[:MOST_CHARACTERS]).decode("utf-8", "backslashreplace")
    if isinstance(value, str):
        return value[:MOST_CHARACTERS]
    try:
        return repr(value)[:MOST_CHARACTERS]
    except Exception as exc:  # noqa: BLE001 - boundary: __repr__ of users' classes
        return f"<{type(value).__name__}, whose __repr__ raised {type(exc).__name__}>"
