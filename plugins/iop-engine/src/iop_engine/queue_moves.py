"""Which queue the messages of each item wait in, and moving them when the item has another one now.

A process without jobs of its own shares a queue; when it gets jobs, or loses them, what
waits for it and the answers to come follow it. What waits for an item that was removed is
kept in a queue of the item's name, where everybody sees it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence

from iop_core.definitions import ItemDefinition
from iop_core.store_units import Unit
from iop_core.stores import Store
from iop_engine.addresses import ACTOR_QUEUE, queue_of
from iop_engine.in_proc_calls import is_in_proc

_LOG = logging.getLogger("iop.engine")

# Under these names it is noted in the store.
QUEUES = "queues of items"
MOVED = "moved items"

# More messages are not counted for the sake of a warning.
MOST_COUNTED = 1_000_000


class QueueMoves:
    """Knows where messages wait, also from earlier starts.

    Args:
        store: Keeps the messages.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        notes = store.reader.notes()
        self._queues: dict[str, str] = json.loads(notes.get(QUEUES, "{}"))
        self._moved: set[str] = set(json.loads(notes.get(MOVED, "[]")))
        for name in self._moved:  # open process instances may still ask for answers to the old queue
            store.move_messages(name, _other(name, self._queues[name]), self._queues[name])

    def follow(self, items: Sequence[ItemDefinition], *, can_move: bool) -> None:
        """Note the queues of new items, and keep what waits for items that are gone under their own names.

        Args:
            items: All items of the production.
            can_move: Whether no job serves the shared queue; otherwise what waits there is left to the next start.
        """
        names = {item.name for item in items}
        before = dict(self._queues)
        for name in [name for name in self._queues if name not in names]:
            if self._queues[name] == ACTOR_QUEUE:
                if not can_move:
                    continue
                self.move(name, name)
            count = self._store.reader.queue(name, at_most=MOST_COUNTED).count
            if count:
                _LOG.warning(
                    "%d messages wait for %r, which the production has no more. They stay stored in a queue of that "
                    "name, and are handled once it has such an item again",
                    count,
                    name,
                )
            elif name not in self._moved:
                del self._queues[name]
        for item in items:
            self._queues.setdefault(item.name, queue_of(item))
            if is_in_proc(item):
                self._tell_of_unserved(item.name)
        if self._queues != before:
            self._note()

    def due(self, items: Iterable[ItemDefinition], queue: str) -> list[ItemDefinition]:
        """Return the items whose messages wait in a queue that is not theirs any more.

        Args:
            items: All items of the production.
            queue: The old or the new queue of those items; each goes from or to the shared one.
        """
        moved = [item for item in items if self._queues.get(item.name, queue_of(item)) != queue_of(item)]
        return [item for item in moved if queue in (ACTOR_QUEUE, item.name)]

    def move(self, item: str, queue: str) -> None:
        """Have the messages of an item wait in another queue; no job may serve the old one or the new one."""
        count = self._store.move_messages(item, _other(item, queue), queue)
        if count:
            _LOG.info("%d messages for %r were moved to queue %r", count, item, queue)
        self._queues[item] = queue
        self._moved.add(item)
        self._note()

    def _tell_of_unserved(self, item: str) -> None:
        """Say that messages wait for an operation that had a queue before, and runs in its callers' jobs now."""
        count = self._store.reader.queue(item, at_most=MOST_COUNTED).count
        if count:
            _LOG.warning(
                "%d messages wait in the queue of %r, which runs in its callers' jobs (InProc) now, so nothing takes "
                "them. They stay stored: resend or discard them, or let the item have a queue again",
                count,
                item,
                extra={"iop_item": item},
            )

    def _note(self) -> None:
        notes = {QUEUES: json.dumps(self._queues), MOVED: json.dumps(sorted(self._moved))}
        self._store.submit(Unit(notes=notes)).wait()


def _other(item: str, queue: str) -> str:
    return ACTOR_QUEUE if queue == item else item
