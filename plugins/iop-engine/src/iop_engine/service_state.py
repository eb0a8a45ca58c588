"""What a service remembers over restarts: the attributes that its class names."""

from __future__ import annotations

from iop_core.services import BusinessService
from iop_core.store_units import Unit
from iop_core.stores import Store
from iop_engine.process_instance import NO_STATE, read_state, write_state


class ServiceState:
    """The persistent properties of one service instance.

    Args:
        item: Name of the item; its jobs share what is stored.
        service: The instance; its start-up hooks have run.
        store: Where it is kept.
    """

    def __init__(self, item: str, service: BusinessService, store: Store) -> None:
        self._note = f"state of {item}"
        self._service = service
        self._store = store
        self._is_wanted = service.PERSISTENT_PROPERTY_LIST is not None
        self._stored = NO_STATE
        if self._is_wanted:
            self._stored = store.reader.notes().get(self._note, NO_STATE)
            write_state(service, self._stored)

    def add_to(self, unit: Unit) -> None:
        """Have it stored with a unit, if it has changed."""
        if self._is_wanted:
            state = read_state(self._service, {})
            if state != self._stored:
                self._stored = unit.notes[self._note] = state

    def save(self) -> None:
        """Have it on disk when this returns."""
        unit = Unit()
        self.add_to(unit)
        if unit.notes:
            self._store.submit(unit).wait()
