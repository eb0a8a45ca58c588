"""Which items an operator switched on or off, now and for later starts."""

from __future__ import annotations

import json
from collections.abc import Mapping

from iop_core.definitions import ItemDefinition
from iop_core.item_control import ItemState

# Under this name the switches that outlast a stop are noted in the store.
NOTE = "switched items"


class ItemSwitches:
    """What operators said about items, on top of what the production says.

    Args:
        notes: What the store knows from earlier starts.
    """

    def __init__(self, notes: Mapping[str, str]) -> None:
        self._lasting: dict[str, bool] = json.loads(notes.get(NOTE, "{}"))
        self._stopped: set[str] = set()

    def why_off(self, item: ItemDefinition) -> tuple[ItemState, str] | None:
        """Return why an item is not to run; None when it is."""
        if not self._lasting.get(item.name, item.enabled):
            return ItemState.DISABLED, "disabled in the production" if not item.enabled else "disabled by an operator"
        if item.name in self._stopped:
            return ItemState.STOPPED, "stopped by an operator"
        return None

    def stop(self, item: str) -> None:
        """Have an item stopped until it or the production is started."""
        self._stopped.add(item)

    def disable(self, item: str) -> dict[str, str]:
        """Have an item disabled, also later; return what is to be noted in the store."""
        self._lasting[item] = False
        return self._notes()

    def start(self, item: ItemDefinition) -> dict[str, str]:
        """Have an item run, also later if it was disabled; return what is to be noted in the store."""
        self._stopped.discard(item.name)
        before = dict(self._lasting)
        if item.enabled:
            self._lasting.pop(item.name, None)
        else:
            self._lasting[item.name] = True
        return self._notes() if before != self._lasting else {}

    def follow(self, old: ItemDefinition | None, new: ItemDefinition) -> dict[str, str]:
        """Have an item follow the production again, whose author has just changed it.

        Returns:
            What is to be noted in the store.
        """
        self._stopped.discard(new.name)
        if old is not None and old.enabled == new.enabled:
            return {}
        return self._notes() if self._lasting.pop(new.name, None) is not None else {}

    def _notes(self) -> dict[str, str]:
        return {NOTE: json.dumps(self._lasting)}
