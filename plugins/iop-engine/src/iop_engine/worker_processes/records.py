"""Log records of a child process, on their way to the logging of the engine's process.

There they are handled like those of threads: by the handlers that the program has set up,
and those of components by the event log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from iop_core.interfaces import Host

Values = Mapping[str, object]

_PLAIN = (str, int, float, bool, type(None))
_HOST = "iop_host"
_IN_TEXT = frozenset({_HOST, "args", "exc_info", "exc_text", "stack_info"})


class RecordSender(logging.Handler):
    """Sends the records of a process away.

    Args:
        send: Takes the values of a record.
    """

    def __init__(self, send: Callable[[Values], None]) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record, with its traceback in its text; called by ``logging``."""
        try:
            values: dict[str, object] = {
                name: value if isinstance(value, _PLAIN) else repr(value)
                for name, value in vars(record).items()
                if name not in _IN_TEXT
            }
            self._send({**values, "msg": self.format(record), _HOST: hasattr(record, _HOST)})
        except Exception:  # noqa: BLE001 - boundary: logging must never fail the caller
            self.handleError(record)


def levels() -> dict[str, int]:
    """Return the level of each logger of this process that has one; the root logger is ``""``."""
    named = dict(logging.root.manager.loggerDict)
    found = {name: logger.level for name, logger in named.items() if isinstance(logger, logging.Logger)}
    return {"": logging.root.level, **{name: level for name, level in found.items() if level}}


def send_records(levels: Mapping[str, int], send: Callable[[Values], None]) -> None:
    """Have all records of this process sent away from now on, and handled nowhere else.

    Modules that set up logging when they are imported have done so in the engine's process too.

    Args:
        levels: Logger name to its level.
        send: Takes the values of a record.
    """
    logging.root.handlers[:] = [RecordSender(send)]
    for name, level in levels.items():
        logging.getLogger(name or None).setLevel(level)


def handle(values: Values, host: Host) -> None:
    """Handle a record that came from a child process.

    Args:
        values: Its values.
        host: The host of the component in the child.
    """
    record = logging.makeLogRecord({name: value for name, value in values.items() if name != _HOST})
    if values.get(_HOST):
        setattr(record, _HOST, host)
    logger = logging.getLogger(record.name)
    if logger.isEnabledFor(record.levelno):
        logger.handle(record)
