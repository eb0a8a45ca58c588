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
    """One input of a service, from its arrival to what is given back.

    Args:
        item: The service.
        runtime: What the engine's parts share.
        received: What came in.
    """

    def __init__(self, item: str, runtime: Runtime, received: object) -> None:
        self._item = item
        self._runtime = runtime
        # At once: whoever handles it may change it.
        self._received = _text(received)
        self._begin = runtime.clock.now()

    def end(self, session_id: int, returned: object, error: str) -> None:
        """Keep what came of it, without waiting for the disk."""
        end = self._runtime.clock.now()
        entry = IoEntry(0, self._item, session_id, True, self._received, _text(returned), error, self._begin, end)
        try:
            self._runtime.store.submit(Unit(io=[entry]))
        except StoreError as exc:
            _LOG.error("an input of %r could not be archived: %s", self._item, exc)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, (bytes, bytearray)):
        return bytes(value[:MOST_CHARACTERS]).decode("utf-8", "backslashreplace")
    return (value if isinstance(value, str) else repr(value))[:MOST_CHARACTERS]
