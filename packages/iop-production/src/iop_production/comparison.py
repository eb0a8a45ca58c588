"""Comparing two productions: what has to change in the current one.

A route is compared once, as a connection, and not again as the Host setting that holds it.
The order of items and of settings does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import eq
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from iop_production.diff import DiffAction, ProductionDiff, ProductionDiffEntry
from iop_production.route_comparison import RoutePorts, deployed_connections, graph_connections
from iop_production.secret_settings import declared_secrets
from iop_production.setting_types import same_setting
from iop_production.signatures import item_signature, production_signature
from iop_production.texts import text_of

if TYPE_CHECKING:
    from iop_production.component_ref import ComponentRef
    from iop_production.production import Production

K = TypeVar("K", str, "tuple[str, str]")


def compare_productions(desired: Production, current: Production, *, edges: bool) -> ProductionDiff:
    """Return what has to change in ``current`` to make it ``desired``.

    Args:
        desired: The production as it should be.
        current: The production as it is.
        edges: True: where routes are known from and how they are used counts, too.
    """
    ports = RoutePorts(desired, current)
    changes = [
        *_production_changes(desired, current),
        *_item_changes(desired, current, ports),
        *_connection_changes(desired, current, ports, edges=edges),
    ]
    sides = (("desired", desired), ("current", current))
    warnings = [f"{side}: {text}" for side, production in sides for text in production.import_warnings]
    return ProductionDiff(desired.name, tuple(changes), tuple(warnings))


def _differences(
    before: Mapping[K, Any], after: Mapping[K, Any], same: Callable[[Any, Any], bool] = eq
) -> Iterator[tuple[DiffAction, K]]:
    """Yield what was removed, then added, then changed, each sorted by name."""
    for name in sorted(before.keys() - after.keys()):
        yield "remove", name
    for name in sorted(after.keys() - before.keys()):
        yield "add", name
    for name in sorted(before.keys() & after.keys()):
        if not same(before[name], after[name]):
            yield "change", name


def _production_changes(desired: Production, current: Production) -> Iterator[ProductionDiffEntry]:
    if desired.name != current.name:
        yield ProductionDiffEntry("change", "production", "production.name", current.name, desired.name, name="name")
    before, after = production_signature(current), production_signature(desired)
    for action, field in _differences(before, after):
        path = f"production.{field}"
        yield ProductionDiffEntry(action, "production", path, before[field], after[field], name=field)
    kept, wanted = _other_settings(current), _other_settings(desired)
    for action, (target, name) in _differences(kept, wanted):
        path = ".".join(part for part in ("production.settings", target, name) if part)
        values = (kept.get((target, name)), wanted.get((target, name)))
        yield ProductionDiffEntry(action, "setting", path, *values, target=target, name=name)


def _other_settings(production: Production) -> dict[tuple[str, str], str]:
    return {
        (text_of(entry.get("@Target")), text_of(entry.get("@Name"))): text_of(entry.get("#text"))
        for entry in production.other_settings
    }


def _item_changes(desired: Production, current: Production, ports: RoutePorts) -> Iterator[ProductionDiffEntry]:
    before = {ref.name: item_signature(ref) for ref in current.items}
    after = {ref.name: item_signature(ref) for ref in desired.items}
    for name in sorted(before.keys() - after.keys()):
        secrets = _secrets(current.item(name))
        yield ProductionDiffEntry("remove", "item", f"items.{name}", before[name], item=name, secrets=secrets)
    for name in sorted(after.keys() - before.keys()):
        secrets = _secrets(desired.item(name))
        yield ProductionDiffEntry("add", "item", f"items.{name}", None, after[name], item=name, secrets=secrets)
    for name in sorted(before.keys() & after.keys()):
        yield from _field_changes(name, before[name], after[name])
        refs = (desired.item(name), current.item(name))
        for target in ("Host", "Adapter"):
            yield from _setting_changes(target, refs, before[name], after[name], ports)
        yield from _other_setting_changes(name, before[name]["other_settings"], after[name]["other_settings"])


def _field_changes(item: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[ProductionDiffEntry]:
    for field in sorted(before):
        if isinstance(before[field], str) and before[field] != after[field]:
            path = f"items.{item}.{field}"
            yield ProductionDiffEntry("change", "item", path, before[field], after[field], item=item, name=field)


def _setting_changes(
    target: Literal["Host", "Adapter"],
    refs: tuple[ComponentRef, ComponentRef],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    ports: RoutePorts,
) -> Iterator[ProductionDiffEntry]:
    item, key = refs[0].name, f"{target.lower()}_settings"
    kept, wanted = before[key], after[key]
    for action, name in _differences(kept, wanted):
        values = (kept.get(name), wanted.get(name))
        if target == "Host" and ports.is_covered(item, name, values):
            continue
        if not same_setting(name, values, _classes(target, refs)):
            path = f"items.{item}.settings.{target}.{name}"
            secrets = (name,) if name in declared_secrets(_classes(target, refs)) else ()
            yield ProductionDiffEntry(
                action, "setting", path, *values, item=item, target=target, name=name, secrets=secrets
            )


def _secrets(ref: ComponentRef) -> tuple[str, ...]:
    return tuple(sorted(declared_secrets((ref.component_class, ref.adapter_class))))


def _classes(target: str, refs: tuple[ComponentRef, ComponentRef]) -> tuple[type | None, ...]:
    return tuple(ref.component_class if target == "Host" else ref.adapter_class for ref in refs)


def _other_setting_changes(
    item: str, before: list[dict[str, str]], after: list[dict[str, str]]
) -> Iterator[ProductionDiffEntry]:
    texts = [{(entry["@Target"], entry["@Name"]): entry["#text"] for entry in entries} for entries in (before, after)]
    if texts[0] != texts[1]:
        path = f"items.{item}.settings.Other"
        yield ProductionDiffEntry("change", "setting", path, before, after, item=item, target="Other")


def _connection_changes(
    desired: Production, current: Production, ports: RoutePorts, *, edges: bool
) -> Iterator[ProductionDiffEntry]:
    if edges:
        before, after = graph_connections(current, ports), graph_connections(desired, ports)
    else:
        before, after = deployed_connections(current, desired, ports), deployed_connections(desired, current, ports)
    for action, (item, port) in _differences(before, after):
        path = f"connections.{item}.{port}" if port else f"connections.{item}"
        values = (before.get((item, port)), after.get((item, port)))
        yield ProductionDiffEntry(action, "connection", path, *values, item=item, name=port)
