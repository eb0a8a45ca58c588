"""Several targets in one Host setting: ``"First,Second"``.

The setting of a port is the only place where its routes are kept.
"""

from __future__ import annotations

from iop_production.texts import text_of


def split_targets(value: object) -> tuple[str, ...]:
    """Return the item names in the value of a route setting, each once, in order.

    Example:
        >>> split_targets("Orders, Audit,,Orders")
        ('Orders', 'Audit')
    """
    names = (name.strip() for name in text_of(value).split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def add_target(value: object, name: str) -> str:
    """Return the value with one more target at its end; unchanged when it is there.

    Example:
        >>> add_target("Orders", "Audit")
        'Orders,Audit'
    """
    text = text_of(value)
    if ", " in text or " ," in text or ",," in text or text != text.strip(" ,"):
        text = ",".join(split_targets(text))
    # Searched as text, not split: a fan-out to thousands of items is built one by one.
    if f",{name}," in f",{text},":
        return text
    return f"{text},{name}" if text else name


def remove_target(value: object, name: str) -> str:
    """Return the value without one target; empty when it was the last.

    Example:
        >>> remove_target("Orders,Audit", "Orders")
        'Audit'
    """
    return ",".join(target for target in split_targets(value) if target != name)
