"""Item names to queues: where a message for an item goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iop_core.alarms import ALARM_ITEM
from iop_core.definitions import ItemDefinition, ProductionDefinition
from iop_core.errors import ConfigurationError, SharedJobsError, UnknownItemError
from iop_core.headers import BusinessType
from iop_engine.in_proc_calls import is_in_proc
from iop_engine.order_keys import OrderKeys, order_keys_of

# Processes with pool size 0 share this queue and its jobs, as in IRIS.
ACTOR_QUEUE = "Ens.Actor"
# Timers of process instances wait here.
ALARM_QUEUE = ALARM_ITEM


@dataclass(frozen=True, slots=True)
class Address:
    """Where messages for one item go.

    Attributes:
        item: Name of the item.
        queue: Its queue.
        business_type: Kind of the item.
        is_in_proc: Whether it runs in its callers' jobs instead.
        order_keys: Gives its messages the keys by which they are kept in order; None when they need none.
    """

    item: str
    queue: str
    business_type: BusinessType
    order_keys: OrderKeys | None = None
    is_in_proc: bool = False

    def order_key(self, message: object) -> str:
        """Return the key by which a message is kept in order; empty when it needs none."""
        return "" if self.order_keys is None else self.order_keys.key_of(message)


class AddressBook:
    """Addresses of all items of a production.

    Args:
        production: The production.

    Raises:
        UnknownItemError: A port is connected to an item that does not exist.
        ConfigurationError: An item has the name of a queue of the engine.
        SharedJobsError: Of the processes that share their jobs only some are enabled.
    """

    def __init__(self, production: ProductionDefinition) -> None:
        for name in (ACTOR_QUEUE, ALARM_QUEUE):
            if production.item(name) is not None:
                raise ConfigurationError(f"an item cannot be called {name!r}: the engine's own queue has that name")
        _check_actors([item for item in production.items if queue_of(item) == ACTOR_QUEUE])
        self._addresses = {
            item.name: Address(item.name, queue_of(item), item.business_type, order_keys_of(item), is_in_proc(item))
            for item in production.items
        }
        for item in production.items:
            for port, targets in item.targets.items():
                for target in targets:
                    if target not in self._addresses:
                        raise UnknownItemError(target, self._addresses, used_by=f"{item.name}.{port}")

    def follow(self, other: AddressBook) -> None:
        """Take over the addresses of another book, for everybody who has this one."""
        self._addresses = other._addresses

    def find(self, item: str) -> Address | None:
        """Return the address of an item, or None."""
        return self._addresses.get(item)

    def get(self, item: str) -> Address:
        """Return the address of an item.

        Raises:
            UnknownItemError: The production has no such item.
        """
        address = self._addresses.get(item)
        if address is None:
            raise UnknownItemError(item, self._addresses)
        return address


def queue_of(item: ItemDefinition) -> str:
    """Return the queue of an item: its own, or the shared one of the actors."""
    if item.business_type is BusinessType.PROCESS and item.pool_size == 0:
        return ACTOR_QUEUE
    return item.name


def _check_actors(items: Sequence[ItemDefinition]) -> None:
    off = [item.name for item in items if not item.enabled]
    if 0 < len(off) < len(items):
        raise SharedJobsError(off[0], [item.name for item in items if item.name != off[0]])
    for item in items:
        if item.schedule:
            raise SharedJobsError(item.name, [other.name for other in items if other is not item])
