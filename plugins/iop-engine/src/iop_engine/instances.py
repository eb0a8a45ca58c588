"""Making component instances and calling them."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from iop_core.business_host import BusinessHost
from iop_core.component import Component, allocate
from iop_core.definitions import ItemDefinition
from iop_core.dispatch import DispatchTable
from iop_core.duplex import DuplexHost
from iop_core.errors import ComponentStartError, SettingError
from iop_core.interfaces import Host
from iop_core.item_settings import ADAPTER_SETTINGS, ITEM_SETTINGS
from iop_core.operations import BusinessOperation
from iop_core.plugins import installed_plugins
from iop_core.processes import BusinessProcess
from iop_core.services import BusinessService
from iop_core.setting_discovery import apply_settings, missing_required
from iop_engine.handler_loop import HandlerLoop

# Settings of every adapter that the engine itself obeys.
CALL_INTERVAL = "CallInterval"
KEEPALIVE_INTERVAL = "KeepaliveInterval"

_C = TypeVar("_C", bound=Component)


def component_class_of(item: ItemDefinition, expected: type[_C]) -> type[_C]:
    """Return the Python class of an item.

    Raises:
        ComponentStartError: There is none, or it is not of the kind the item says.
    """
    found = item.component_class or installed_plugins().components().get(item.class_name)
    if found is None:
        raise ComponentStartError(
            item.name,
            f"class {item.class_name!r} is not a Python class, and no installed plug-in offers it. Give the Python "
            "class, or run this production where that class exists",
        )
    if not issubclass(found, expected):
        raise ComponentStartError(
            item.name,
            f"{found.__module__}.{found.__qualname__} is not a {expected.__name__}, but the item is of kind "
            f"{item.kind!r}",
        )
    return found


def adapter_class_of(item: ItemDefinition) -> type[Component] | None:
    """Return the Python class of the item's adapter; None when it has none.

    Raises:
        ComponentStartError: It is named by text and nothing offers that name.
    """
    if item.adapter_class is not None or not item.adapter_class_name:
        return item.adapter_class
    found = installed_plugins().components().get(item.adapter_class_name)
    if found is None:
        raise ComponentStartError(
            item.name,
            f"adapter {item.adapter_class_name!r} is not a Python class, and no installed plug-in offers it. Give "
            "adapter_class=, or run this production where that adapter exists",
        )
    return found


def make_instance(component_class: type[_C], item: ItemDefinition, host: Host, settings: Mapping[str, object]) -> _C:
    """Make an instance with its settings, before any of its own code runs.

    Raises:
        SettingError: A value does not fit its setting, or a required one has none.
    """
    instance = make_another(component_class, item, host, settings)
    missing = missing_required(instance)
    if missing:
        names = ", ".join(repr(name) for name in missing)
        raise SettingError(
            f"required setting {names} of {component_class.__name__} is empty; give it a value in the item"
        )
    return instance


def make_another(component_class: type[_C], item: ItemDefinition, host: Host, settings: Mapping[str, object]) -> _C:
    """Make an instance like one that ``make_instance`` made before: required settings are there.

    Raises:
        SettingError: What a setting refers to has changed, and does not fit any more.
    """
    instance = allocate(component_class, host)
    if settings:
        for name in apply_settings(instance, settings, owner=item.name):
            if name not in ITEM_SETTINGS:
                instance.log_warning(
                    f"setting {name!r} of item {item.name!r} is not known to {component_class.__name__}"
                )
    return instance


def attach_adapter(business_host: BusinessHost, item: ItemDefinition, host: Host) -> Component | None:
    """Make the adapter of an item, with its settings, and give it to the business host."""
    adapter_class = adapter_class_of(item)
    if adapter_class is None:
        return None
    settings = {name: value for name, value in item.adapter_settings.items() if name not in ADAPTER_SETTINGS}
    adapter = make_instance(adapter_class, item, host, settings)
    warn_of_mistakes(adapter)
    business_host.adapter = business_host.Adapter = adapter
    return adapter


def interval_of(item: ItemDefinition, name: str, instances: Iterable[Component | None], default: float) -> float:
    """Return the seconds that a setting says: of the adapter in the item, else of the instances' classes.

    Raises:
        ComponentStartError: It is not a number above 0.
    """
    values = [item.adapter_settings.get(name), *(getattr(instance, name, None) for instance in instances), default]
    value = next(value for value in values if value is not None)
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < threading.TIMEOUT_MAX:
        raise ComponentStartError(item.name, f"adapter setting {name}={value!r} is not a number of seconds above 0")
    return seconds


def warn_of_mistakes(instance: Component) -> None:
    """Log what the author of a class should know; called once for an item, not for each instance."""
    instance._warn_if_custom_init()  # pyright: ignore[reportPrivateUsage] - the hook's name is given
    if not isinstance(instance, BusinessHost):
        return
    table = DispatchTable.of(type(instance))
    for text in table.warnings:
        instance.log_warning(text)
    if isinstance(instance, BusinessService):
        for name in table.handlers:
            instance.log_warning(
                f"@handler of {type(instance).__name__}.{name} has no effect: a service takes its input in "
                "on_process_input or on_message"
            )


def start_instance(instance: Component, loop: HandlerLoop) -> None:
    """Run the start-up hooks of an instance."""
    loop.call(instance.on_connected)
    loop.call(instance.on_init)


def stop_instances(instances: Iterable[Component], loop: HandlerLoop) -> None:
    """Run the tear-down hooks, in the order given; what fails is logged, and the next one follows."""
    for instance in instances:
        try:
            if isinstance(instance, DuplexHost):
                instance.stop_private_session()
        except Exception:
            instance.logger.exception("the private session could not be stopped")
        try:
            loop.call(instance.on_tear_down)
        except Exception:
            instance.logger.exception("on_tear_down failed")


def dispatch(
    table: DispatchTable, instance: BusinessOperation | BusinessProcess, message: object, loop: HandlerLoop
) -> object:
    """Hand a message to the handler that takes it, else to ``on_message``.

    Args:
        table: That of the class of the instance.
        instance: The component.
        message: The message.
        loop: Runs coroutines.
    """
    method = table.find(message)
    return loop.call(instance.on_message if method is None else getattr(instance, method), message)


def codes_of(operation: BusinessOperation) -> Callable[[object], tuple[str, ...]] | None:
    """Return what tells the codes of a reply of an operation; None when its class has no codes of its own."""
    return (lambda reply: tuple(operation.reply_codes(reply))) if operation.REPLY_CODES else None


def one_line(exc: BaseException) -> str:
    """Return an error as one line: its type and text."""
    text = " ".join(str(exc).split())
    return f"{type(exc).__name__}: {text}" if text else type(exc).__name__


def full_text(exc: BaseException) -> str:
    """Return an error with its traceback and causes."""
    return "".join(traceback.format_exception(exc)).rstrip()
