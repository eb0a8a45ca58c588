"""Showing the event log, and following it as it grows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from iop_core.errors import BackendUnavailableError
from iop_core.events import IoEntry, LogEntry
from iop_director.records import word_of
from iop_director.safe_text import one_line

FIRST_ENTRIES = 10
_INTERVAL_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 10.0

Entry = TypeVar("Entry", LogEntry, IoEntry)


def format_entry(entry: LogEntry) -> str:
    """Return an entry as one line and its further lines indented: time, type, item, session/message, text."""
    first, *others = entry.text.splitlines() or [""]
    time_text = entry.time_logged.astimezone().isoformat(" ", "milliseconds")[:23]
    session = f" [{entry.session_id}/{entry.message_id}]" if entry.session_id else ""
    head = f"{time_text} {word_of(entry.type)} {one_line(entry.item) or 'engine'}{session}: {one_line(first)}"
    return "\n".join([head, *(f"    {one_line(other)}" for other in others)])


def entry_in_columns(entry: LogEntry) -> str:
    """Return an entry as one line of columns, as older programs print and read it.

    Time, type, item, job, message, session, class, method and text, with one blank between
    them; nothing for what is not known. Its further lines follow in the same line, escaped.
    """
    time_text = entry.time_logged.astimezone().isoformat(" ", "milliseconds")[:23]
    numbers = [str(number or "") for number in (entry.message_id, entry.session_id)]
    columns = [time_text, word_of(entry.type), entry.item, "", *numbers, "", entry.method, entry.text]
    return one_line(" ".join(columns))


def follow_log(
    read: Callable[..., list[Entry]], *, first: int = FIRST_ENTRIES, wait: Callable[[float], object] = time.sleep
) -> Iterator[Entry]:
    """Return the newest entries and then each new one, oldest first, once, for ever.

    The place in the log is its last id, so that nothing is lost or repeated whatever the clocks
    say. While the log cannot be read it is tried again, in growing intervals.

    Args:
        read: Reads entries, such as ``Director().log`` or ``Director().io_log``.
        first: How many of the entries that are there already.
        wait: Called with the seconds between two looks.

    Raises:
        BackendUnavailableError: It cannot be read the first time.
    """
    entries = read(limit=max(first, 1))  # none of them says where the log ends
    last = entries[-1].entry_id if entries else 0
    yield from entries[-first:] if first > 0 else ()
    pause = _INTERVAL_SECONDS
    while True:
        wait(pause)
        try:
            entries = read(since_id=last)
        except BackendUnavailableError:
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            continue
        pause = _INTERVAL_SECONDS
        for entry in entries:
            last = entry.entry_id
            yield entry
