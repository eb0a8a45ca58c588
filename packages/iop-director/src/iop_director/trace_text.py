"""A trace as text for a terminal: one line for each message and log entry, in order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from iop_core.headers import MessageType
from iop_director.body_text import text_of_body
from iop_director.io_log import io_lines
from iop_director.participants import OUTSIDE, short_class
from iop_director.records import duration_of, word_of
from iop_director.safe_text import one_line

if TYPE_CHECKING:
    from iop_core.events import IoEntry, LogEntry, Trace
    from iop_core.headers import Body, MessageHeader

_INDENT = " " * 12


def render_text(trace: Trace, *, most_characters: int | None = None) -> str:
    """Return a session as lines of text, with times relative to its first message (seconds).

    Exchanges with the outside stand where they ended. A trace with bodies shows below each message
    when it was created and processed, and its body.

    Args:
        trace: The session.
        most_characters: Where the text of a longer body is cut; None: nowhere.

    Example:
        >>> from iop_core.events import Trace
        >>> render_text(Trace(7, ()))
        'Session 7: 0 messages, 0 log entries'
    """
    start = _start_of(trace)
    title = f"Session {trace.session_id}: {len(trace.messages)} messages, {len(trace.log)} log entries"
    if start is None:
        return title
    lines = [f"{title}, from {start.astimezone(timezone.utc).isoformat(sep=' ', timespec='milliseconds')}"]
    # Sorted by time only: at equal times messages stay in front of log entries and in order.
    entries: list[tuple[datetime, Iterator[str]]] = [
        *((header.time_created, _message_lines(header, trace.bodies, most_characters)) for header in trace.messages),
        *((entry.time_logged, _log_lines(entry)) for entry in trace.log),
        *((entry.time_responded, _io_lines(entry, most_characters)) for entry in trace.io),
    ]
    for time, texts in sorted(entries, key=lambda pair: pair[0]):
        first, *others = texts
        lines.append(f"{(time - start).total_seconds():+10.6f}  {first}")
        lines.extend(_INDENT + other for other in others)
    return "\n".join(lines)


def _start_of(trace: Trace) -> datetime | None:
    times = [header.time_created for header in trace.messages] or [entry.time_logged for entry in trace.log]
    return min(times, default=None)


def _message_lines(header: MessageHeader, bodies: dict[int, Body] | None, most_characters: int | None) -> Iterator[str]:
    source = one_line(header.source) or OUTSIDE
    target = one_line(header.target) or OUTSIDE
    kind = "request"
    if header.type is MessageType.RESPONSE:
        kind = f"response to {header.corresponding_id}" if header.corresponding_id else "response"
    body = one_line(short_class(header.body_class))
    yield f"[{header.message_id}] {source} -> {target}  {kind}  {body}  {word_of(header.status)}"
    if header.description:
        yield f"    description: {one_line(header.description)}"
    if header.is_error or header.error:
        yield f"    error: {one_line(header.error) or 'no text'}"
    if bodies is None:
        return
    yield f"    {_times(header)}"
    stored = bodies.get(header.message_id)
    if stored is not None:
        for line in text_of_body(stored, most_characters=most_characters).to_text().split("\n"):
            yield f"    {line}"


def _times(header: MessageHeader) -> str:
    created = f"created {_time(header.time_created)}"
    if header.time_processed is None:
        return f"{created}, not processed"
    return f"{created}, processed {_time(header.time_processed)}, took {duration_of(header):.6f} s"


def _time(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(" ").partition("+")[0]


def _log_lines(entry: LogEntry) -> Iterator[str]:
    first, *others = entry.text.splitlines() or [""]
    yield f"{word_of(entry.type).lower()}  {one_line(entry.item) or 'engine'}: {one_line(first)}"
    for other in others:
        yield f"    {one_line(other)}"


def _io_lines(entry: IoEntry, most_characters: int | None) -> Iterator[str]:
    first, *others = io_lines(entry, most_characters=most_characters)
    yield f"io  {one_line(entry.item)}: {first}"
    for other in others:
        yield f"    {other}"
