"""Reading and showing exchanges with the outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from iop_core.backends import MessageHistory
from iop_core.events import IoEntry
from iop_core.headers import Body
from iop_director.safe_text import one_line

if TYPE_CHECKING:
    from typing_extensions import Unpack

MOST_CHARACTERS = 2000


class IoOptions(TypedDict, total=False):
    """Which entries to read.

    Attributes:
        since_id: Only entries with higher ids.
        item: Only entries of that item.
        limit: Only the newest that many.
    """

    since_id: int
    item: str | None
    limit: int | None


def read_io_log(history: MessageHistory, session_id: int | None, **options: Unpack[IoOptions]) -> list[IoEntry]:
    """Return exchanges with the outside, oldest first.

    Args:
        history: Where they are kept.
        session_id: Only entries of that session; None: of all.
        **options: Which of them; see ``IoOptions``.
    """
    if session_id is None:
        return history.io_log(**options)
    trace = history.trace(session_id)
    since_id, item, limit = options.get("since_id", 0), options.get("item"), options.get("limit")
    entries = () if trace is None else trace.io
    found = [entry for entry in entries if entry.entry_id > since_id and item in (None, entry.item)]
    return found if limit is None else found[max(0, len(found) - limit) :]


def format_io_entry(entry: IoEntry, *, most_characters: int | None = MOST_CHARACTERS) -> str:
    """Return an exchange as a line and, indented below it, what went in, what came out and the error.

    Args:
        entry: The exchange.
        most_characters: Where longer values are cut; None: nowhere.
    """
    begin = entry.time_received.astimezone().isoformat(" ", "milliseconds")[:23]
    session = f" [{entry.session_id}/{entry.message_id}]" if entry.session_id else ""
    first, *others = io_lines(entry, most_characters=most_characters)
    return "\n".join([f"{begin} {one_line(entry.item)}{session}: {first}", *(f"    {line}" for line in others)])


def io_lines(entry: IoEntry, *, most_characters: int | None = MOST_CHARACTERS) -> list[str]:
    """Return what is told of an exchange, besides its time and item: a line, and one for each value and the error."""
    seconds = (entry.time_responded - entry.time_received).total_seconds()
    kind = "input" if entry.is_inbound else "request"
    lines = [f"{kind}, took {seconds:.3f} s"]
    values = (("in", entry.received, entry.received_size), ("out", entry.returned, entry.returned_size))
    for name, data, size in values:
        if not data.is_empty:
            cut = f" (the first {len(data.payload)} of {size} bytes)" if size > len(data.payload) else ""
            lines.append(f"{name}: {_cut(one_line(io_text(data)), most_characters)}{cut}")
    return [*lines, f"error: {_cut(one_line(entry.error), most_characters)}"] if entry.error else lines


def io_text(data: Body) -> str:
    """Return what went in or out as text: messages as their serializer writes them, bytes as far as they are UTF-8."""
    return data.payload.decode("utf-8", "backslashreplace")


def _cut(text: str, most_characters: int | None) -> str:
    if most_characters is None or len(text) <= most_characters:
        return text
    return f"{text[:most_characters]}... ({len(text) - most_characters} more characters)"
