"""Deeds of operators on single items of a running production; each is recorded with its actor and reason."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from iop_core.clock import Clock
from iop_core.errors import IopError, StoreError
from iop_core.item_control import UpdateResult
from iop_core.store_units import Unit
from iop_core.stores import Store
from iop_engine.items import Items
from iop_engine.recorded_deed import recorded_deed

_LOG = logging.getLogger("iop.engine")


class ItemDeeds:
    """Does what ``iop_core.item_control.ItemControl`` says, and records it.

    The audit tells of a deed before it is begun, and again when it failed; the event log tells
    when it is done, too.

    Args:
        items: What is stopped and started.
        store: Keeps the record.
        clock: Where time comes from.
    """

    def __init__(self, items: Items, store: Store, clock: Clock) -> None:
        self._items = items
        self._store = store
        self._clock = clock

    def start_component(self, item: str, *, actor: str = "", reason: str = "") -> None:
        """Start an item; returns when it is ready."""
        self._do("start", item, self._items.start, actor, reason)

    def stop_component(self, item: str, *, actor: str = "", reason: str = "") -> None:
        """Stop an item until it or the production is started."""
        self._do("stop", item, self._items.stop, actor, reason)

    def restart_component(self, item: str, *, actor: str = "", reason: str = "") -> None:
        """Stop an item and start it."""
        self._do("restart", item, self._items.restart, actor, reason)

    def enable(self, item: str, *, actor: str = "", reason: str = "") -> None:
        """Have an item run, now and after later starts."""
        self._do("enable", item, self._items.start, actor, reason)

    def disable(self, item: str, *, actor: str = "", reason: str = "") -> None:
        """Have an item not run, now and after later starts, until it is enabled."""
        self._do("disable", item, self._items.disable, actor, reason)

    def record_update(self, result: UpdateResult, *, actor: str, reason: str) -> None:
        """Record an update of the production that changed something."""
        if not result.has_changes:
            return
        names = {"added": result.added, "removed": result.removed, "restarted": result.restarted}
        selection = {deed: list(items) for deed, items in names.items() if items}
        if result.failed:
            selection["failed"] = list(result.failed)
        counts = {deed: len(items) for deed, items in selection.items()}
        text = f"update of the production ({result.to_text()})"
        self._store_record(text, self._unit_of("update", text, (selection, counts), actor, reason))

    def _do(self, action: str, item: str, deed: Callable[[str], object], actor: str, reason: str) -> None:
        if self._items.production.item(item) is None:
            deed(item)  # which says that there is no such item
            return
        text = f"{action} of {item!r}"
        # Before the deed, or a crash in the middle of it would leave nothing that tells of it.
        begun = self._unit_of(action, text, ({"item": item}, {"begun": 1}), actor, reason, item=item)
        self._store_record(text, Unit(audit=begun.audit))
        try:
            deed(item)
        except IopError as exc:
            proof = ({"item": item}, {"failed": 1})
            failed = f"{text}, which failed ({exc}),"
            self._store_record(failed, self._unit_of(action, failed, proof, actor, reason, item=item))
            raise
        done = self._unit_of(action, text, ({}, {}), actor, reason, item=item)
        self._store_record(text, Unit(log=done.log))

    def _unit_of(
        self,
        action: str,
        text: str,
        proof: tuple[Mapping[str, object], Mapping[str, object]],
        actor: str,
        reason: str,
        *,
        item: str = "",
    ) -> Unit:
        return recorded_deed(action, text, proof, self._clock.now(), actor=actor, reason=reason, item=item)

    def _store_record(self, text: str, unit: Unit) -> None:
        try:
            self._store.submit(unit).wait()
        except StoreError as exc:  # a full disk is no reason not to stop an item
            _LOG.error("the %s cannot be recorded: %s", text, exc)
