"""A production as plain data: what an engine needs in order to run it.

The authoring package builds these from a ``Production``; an engine reads them.
Neither needs to know the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from iop_core.headers import BusinessType
from iop_core.purging import DailyPurge

_KINDS = {
    "service": BusinessType.SERVICE,
    "process": BusinessType.PROCESS,
    "operation": BusinessType.OPERATION,
}


@dataclass(frozen=True, slots=True)
class ItemDefinition:
    """One item of a production.

    Attributes:
        name: Name of the item, unique in the production.
        kind: ``service``, ``process``, ``operation`` or ``component`` (not known).
        component_class: Python class of the business host; None for a class that only
            another runtime knows, which is then named by ``class_name``.
        class_name: Name under which another runtime knows the class.
        adapter_class: Python class of the adapter; None when there is none.
        pool_size: Number of jobs; 0: its work is done by a pool that it shares.
        enabled: False: the queue accepts messages, nothing is handled.
        foreground: True: trace events are written to the console.
        log_trace_events: True: ``trace()`` entries are kept.
        schedule: When the item is active; empty means always.
        host_settings: Setting name to value, for the business host.
        adapter_settings: Setting name to value, for the adapter.
        targets: Port name to the names of the items it is connected to.
        adapter_class_name: Name of the adapter's class, also when ``adapter_class`` is None
            because only a name was given; empty when there is no adapter.
    """

    name: str
    kind: str
    component_class: type | None
    class_name: str = ""
    adapter_class: type | None = None
    pool_size: int = 1
    enabled: bool = True
    foreground: bool = False
    log_trace_events: bool = False
    schedule: str = ""
    host_settings: Mapping[str, object] = field(default_factory=dict[str, object])
    adapter_settings: Mapping[str, object] = field(default_factory=dict[str, object])
    targets: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    adapter_class_name: str = ""

    @property
    def business_type(self) -> BusinessType:
        """The kind as it is written into message headers."""
        return _KINDS.get(self.kind, BusinessType.UNKNOWN)


@dataclass(frozen=True, slots=True)
class ProductionDefinition:
    """A whole production.

    Attributes:
        name: Name of the production.
        items: Its items, in the order in which they were added.
        actor_pool_size: Size of the pool shared by processes with pool size 0.
        testing_enabled: Whether test messages may be sent to it.
        log_trace_events: Whether every item keeps its ``trace()`` entries.
        shutdown_timeout_seconds: How long a stop waits for handlers to end.
        update_timeout_seconds: How long a stop of one item waits for its handlers to end.
        serializer: Name of the serializer that writes messages whose class names none.
        allowed_serializers: Names of serializers that need permission and have it.
        schedules: Name to text of the schedules that items refer to as ``@Name``.
        daily_purge: What is removed by itself every day; None: nothing is.
    """

    name: str
    items: tuple[ItemDefinition, ...]
    actor_pool_size: int = 2
    testing_enabled: bool = False
    log_trace_events: bool = False
    shutdown_timeout_seconds: float = 120.0
    update_timeout_seconds: float = 10.0
    serializer: str = "json"
    allowed_serializers: tuple[str, ...] = ()
    schedules: Mapping[str, str] = field(default_factory=dict[str, str])
    daily_purge: DailyPurge | None = None

    def item(self, name: str) -> ItemDefinition | None:
        """Return the item of that name, or None."""
        return next((item for item in self.items if item.name == name), None)
