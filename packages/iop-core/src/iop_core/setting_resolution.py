"""The settings of a whole production, resolved: what runs, and what explains it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from iop_core.definitions import ItemDefinition, ProductionDefinition
from iop_core.errors import SettingError
from iop_core.setting_discovery import SettingInfo, settings_of
from iop_core.setting_layers import (
    ANY,
    DefaultSetting,
    Layer,
    LayerValue,
    Place,
    ResolvedSetting,
    find_default,
    resolve,
)
from iop_core.setting_values import read_value


@dataclass(frozen=True, slots=True)
class ObeyedSettings:
    """Settings that an engine itself obeys on items of any class: name to its default.

    Attributes:
        host: Those given for the business host.
        adapter: Those given for the adapter.
    """

    host: Mapping[str, object] = field(default_factory=dict[str, object])
    adapter: Mapping[str, object] = field(default_factory=dict[str, object])


NONE_OBEYED = ObeyedSettings()


def with_defaults(
    production: ProductionDefinition, defaults: Sequence[DefaultSetting], *, obeyed: ObeyedSettings = NONE_OBEYED
) -> ProductionDefinition:
    """Return a production with the system default settings filled in; what it says itself stays.

    Args:
        production: As its author defined it.
        defaults: The system default settings of the place where it runs.
        obeyed: What the engine obeys besides the settings of the classes.

    Raises:
        SettingError: An override such as PoolSize has a value it cannot have.
    """
    if not defaults:
        return production
    values = _stored(explain_production(production, defaults))
    changed = replace(production, items=tuple(_filled(production, item, defaults, obeyed) for item in production.items))
    if "ActorPoolSize" in values:
        changed = replace(
            changed, actor_pool_size=_whole_number(values["ActorPoolSize"], "ActorPoolSize", "production")
        )
    if "TestingEnabled" in values:
        changed = replace(
            changed, testing_enabled=bool(_read(values["TestingEnabled"], bool, "TestingEnabled", "production"))
        )
    return changed


def explain_production(production: ProductionDefinition, defaults: Sequence[DefaultSetting]) -> list[ResolvedSetting]:
    """Return the settings of a production itself that a system override may change, with their layers."""
    place = Place(production.name)
    given = {"ActorPoolSize": production.actor_pool_size, "TestingEnabled": production.testing_enabled}
    return [
        resolve(
            "Production",
            name,
            given=LayerValue(Layer.PRODUCTION, value, production.name),
            default=find_default(defaults, place, name),
            class_default=None,
        )
        for name, value in given.items()
    ]


def explain_item(
    production: ProductionDefinition,
    item: ItemDefinition,
    defaults: Sequence[DefaultSetting],
    *,
    obeyed: ObeyedSettings = NONE_OBEYED,
) -> list[ResolvedSetting]:
    """Return every setting of an item with the value of each layer that has one.

    The attributes of the item come first, then the settings of its business host, those of
    its adapter, and those that only the engine knows where somebody gave them.
    """
    return [
        *_item_attributes(production, item, defaults),
        *_class_settings(
            production, item, defaults, _Side("Host", item.component_class, item.host_settings, obeyed.host)
        ),
        *_class_settings(
            production, item, defaults, _Side("Adapter", item.adapter_class, item.adapter_settings, obeyed.adapter)
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Side:
    """The business host of an item, or its adapter."""

    target: str
    cls: type | None
    given: Mapping[str, object]
    obeyed: Mapping[str, object]


def _item_attributes(
    production: ProductionDefinition, item: ItemDefinition, defaults: Sequence[DefaultSetting]
) -> Iterable[ResolvedSetting]:
    place = _place(production, item)
    for name, value in (("Enabled", item.enabled), ("PoolSize", item.pool_size)):
        given = LayerValue(Layer.PRODUCTION, value, f"item {item.name}")
        yield resolve("Item", name, given=given, default=find_default(defaults, place, name), class_default=None)


def _class_settings(
    production: ProductionDefinition, item: ItemDefinition, defaults: Sequence[DefaultSetting], side: _Side
) -> Iterable[ResolvedSetting]:
    place = _place(production, item)
    declared = _declared(side.cls)
    names = dict.fromkeys((*declared, *side.given))
    names.update(dict.fromkeys(_default_names(place, defaults, side, declared)))
    for name in names:
        given = side.given.get(name)
        class_default: LayerValue | None = None
        if name in declared:
            class_default = LayerValue(Layer.CLASS, declared[name].default, _name_of(side.cls))
        elif name in side.obeyed:
            own = getattr(side.cls, name, side.obeyed[name])
            class_default = LayerValue(Layer.CLASS, own, "engine" if side.cls is None else _name_of(side.cls))
        yield resolve(
            side.target,
            name,
            given=LayerValue(Layer.PRODUCTION, given, f"item {item.name}") if name in side.given else None,
            default=find_default(defaults, place, name),
            class_default=class_default,
            is_secret=name in declared and declared[name].is_secret,
        )


def _default_names(
    place: Place, defaults: Sequence[DefaultSetting], side: _Side, declared: Mapping[str, object]
) -> Iterable[str]:
    """Return the names of matching defaults that this side takes.

    A name that nobody knows is left out when its keys match every item; one that speaks of this
    item or class goes to the host, which then warns of it.
    """
    for default in defaults:
        if not place.is_matched_by(default) or default.name in ("Enabled", "PoolSize"):
            continue
        is_specific = side.target == "Host" and (default.item, default.host_class) != (ANY, ANY)
        if default.name in declared or default.name in side.obeyed or is_specific:
            yield default.name


def _filled(
    production: ProductionDefinition,
    item: ItemDefinition,
    defaults: Sequence[DefaultSetting],
    obeyed: ObeyedSettings,
) -> ItemDefinition:
    resolved = explain_item(production, item, defaults, obeyed=obeyed)
    of_adapter = _stored(resolved, "Adapter")
    known_to_host = _declared(item.component_class)
    of_host = {
        name: value
        for name, value in _stored(resolved, "Host").items()
        # What the host does not know, but its adapter does, is for the adapter.
        if name in known_to_host or name in obeyed.host or name not in of_adapter
    }
    attributes = _stored(resolved, "Item")
    changed = replace(
        item,
        host_settings={**item.host_settings, **of_host},
        adapter_settings={**item.adapter_settings, **of_adapter},
    )
    if "Enabled" in attributes:
        changed = replace(changed, enabled=bool(_read(attributes["Enabled"], bool, "Enabled", item.name)))
    if "PoolSize" in attributes:
        changed = replace(changed, pool_size=_whole_number(attributes["PoolSize"], "PoolSize", item.name))
    return changed


def _stored(resolved: Iterable[ResolvedSetting], target: str = "Production") -> dict[str, object]:
    """Return the values that come from system defaults: name to value."""
    return {
        one.name: one.winner.value
        for one in resolved
        if one.target == target and one.winner is not None and one.winner.layer in (Layer.OVERRIDE, Layer.DEFAULT)
    }


def _place(production: ProductionDefinition, item: ItemDefinition) -> Place:
    names = [item.class_name, "" if item.component_class is None else _name_of(item.component_class)]
    return Place(production.name, item.name, tuple(name for name in names if name))


def _declared(cls: type | None) -> Mapping[str, SettingInfo]:
    nothing: dict[str, SettingInfo] = {}
    return nothing if cls is None else settings_of(cls)


def _name_of(cls: type | None) -> str:
    return "" if cls is None else f"{cls.__module__}.{cls.__qualname__}"


def _whole_number(value: object, name: str, owner: str) -> int:
    number = _read(value, int, name, owner)
    if not isinstance(number, int) or number < 0:
        raise SettingError(f"system override {name}={value!r} of {owner} is not a whole number of 0 or more")
    return number


def _read(value: object, kind: type, name: str, owner: str) -> object:
    try:
        return read_value(value, kind)
    except SettingError as exc:
        raise SettingError(f"system override {name} of {owner}: {exc}") from exc
