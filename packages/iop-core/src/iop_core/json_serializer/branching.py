"""Unions that contain themselves in more than one way.

Pydantic tries every choice of a union. When two of them may contain the union again, such as
``Plus | Times`` in a tree of expressions, each level of a text doubles the time: 40 levels take days.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from iop_core.json_serializer.contents import depth_of
from iop_core.json_serializer.nodes import iter_nodes
from iop_core.refusals import Refusal

MOST_TRIES: Final = 1_000_000
"""How often pydantic may try a choice for one text."""


def most_recursive_choices(schema: Any) -> int:
    """Return how many choices of one union may contain themselves, of the union that has most of them.

    Args:
        schema: Pydantic's core schema of a type.
    """
    nodes = list(iter_nodes(schema))
    named = {node["ref"]: node for node in nodes if "ref" in node}
    leads_to = {ref: _references(node) for ref, node in named.items()}
    endless = {ref for ref in leads_to if ref in _reachable(leads_to[ref], leads_to)}

    def is_endless(choice: Any) -> bool:
        return not endless.isdisjoint(_reachable(_references(choice), leads_to))

    return max((sum(map(is_endless, node["choices"])) for node in nodes if node["type"] == "union"), default=0)


def _references(schema: Any) -> set[str]:
    return {node["schema_ref"] for node in iter_nodes(schema) if node["type"] == "definition-ref"}


def _reachable(start: Iterable[str], leads_to: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    left = list(start)
    while left:
        ref = left.pop()
        if ref not in found:
            found.add(ref)
            left.extend(leads_to.get(ref, ()))
    return found


def require_few_tries(text: bytes, recursive_choices: int) -> None:
    """Make sure that pydantic can read a text in about a second.

    Args:
        text: JSON.
        recursive_choices: How many choices of one union may contain that union.

    Raises:
        Refusal: The text is nested too deeply for such a type.
    """
    if recursive_choices < 2:
        return
    objects = text.count(b"{")
    tries, depth = objects, min(objects, depth_of(text)) if objects > 10 else objects
    for _ in range(depth):
        tries *= recursive_choices
        if tries > MOST_TRIES:
            reason = (
                f"is nested {depth} levels deep in a union of {recursive_choices} models that contain each other, of "
                "which every level would be tried in all ways; add a discriminator to the union, such as "
                "'kind: Literal[...]' with Field(discriminator='kind')"
            )
            raise Refusal(reason, is_fatal=True)
