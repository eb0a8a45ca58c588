"""What has to be stopped and started for one definition of a production to become another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from iop_core.definitions import ItemDefinition, ProductionDefinition
from iop_core.errors import ConfigurationError, SettingError
from iop_core.setting_discovery import SettingInfo, settings_of
from iop_core.setting_values import read_value
from iop_engine.addresses import ACTOR_QUEUE, queue_of
from iop_engine.lanes import STOP_ORDER


@dataclass(frozen=True, slots=True)
class ProductionChanges:
    """The difference between two definitions of a production.

    Attributes:
        added: Items that are new.
        removed: Items that are gone.
        changed: Items that are different.
        queues_to_stop: Queues whose jobs must end, in the order in which they are stopped.
        queues_to_start: Queues whose jobs must be made anew, or for the first time.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    queues_to_stop: tuple[str, ...]
    queues_to_start: tuple[str, ...]


def compare(old: ProductionDefinition, new: ProductionDefinition) -> ProductionChanges:
    """Return what turns one definition into the other."""
    before, after = _by_name(old), _by_name(new)
    added = tuple(name for name in after if name not in before)
    removed = tuple(name for name in before if name not in after)
    changed = tuple(name for name, item in after.items() if name in before and not _same(before[name], item))
    stopped = [before[name] for name in (*removed, *changed)]
    started = [after[name] for name in (*changed, *added)]
    touched = {queue_of(item) for item in (*stopped, *started)}
    if old.actor_pool_size != new.actor_pool_size:
        touched.add(ACTOR_QUEUE)
    kinds = {queue_of(item): item.business_type for item in old.items}
    to_stop = sorted((queue for queue in touched if queue in kinds), key=lambda queue: STOP_ORDER.index(kinds[queue]))
    to_start = dict.fromkeys(queue_of(item) for item in new.items if queue_of(item) in touched)
    return ProductionChanges(added, removed, changed, tuple(to_stop), tuple(to_start))


def check_update(old: ProductionDefinition, new: ProductionDefinition) -> None:
    """Make sure that a running production can become another.

    Raises:
        ConfigurationError: It cannot; the text says what is in the way.
    """
    for field in ("name", "serializer", "allowed_serializers"):
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            raise ConfigurationError(
                f"{field} of the running production {old.name!r} cannot be changed from {before!r} to {after!r} while "
                "it runs: stop it and start it again"
            )


def _by_name(production: ProductionDefinition) -> dict[str, ItemDefinition]:
    return {item.name: item for item in production.items}


def _same(before: ItemDefinition, after: ItemDefinition) -> bool:
    """Return whether two definitions of an item mean the same; a setting may be a number in one and text in the other.

    What is deployed holds text, and a production that a program made holds what was written there.
    """
    if replace(before, host_settings={}, adapter_settings={}) != replace(after, host_settings={}, adapter_settings={}):
        return False
    pairs = (
        (before.host_settings, after.host_settings, after.component_class),
        (before.adapter_settings, after.adapter_settings, after.adapter_class),
    )
    return all(old == new or _read(old, owner) == _read(new, owner) for old, new, owner in pairs)


def _read(settings: Mapping[str, object], owner: type | None) -> dict[str, object]:
    """Return what a component of a class sees; text for the settings that its class does not declare."""
    known: Mapping[str, SettingInfo] = settings_of(owner) if owner is not None else {}
    return {name: _value(value, known[name].python_type if name in known else None) for name, value in settings.items()}


def _value(value: object, python_type: type | None) -> object:
    if python_type is not None:
        try:
            return read_value(value, python_type)
        except SettingError:
            return value  # its item cannot start; it is compared as it is
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else value
