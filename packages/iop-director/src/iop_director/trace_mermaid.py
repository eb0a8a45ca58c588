"""A trace as a Mermaid sequence diagram (https://mermaid.js.org/syntax/sequenceDiagram.html)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from iop_core.headers import BusinessType, MessageStatus, MessageType
from iop_director.participants import OUTSIDE, participants_of, short_class
from iop_director.records import word_of
from iop_director.safe_text import one_line

if TYPE_CHECKING:
    from iop_core.events import Trace
    from iop_core.headers import MessageHeader

_GROUPS = {
    BusinessType.SERVICE: "Services",
    BusinessType.PROCESS: "Processes",
    BusinessType.OPERATION: "Operations",
}
# Everything else is written as a character code: Mermaid's own syntax has no quotes.
_UNSAFE = re.compile(r"[^\w .,()/-]")
# A lone "end" closes a block even inside a label.
_END = re.compile(r"\b([eE])(?=nd\b)", re.IGNORECASE)


def render_mermaid(trace: Trace) -> str:
    """Return a session as the text of a Mermaid sequence diagram.

    Columns are grouped into services, processes and operations, each in order of
    appearance. Solid arrows are requests, dashed ones responses. A status other than
    Completed and an error are written behind the name of the message class.

    Example:
        >>> from iop_core.events import Trace
        >>> render_mermaid(Trace(7, ()))
        'sequenceDiagram'
    """
    kinds = participants_of(trace)
    aliases = {item: f"P{number}" for number, item in enumerate(kinds, start=1)}
    lines = ["sequenceDiagram"]
    lines.extend("    " + _participant(aliases[item], item) for item, kind in kinds.items() if kind not in _GROUPS)
    for group, title in _GROUPS.items():
        members = [item for item, kind in kinds.items() if kind is group]
        if members:
            lines.append(f"    box transparent {title}")
            lines.extend("        " + _participant(aliases[item], item) for item in members)
            lines.append("    end")
    lines.extend("    " + _arrow(header, aliases) for header in trace.messages)
    return "\n".join(lines)


def _participant(alias: str, item: str) -> str:
    return f"participant {alias} as {_label(item) or OUTSIDE}"


def _arrow(header: MessageHeader, aliases: dict[str, str]) -> str:
    arrow = "-->>" if header.type is MessageType.RESPONSE else "->>"
    marks: list[str] = []
    if header.status is not MessageStatus.COMPLETED:
        marks.append(word_of(header.status))
    if header.is_error and header.status is not MessageStatus.ERROR:
        marks.append("Error")
    mark = f" ({', '.join(marks)})" if marks else ""
    label = _label(short_class(header.body_class))
    return f"{aliases[header.source]}{arrow}{aliases[header.target]}: {label}{mark}"


def _label(text: str) -> str:
    escaped = _UNSAFE.sub(lambda match: f"#{ord(match[0])};", one_line(text))
    return _END.sub(lambda match: f"#{ord(match[1])};", escaped).strip()
