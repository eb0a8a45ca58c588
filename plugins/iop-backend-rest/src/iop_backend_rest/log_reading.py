"""Reading the event log of a server, which knows a number of newest entries and entries after one."""

from __future__ import annotations

from iop_backend_rest.answers import rows_of
from iop_backend_rest.connection import Connection
from iop_backend_rest.records import log_entry_of
from iop_core.events import EVERY_ENTRY, LogEntry, LogFilter

_PATH = "/log"
# How many of the newest entries are looked at for those that match a filter.
_MOST_LOOKED_AT = 1000


def read_log(
    connection: Connection, *, since_id: int, item: str | None, limit: int | None, criteria: LogFilter
) -> list[LogEntry]:
    """Return entries with ids above ``since_id``, oldest first; with ``limit`` the newest that many.

    The server cannot filter, so that is done here. A server may give a part of what is after
    an entry, so it is asked on until it has no more.
    """
    is_everything = item is None and criteria == EVERY_ENTRY

    def fits(entry: LogEntry) -> bool:
        return is_everything or (item in (None, entry.item) and _matches(entry, criteria))

    if limit is None or since_id > 0:
        found = [entry for entry in _after(connection, since_id) if fits(entry)]
        return found if limit is None else found[-limit:]
    if limit <= 0:
        return []
    top = limit if is_everything else max(limit, _MOST_LOOKED_AT)
    found = [entry for entry in _newest(connection, top) if fits(entry)]
    return found[-limit:]


def _newest(connection: Connection, top: int) -> list[LogEntry]:
    # Servers give the newest first, and their documents say the opposite.
    return _in_order(connection.get(_PATH, top=top))


def _after(connection: Connection, since_id: int) -> list[LogEntry]:
    found: list[LogEntry] = []
    last = since_id
    while True:
        page = [entry for entry in _in_order(connection.get(_PATH, since_id=last)) if entry.entry_id > last]
        if not page:
            return found
        found += page
        last = page[-1].entry_id


def _in_order(rows: object) -> list[LogEntry]:
    entries = [log_entry_of(row) for row in rows_of(rows, "the log")]
    return sorted(entries, key=lambda entry: entry.entry_id)


def _matches(entry: LogEntry, criteria: LogFilter) -> bool:
    return (
        (not criteria.types or entry.type in criteria.types)
        and criteria.text.lower() in entry.text.lower()
        and criteria.session_id in (None, entry.session_id)
        and (criteria.since is None or entry.time_logged >= criteria.since)
        and (criteria.until_id is None or entry.entry_id <= criteria.until_id)
    )
