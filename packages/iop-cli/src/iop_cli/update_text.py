"""What an update did to a running production, for people."""

from __future__ import annotations

from iop_core.item_control import UpdateResult


def update_text(result: UpdateResult) -> str:
    """Return in one line what was added, removed and restarted, and what failed.

    Example:
        >>> update_text(UpdateResult(added=("Out",), failed={"In": "no port"}))
        'added Out; failed In (no port)'
    """
    parts = [
        f"{deed} {', '.join(items)}"
        for deed, items in (("added", result.added), ("removed", result.removed), ("restarted", result.restarted))
        if items
    ]
    parts += [f"failed {item} ({reason})" for item, reason in result.failed.items()]
    parts += [f"{count} messages still wait for {item}" for item, count in result.left_queued.items()]
    return "; ".join(parts) or "nothing changed"
