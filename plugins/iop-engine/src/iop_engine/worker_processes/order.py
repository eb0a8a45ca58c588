"""What a child process is told before it makes its component."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace

from iop_core.bodies import BodyCodec
from iop_core.component import Component
from iop_core.definitions import ItemDefinition
from iop_core.errors import ComponentStartError, ConfigurationError
from iop_core.item_settings import ITEM_SETTINGS
from iop_core.operations import BusinessOperation
from iop_core.plugins import installed_plugins
from iop_engine.engine_settings import EngineSettings
from iop_engine.instances import adapter_class_of, component_class_of
from iop_engine.worker_processes import records
from iop_engine.worker_processes.class_places import ClassPlace, load, place_of


@dataclass(frozen=True, slots=True)
class WorkerOrder:
    """What a child process is told before it makes its component.

    Attributes:
        path: Where modules are searched.
        arguments: Command line of the program.
        item: The item, without its classes and settings.
        component: Where its class is.
        adapter: Where the class of its adapter is; None when it has none.
        settings: Settings of the host and of the adapter; read once the classes are loaded.
        serializers: Where the class of each installed serializer is: a child need not load all plug-ins to find them.
        serializer: Writes messages whose class names none.
        allowed: Serializers that need permission and have it.
        levels: Levels of the loggers.
        sends_super_sessions: Whether the component is told the id of the super session to send along.
    """

    path: tuple[str, ...]
    arguments: tuple[str, ...]
    item: ItemDefinition
    component: ClassPlace
    adapter: ClassPlace | None
    settings: bytes
    serializers: Mapping[str, ClassPlace]
    serializer: str
    allowed: tuple[str, ...]
    levels: Mapping[str, int]
    sends_super_sessions: bool


def order_for(item: ItemDefinition, codec: BodyCodec, settings: EngineSettings) -> WorkerOrder:
    """Return what a child process for an item is told.

    Args:
        item: The item.
        codec: Its messages to bodies and back.
        settings: What it says to the engine.

    Raises:
        ComponentStartError: A class or a setting of the item cannot be had in another process.
    """
    adapter_class = adapter_class_of(item)
    try:
        component = place_of(component_class_of(item, BusinessOperation))
        adapter = None if adapter_class is None else place_of(adapter_class)
    except ConfigurationError as exc:
        raise ComponentStartError(item.name, str(exc)) from exc
    travelling = (_travelling(item, item.host_settings), _travelling(item, item.adapter_settings))
    return WorkerOrder(
        path=tuple(place or os.getcwd() for place in sys.path),
        arguments=tuple(sys.argv),
        item=replace(item, component_class=None, adapter_class=None, host_settings={}, adapter_settings={}),
        component=component,
        adapter=adapter,
        settings=pickle.dumps(travelling),
        serializers={name: place_of(found) for name, found in installed_plugins().serializers().items()},
        serializer=codec.default,
        allowed=tuple(sorted(codec.allowed)),
        levels=records.levels(),
        sends_super_sessions=settings.sends_super_sessions,
    )


def item_of(order: WorkerOrder) -> ItemDefinition:
    """Return the item that an order speaks of; in the child."""
    component: type[Component] = load(order.component)
    adapter: type[Component] | None = None if order.adapter is None else load(order.adapter)
    host_settings, adapter_settings = pickle.loads(order.settings)  # noqa: S301 - from our own parent
    return replace(
        order.item,
        component_class=component,
        adapter_class=adapter,
        host_settings=host_settings,
        adapter_settings=adapter_settings,
    )


def _travelling(item: ItemDefinition, settings: Mapping[str, object]) -> dict[str, object]:
    """Return settings that another process can have; those that only the engine obeys need not."""
    found: dict[str, object] = {}
    for name, value in settings.items():
        try:
            pickle.dumps(value)
        except Exception as exc:
            if name in ITEM_SETTINGS:
                continue
            raise ComponentStartError(
                item.name,
                f"setting {name!r} is {value!r}, which cannot be handed to a worker process ({type(exc).__name__}: "
                f"{exc}); give text, a number, or an object of a class at the top level of a module",
            ) from exc
        found[name] = value
    return found
