"""What a production reads from the Python class of a component: its ports and its adapter."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from iop_core.errors import ProductionError, ProductionTypeError
from iop_core.settings import Setting, TargetSetting
from iop_production.names import port_name

SettingKey: TypeAlias = "str | Setting[Any]"

_ports: WeakKeyDictionary[type, Mapping[str, str]] = WeakKeyDictionary()
_adapter_types: WeakKeyDictionary[type, str | type | None] = WeakKeyDictionary()


def declared_ports(component_class: type) -> Mapping[str, str]:
    """Return the ports that a class declares with ``target()``, each with its default target.

    The class is looked at without running any of its code, and once only. Plain text
    in a subclass is a new default; anything else there takes the port away.
    """
    found = _ports.get(component_class)
    if found is None:
        found = _ports[component_class] = MappingProxyType(_find_ports(component_class))
    return found


def _find_ports(component_class: type) -> dict[str, str]:
    ports: dict[str, str] = {}
    for owner in reversed(component_class.__mro__):
        for name, value in vars(owner).items():
            if isinstance(value, TargetSetting):
                ports[name] = value.default if isinstance(value.default, str) else ""
            elif name in ports:
                if isinstance(value, str):
                    ports[name] = value
                else:
                    del ports[name]
    return ports


def adapter_type(component_class: type) -> str | type | None:
    """Return what ``get_adapter_type()`` of a class gives: a class, a name, or None.

    Asked once per class.

    Raises:
        ProductionError: It needs an argument, or fails.
        ProductionTypeError: It gives something else.
    """
    if component_class not in _adapter_types:
        _adapter_types[component_class] = _ask_adapter_type(component_class)
    return _adapter_types[component_class]


def _ask_adapter_type(component_class: type) -> str | type | None:
    method = getattr(component_class, "get_adapter_type", None)
    if not callable(method):
        return None
    label = f"{component_class.__module__}.{component_class.__qualname__}.get_adapter_type"
    try:
        inspect.signature(method).bind()
    except TypeError as error:
        raise ProductionError(f"{label} must be callable on the class: make it a @staticmethod ({error})") from error
    try:
        adapter = method()
    except Exception as error:
        raise ProductionError(f"{label}() failed: {error!r}") from error
    if adapter is not None and not isinstance(adapter, (str, type)):
        raise ProductionTypeError(f"{label}() must give a class, its name or None, got {adapter!r}")
    return adapter or None


def setting_name(key: object) -> str:
    """Return the name behind a settings key: text, or the descriptor on the class.

    Raises:
        ProductionTypeError: Neither text nor a setting.
        ProductionError: A setting that stands on no class.
    """
    if isinstance(key, str):
        return key
    if not isinstance(key, Setting):
        raise ProductionTypeError(f"a setting is named by text or by Class.Setting, got {key!r}")
    name: str = key.name
    if not name:
        kind = "Route target setting" if isinstance(key, TargetSetting) else "setting"
        raise ProductionError(f"{kind} must be declared on a component class, as in: Output = target()")
    return name


def check_port_key(key: object, component_class: type | None, role: str = "target setting") -> str:
    """Return the port named by text or by a descriptor such as ``FileService.Output``.

    Args:
        key: Name or descriptor.
        component_class: Class of the item; None for a class that only IRIS knows.
        role: What to call the port in an error.

    Raises:
        ProductionError: The descriptor stands on another class, or on none.
        ProductionTypeError: Neither a name nor a target setting.
    """
    if isinstance(key, str):
        return port_name(key)
    if not isinstance(key, TargetSetting):
        raise ProductionTypeError(f"{role} must be a port, its name or Class.Port, got {key!r}")
    name = setting_name(key)
    if component_class is not None and not any(vars(owner).get(name) is key for owner in component_class.__mro__):
        owner = key.owner
        home = "another class" if owner is None else f"{owner.__module__}.{owner.__name__}"
        raise ProductionError(
            f"{role} {name!r} belongs to {home}, not {component_class.__module__}.{component_class.__name__}"
        )
    return name
