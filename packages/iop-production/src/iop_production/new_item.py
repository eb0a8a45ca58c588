"""Making an item from what the user wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from iop_core.errors import ProductionError, ProductionTypeError
from iop_production.callers import warn_caller
from iop_production.component_classes import SettingKey, adapter_type, declared_ports, setting_name
from iop_production.component_ref import ComponentRef
from iop_production.item_options import KINDS, WORKERS, WORKERS_SETTING, Kind, OtherSettings, Settings, Workers
from iop_production.names import check_item_name, proxy_name
from iop_production.target_lists import split_targets

if TYPE_CHECKING:
    from iop_production.production import Production

# A port of one of these names cannot be an attribute of the handle.
_REF_MEMBERS = frozenset(name for name in dir(ComponentRef) if not name.startswith("_"))


def build_ref(
    production: Production,
    kind: Kind,
    name: str | type,
    component_class: type | str | None,
    *,
    class_name: str = "",
    adapter_class: type | str | None = None,
    adapter_class_name: str = "",
    enabled: bool = True,
    pool_size: int = 1,
    workers: Workers | None = None,
    category: str = "",
    foreground: bool = False,
    comment: str = "",
    log_trace_events: bool = False,
    schedule: str = "",
    settings: Settings | None = None,
    host_settings: Settings | None = None,
    adapter_settings: Settings | None = None,
    other_settings: OtherSettings | None = None,
) -> ComponentRef:
    """Make an item; ``Production.service`` and its like say what the arguments are.

    Raises:
        ProductionError: The name or the class is missing or cannot be used.
        ProductionTypeError: An argument is of the wrong type.
    """
    item_name, python_class, iris_class = _name_and_class(kind, name, component_class, class_name)
    adapter, adapter_name = find_adapter(python_class, adapter_class, adapter_class_name)
    ref = ComponentRef(
        production,
        item_name,
        check_kind(kind),
        python_class,
        iris_class,
        adapter_class=adapter,
        adapter_class_name=adapter_name,
        category=category,
        pool_size=pool_size,
        enabled=enabled,
        foreground=foreground,
        comment=comment,
        log_trace_events=log_trace_events,
        schedule=schedule,
        host_settings=_named(settings),
        adapter_settings=_named(adapter_settings),
    )
    for given in (_named(host_settings), workers_setting(workers, kind, item_name)):
        twice = sorted(ref.host_settings.keys() & given.keys())
        if twice:
            keys = ", ".join(repr(key) for key in twice)
            raise ProductionError(f"{item_label(kind, item_name)} declares duplicate Host setting keys: {keys}")
        ref.host_settings.update(given)
    add_other_settings(ref, other_settings)
    declare_ports(ref)
    return ref


def item_label(kind: str, name: str) -> str:
    """Return how an error calls an item: ``Service item 'FileInput'``."""
    return f"{kind.capitalize()} item {name!r}"


def check_kind(kind: object) -> Kind:
    """Return the kind if there is such a kind.

    Raises:
        ProductionError: There is not.
    """
    if kind not in KINDS:
        raise ProductionError(f"kind {kind!r} does not exist; use {', '.join(KINDS)}")
    return kind


def workers_setting(workers: object, kind: Kind, item: str) -> dict[str, object]:
    """Return the Host setting that the option ``workers`` stands for; empty for None.

    Raises:
        ProductionError: It has another value than ``threads`` or ``processes``, or the item is no operation.
    """
    if workers is None:
        return {}
    if workers not in WORKERS:
        raise ProductionError(
            f"{item_label(kind, item)} has workers={workers!r}; use {' or '.join(map(repr, WORKERS))}"
        )
    if workers == "processes" and kind in ("service", "process"):
        raise ProductionError(
            f"{item_label(kind, item)} has workers='processes', but only operations run in processes of their own. Put "
            "the part that takes processor time into an operation and send to that"
        )
    return {WORKERS_SETTING: workers}


def check_component_class(component_class: object, item: str) -> None:
    """Make sure that something is a class.

    Raises:
        ProductionTypeError: It is not.
    """
    if not isinstance(component_class, type):
        raise ProductionTypeError(
            f"the component of item {item!r} must be a class or the name of an IRIS class, got {component_class!r}"
        )


def find_adapter(component_class: type | None, adapter: type | str | None, name: str) -> tuple[type | None, str]:
    """Return the adapter class that was given and the name of the adapter's IRIS class.

    The name comes from the explicit name, then from the class that was given, then from
    ``get_adapter_type()`` of the component class.
    """
    if isinstance(adapter, str):
        return None, name or adapter
    found: type | str | None = adapter
    if not name and adapter is None and component_class is not None:
        found = adapter_type(component_class)
    if not name and found is not None:
        name = found if isinstance(found, str) else proxy_name(found)
    return adapter, name


def declare_ports(ref: ComponentRef) -> None:
    """Give an item the ports of its class, connected to their defaults."""
    if ref.component_class is None:
        return
    ports = declared_ports(ref.component_class)
    ref.target_setting_names.update(ports)
    for port, default in ports.items():
        if default:
            ref.host_settings.setdefault(port, ",".join(split_targets(default)))
        if port in _REF_MEMBERS:
            warn_caller(
                f"port {port!r} of item {ref.name!r} has the name of ComponentRef.{port}; reach it with .port({port!r})"
            )


def _name_and_class(kind: str, name: object, component: object, class_name: str) -> tuple[str, type | None, str]:
    if isinstance(name, type):
        if component is not None:
            raise ProductionTypeError(
                f"{name.__name__} stands where the name of the item belongs: give one class, or a name and a class"
            )
        name, component = name.__name__, name
    item = check_item_name(name)
    if component is None or isinstance(component, str):
        if component and class_name and component != class_name:
            raise ProductionError(
                f"{item_label(kind, item)} declares conflicting component and class_name values: "
                f"{component!r} and {class_name!r}"
            )
        iris_class = component or class_name
        if not iris_class:
            raise ProductionError(f"{item_label(kind, item)} requires a component class or class_name")
        return item, None, iris_class
    check_component_class(component, item)
    python_class = cast("type", component)
    return item, python_class, class_name or proxy_name(python_class)


def _named(settings: Mapping[SettingKey, Any] | None) -> dict[str, Any]:
    return {setting_name(key): value for key, value in (settings or {}).items()}


def add_other_settings(ref: ComponentRef, settings: OtherSettings | None) -> None:
    """Add settings for other targets to an item.

    Raises:
        ProductionError: An entry lacks one of its three keys.
    """
    for entry in settings or ():
        try:
            target, name, value = entry["@Target"], entry["@Name"], entry["#text"]
        except (KeyError, TypeError) as error:
            raise ProductionError(
                f"other_settings of item {ref.name!r} must have '@Target', '@Name' and '#text' each, got {entry!r}"
            ) from error
        ref.other_setting(target, name, value)
