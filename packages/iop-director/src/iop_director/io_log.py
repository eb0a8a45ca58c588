"""Showing exchanges with the outside."""

from __future__ import annotations

from iop_core.events import IoEntry
from iop_director.safe_text import one_line

MOST_CHARACTERS = 2000


def format_io_entry(entry: IoEntry, *, most_characters: int | None = MOST_CHARACTERS) -> str:
    """Return an exchange as a line and, indented below it, what went in, what came out and the error.

    Args:
        entry: The exchange.
        most_characters: Where longer values are cut; None: nowhere.
    """
    begin = entry.time_received.astimezone().isoformat(" ", "milliseconds")[:23]
    seconds = (entry.time_responded - entry.time_received).total_seconds()
    session = f" [{entry.session_id}]" if entry.session_id else ""
    kind = "input" if entry.is_inbound else "request"
    parts = [f"{begin} {one_line(entry.item)}{session}: {kind}, took {seconds:.3f} s"]
    values = (("in", entry.received), ("out", entry.returned), ("error", entry.error))
    parts += [f"    {name}: {_cut(one_line(value), most_characters)}" for name, value in values if value]
    return "\n".join(parts)


def _cut(text: str, most_characters: int | None) -> str:
    if most_characters is None or len(text) <= most_characters:
        return text
    return f"{text[:most_characters]}... ({len(text) - most_characters} more characters)"
