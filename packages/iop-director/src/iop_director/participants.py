"""Who takes part in a trace, and how bodies are named in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_core.headers import BusinessType

if TYPE_CHECKING:
    from iop_core.events import Trace

OUTSIDE = "(outside)"
NO_BODY = "(empty)"


def short_class(class_name: str) -> str:
    """Return the part of a class name after the last dot; ``(empty)`` for no body."""
    return class_name.rpartition(".")[2] or NO_BODY


def participants_of(trace: Trace) -> dict[str, BusinessType]:
    """Return item name to kind for each item of the messages, in order of appearance.

    The empty name stands for a caller outside of the production. An item whose kind is
    told neither by the trace nor by its headers is UNKNOWN.
    """
    kinds: dict[str, BusinessType] = {}
    for header in trace.messages:
        for item, kind in ((header.source, header.source_type), (header.target, header.target_type)):
            if kinds.get(item, BusinessType.UNKNOWN) is BusinessType.UNKNOWN:
                kinds[item] = trace.kinds.get(item, kind)
    return kinds
