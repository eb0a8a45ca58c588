"""Logging of components: the standard logging tree, and from there the event log.

Components log through ``iop.component.<Class>``. Records carry ``iop_item``,
``iop_session`` and ``iop_message``, so that any handler can show them. One handler on
``iop.component`` brings them to the event log of the engine that runs the component.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from iop_core.interfaces import Host

# Between ERROR and CRITICAL: an entry of type Assert in the event log.
ASSERT_LEVEL = 45
logging.addLevelName(ASSERT_LEVEL, "ASSERT")

COMPONENT_LOGGER = logging.getLogger("iop.component")

# LoggerAdapter is generic for type checkers only (at run time from Python 3.11 on).
if TYPE_CHECKING:
    _Adapter = logging.LoggerAdapter[logging.Logger]
else:
    _Adapter = logging.LoggerAdapter


class ComponentLogger(_Adapter):
    """A logger that marks each record with the component's item, session and message.

    Args:
        class_name: Name of the component class.
        host: The host of the component; None while it is not connected.
    """

    def __init__(self, class_name: str, host: Host | None) -> None:
        super().__init__(COMPONENT_LOGGER.getChild(class_name), {})
        # Asked for every entry, and mostly for those that nobody wants: without a detour.
        self.isEnabledFor = self.logger.isEnabledFor  # type: ignore[method-assign]
        self._host = host

    def process(self, msg: object, kwargs: MutableMapping[str, Any]) -> tuple[object, MutableMapping[str, Any]]:
        """Add the identity of the component and its message; called by ``logging``."""
        extra = dict(kwargs.get("extra") or {})
        if self._host is not None:
            context = self._host.context
            extra["iop_host"] = self._host
            extra["iop_item"] = self._host.item_name
            extra["iop_session"] = context.session_id
            extra["iop_message"] = context.message_id
        kwargs["extra"] = extra
        if sys.version_info < (3, 11) and "stacklevel" in kwargs:
            kwargs["stacklevel"] += 1  # there the frame of the adapter counts too
        return msg, kwargs


class EventLogHandler(logging.Handler):
    """Brings records of components to the event log of their engine.

    A failing event log never fails the component: the error goes to standard error, as
    for any handler of the standard library.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; called by ``logging``."""
        host: Host | None = getattr(record, "iop_host", None)
        if host is None:
            return
        try:
            text = record.getMessage()
            if record.exc_info and record.exc_info[0] is not None:
                text = f"{text}\n{''.join(traceback.format_exception(*record.exc_info)).rstrip()}"
            to_console = bool(getattr(record, "iop_console", False))
            host.write_log(record.levelno, text, record.funcName or "", to_console=to_console)
        except Exception:  # noqa: BLE001 - boundary: logging must never fail the caller
            self.handleError(record)


def attach_event_log() -> None:
    """Connect the logging tree to the event log; done once per process, by an engine."""
    if not any(isinstance(handler, EventLogHandler) for handler in COMPONENT_LOGGER.handlers):
        COMPONENT_LOGGER.addHandler(EventLogHandler())
    if COMPONENT_LOGGER.level == logging.NOTSET:
        COMPONENT_LOGGER.setLevel(logging.INFO)
