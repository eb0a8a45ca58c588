"""A production as the plain data that an engine runs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from iop_core.definitions import ItemDefinition, ProductionDefinition
from iop_core.errors import ConfigurationError, ProductionError, ProductionTypeError
from iop_core.purging import DailyPurge, PurgeOptions
from iop_production.component_classes import adapter_type, declared_ports
from iop_production.message_registrations import register_in_process
from iop_production.names import proxy_name
from iop_production.target_lists import split_targets
from iop_production.texts import boolean_of, text_of, time_of_day

if TYPE_CHECKING:
    from iop_production.component_ref import ComponentRef
    from iop_production.production import Production


def define_production(production: Production) -> ProductionDefinition:
    """Return the definition of a production.

    Raises:
        ProductionError: A field holds text that is no number or no boolean, or a size below 0.
        ProductionTypeError: A serializer is not given by its name.
    """
    register_in_process(production.message_registrations())
    return ProductionDefinition(
        name=production.name,
        items=tuple(_define_item(ref) for ref in production.items),
        actor_pool_size=_size(production.actor_pool_size, "production", "actor_pool_size"),
        testing_enabled=_boolean(production.testing_enabled, "production", "testing_enabled"),
        log_trace_events=_boolean(production.log_general_trace_events, "production", "log_general_trace_events"),
        shutdown_timeout_seconds=_number(production.shutdown_timeout, "production", "shutdown_timeout"),
        update_timeout_seconds=_number(production.update_timeout, "production", "update_timeout"),
        serializer=_serializer_name(production.serializer, "serializer"),
        allowed_serializers=_serializer_names(production.allowed_serializers),
        schedules=dict(production.schedules),
        daily_purge=_daily_purge(production),
    )


def _daily_purge(production: Production) -> DailyPurge | None:
    text = text_of(production.purge_at).strip()
    if not text:
        return None
    at = time_of_day(text)
    if at is None:
        raise ProductionError(f"purge_at of production must be a time of the day such as '03:00', got {text!r}")
    days = _integer(production.purge_days_to_keep, "production", "purge_days_to_keep")
    error_days = _integer(production.purge_keep_errors_days, "production", "purge_keep_errors_days")
    try:
        return DailyPurge(at, PurgeOptions(days_to_keep=days, keep_errors_days=error_days))
    except ConfigurationError as exc:
        raise ProductionError(f"purge of production: {exc}") from exc


def _define_item(ref: ComponentRef) -> ItemDefinition:
    label = f"item {ref.name!r}"
    targets = {name: split_targets(ref.host_settings.get(name)) for name in ref.ports}
    return ItemDefinition(
        name=ref.name,
        kind=ref.kind,
        component_class=ref.component_class,
        class_name=ref.class_name,
        adapter_class=_adapter_class(ref),
        adapter_class_name=ref.adapter_class_name,
        pool_size=_size(ref.pool_size, label, "pool_size"),
        enabled=_boolean(ref.enabled, label, "enabled"),
        foreground=_boolean(ref.foreground, label, "foreground"),
        log_trace_events=_boolean(ref.log_trace_events, label, "log_trace_events"),
        schedule=ref.schedule,
        host_settings=_host_settings(ref, targets),
        adapter_settings=dict(ref.adapter_settings),
        targets={name: names for name, names in targets.items() if names},
    )


def _host_settings(ref: ComponentRef, targets: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    settings: dict[str, Any] = dict(ref.host_settings)
    settings.update({name: ",".join(names) for name, names in targets.items() if name in settings})
    if ref.component_class is not None:
        # The class still has the default target of a port that was disconnected.
        for name, default in declared_ports(ref.component_class).items():
            if default:
                settings.setdefault(name, "")
    return settings


def _adapter_class(ref: ComponentRef) -> type | None:
    if ref.adapter_class is not None or ref.component_class is None:
        return ref.adapter_class
    found = adapter_type(ref.component_class)
    # Another name was given for the item: its class is not the one of the component.
    return found if isinstance(found, type) and proxy_name(found) == ref.adapter_class_name else None


def _serializer_names(value: object) -> tuple[str, ...]:
    if not isinstance(value, (tuple, list, set, frozenset)):  # a text alone would be taken apart into letters
        raise ProductionTypeError(f"allowed_serializers of production must be names such as ('pickle',), got {value!r}")
    names = cast("Iterable[object]", value)
    return tuple(dict.fromkeys(_serializer_name(name, "allowed_serializers") for name in names))


def _serializer_name(value: object, field: str) -> str:
    if not isinstance(value, str) or not value:
        raise ProductionTypeError(f"{field} of production must be the name of a serializer, got {value!r}")
    return value


def _integer(value: object, label: str, field: str) -> int:
    number = _number(value, label, field)
    if number != int(number):
        raise ProductionError(f"{field} of {label} must be a whole number, got {value!r}")
    return int(number)


def _size(value: object, label: str, field: str) -> int:
    number = _integer(value, label, field)
    if number < 0:
        raise ProductionError(f"{field} of {label} must be a number of jobs, 0 or more, got {value!r}")
    return number


def _number(value: object, label: str, field: str) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ProductionError(f"{field} of {label} must be a number, got {value!r}")
    return number


def _boolean(value: object, label: str, field: str) -> bool:
    truth = boolean_of(value)
    if truth is None:
        raise ProductionError(f"{field} of {label} must be true or false, got {value!r}")
    return truth
