"""The items of a running production: what an operator sees of each, and can do to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from iop_core.definitions import ProductionDefinition


class ItemState(str, Enum):
    """What an item does; the values are the words shown to people.

    Attributes:
        RUNNING: Its jobs take messages.
        STOPPED: An operator stopped it until it is started, or the production is.
        DISABLED: It is disabled, in the production or by an operator, or outside of its schedule.
        RETRYING: It runs, and tries a message again and again.
        INACTIVE: It runs, and has had nothing to do for longer than it should.
        ERROR: It could not start, or its last message ended in error.
    """

    RUNNING = "Running"
    STOPPED = "Stopped"
    DISABLED = "Disabled"
    RETRYING = "Retrying"
    INACTIVE = "Inactive"
    ERROR = "Error"


@dataclass(frozen=True, slots=True)
class ItemStatus:
    """One item at one moment.

    Attributes:
        name: Name of the item.
        kind: ``service``, ``process``, ``operation`` or ``component``.
        state: What it does.
        reason: Why it is in that state; empty while it runs.
        queue: Name of the queue its messages wait in; empty for an item without one.
        queue_count: Messages that wait there or are being handled.
        jobs: Jobs that serve it now.
        pool_size: Jobs it should have; for a process with the shared queue 0.
        last_activity: When it last handled a message or looked for input (UTC); None when it has not
            since the production was started.
        handled: Messages and inputs it has handled since then.
        errors: How many of them ended in error.
    """

    name: str
    kind: str
    state: ItemState
    reason: str = ""
    queue: str = ""
    queue_count: int = 0
    jobs: int = 0
    pool_size: int = 1
    last_activity: datetime | None = None
    handled: int = 0
    errors: int = 0


@dataclass(frozen=True, slots=True)
class UpdateResult:
    """What an update did to a running production.

    Attributes:
        added: Items that are new.
        removed: Items that are gone.
        restarted: Items that were changed, and so were stopped and started.
        failed: Item to the reason why it could not stop or start; the others run.
        left_queued: Removed item to the number of messages that still wait for it; they stay
            stored, and are handled once an item of that name is there again.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    restarted: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict[str, str])
    left_queued: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def has_changes(self) -> bool:
        """True when anything was done."""
        return bool(self.added or self.removed or self.restarted or self.failed)

    def to_text(self) -> str:
        """Return in one line what was added, removed and restarted, and what failed.

        Example:
            >>> UpdateResult(added=("Out",), failed={"In": "no port"}).to_text()
            'added Out; failed In (no port)'
        """
        groups = (("added", self.added), ("removed", self.removed), ("restarted", self.restarted))
        parts = [f"{deed} {', '.join(items)}" for deed, items in groups if items]
        parts += [f"failed {item} ({reason})" for item, reason in self.failed.items()]
        parts += [
            f"{count} message{'s still wait' if count != 1 else ' still waits'} for {item}"
            for item, count in self.left_queued.items()
        ]
        return "; ".join(parts) or "nothing changed"


class ItemControl(Protocol):
    """Single items of a running production: what they do, and stopping and starting them.

    A name that no item has raises ``UnknownItemError``, which names the closest one. A process
    that shares the jobs of the actor pool cannot be stopped alone: ``SharedJobsError``.

    Each deed is recorded, also one that failed, with its ``actor`` (empty: the user of the process
    that does it) and ``reason``: in the audit, and in the event log.
    """

    def items(self) -> list[ItemStatus]:
        """Return every item, in the order of the production."""
        ...

    def start_component(self, item: str, *, actor: str = "", reason: str = "") -> None:
        """Start an item; returns when it is ready, at once when it runs.

        One that is disabled is enabled.

        Raises:
            ComponentStartError: It could not start, or a message from before its stop is still being handled.
        """
        ...

    def stop_component(self, item: str, *, actor: str = "", reason: str = "") -> None:
        """Stop an item until it or the production is started; its queue goes on taking messages.

        Returns when the messages in hand have ended, at the latest after the update timeout of the production.
        """
        ...

    def restart_component(self, item: str, *, actor: str = "", reason: str = "") -> None:
        """Stop an item and start it; errors as for ``start_component``."""
        ...

    def enable(self, item: str, *, actor: str = "", reason: str = "") -> None:
        """Have an item run, now and after later starts of the production; errors as for ``start_component``."""
        ...

    def disable(self, item: str, *, actor: str = "", reason: str = "") -> None:
        """Have an item not run, now and after later starts, until it is enabled; otherwise as ``stop_component``."""
        ...

    def update(self, definition: ProductionDefinition, *, actor: str = "", reason: str = "") -> UpdateResult:
        """Make the running production like a new definition of it.

        Only items that were changed are restarted; the others do not notice.

        Raises:
            ConfigurationError: The definition cannot be run, or changes what only a restart of
                the production can change; nothing was done.
        """
        ...
