"""The event log."""

from __future__ import annotations

from datetime import timezone

from iop_core.errors import BackendUnavailableError
from iop_core.events import LogEntry
from iop_director import Director
from iop_director.records import word_of
from iop_server.call import Call
from iop_server.wire import MOST_ENTRIES, LogRange


def log(call: Call, given: LogRange) -> list[dict[str, object]]:
    """Return the newest entries of the event log, newest first; with ``since_id`` those after it, oldest first."""
    try:
        if given.since_id is None:
            return [_line(entry) for entry in reversed(call.director.log(limit=given.top))]
        return [_line(entry) for entry in _page_after(call.director, given.since_id)]
    except BackendUnavailableError:
        return []  # nothing ever ran


def _page_after(director: Director, since_id: int) -> list[LogEntry]:
    """Return the entries that follow, at most a page of them, so that the next call goes on without a gap."""
    newest = next((entry.entry_id for entry in director.log(limit=1)), 0)
    window = MOST_ENTRIES
    while since_id < newest:
        found = director.log(since_id=since_id, until_id=since_id + window)
        # What was purged leaves holes, which may be larger than a page.
        if found or since_id + window >= newest:
            return found[:MOST_ENTRIES]
        window *= 2
    return []


def _line(entry: LogEntry) -> dict[str, object]:
    time = entry.time_logged.astimezone(timezone.utc).isoformat(" ", "milliseconds")[:23]
    return {
        "id": entry.entry_id,
        "config_name": entry.item,
        "job": "",
        "message_id": entry.message_id or "",
        "session_id": entry.session_id or "",
        "source_class": "",
        "source_method": entry.method,
        "text": entry.text,
        "time_logged": time,
        "type": word_of(entry.type),
    }
