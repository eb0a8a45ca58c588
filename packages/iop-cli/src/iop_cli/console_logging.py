"""Standard logging on standard error while a production runs in the foreground."""

from __future__ import annotations

import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TextIO

from iop_director.safe_text import one_line


class ConsoleFormatter(logging.Formatter):
    """Formats a record as ``HH:MM:SS.mmm LEVEL item: text``.

    The item is that of the component that logged, else the name of the logger. The text
    stays on one line, with control characters escaped; lines of a traceback follow,
    indented, so that no message can look like another record.

    Args:
        debug: Also show tracebacks that are kept in the event log.
    """

    default_time_format = "%H:%M:%S"
    default_msec_format = "%s.%03d"

    def __init__(self, *, debug: bool = False) -> None:
        super().__init__()
        self._debug = debug

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text; called by ``logging``."""
        item: object = getattr(record, "iop_item", "") or record.name
        lines = [f"{self.formatTime(record)} {record.levelname} {one_line(f'{item}: {record.getMessage()}')}"]
        is_wanted = self._debug or not getattr(record, "iop_traceback_stored", False)
        if is_wanted and record.exc_info and record.exc_info[0] is not None:
            lines += ["    " + one_line(line) for line in self.formatException(record.exc_info).splitlines()]
        return "\n".join(lines)


@contextmanager
def console_logging(stream: TextIO | None = None, *, debug: bool = False) -> Generator[None, None, None]:
    """Show log records while the block runs: ours from INFO on, those of others from WARNING on.

    Args:
        stream: Where to; None: standard error.
        debug: Also show tracebacks that are kept in the event log.
    """
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(ConsoleFormatter(debug=debug))
    root, ours = logging.getLogger(), logging.getLogger("iop")
    level = ours.level
    root.addHandler(handler)
    ours.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        ours.setLevel(level)
