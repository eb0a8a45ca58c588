"""Comparing two productions: what has to change in the current one.

A route is compared once, as a connection, and not again as the Host setting that holds it.
The order of items and of settings does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import eq
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from iop_production.deployed_model import ITEM_FIELDS, field_text
from iop_production.diff import DiffAction, ProductionDiff, ProductionDiffEntry
from iop_production.route_comparison import RoutePorts, deployed_connections, graph_connections
from iop_production.secret_settings import declared_secrets
from iop_production.setting_types import same_setting
from iop_production.signatures import item_signature, production_signature
from iop_production.texts import text_of

if TYPE_CHECKING:
    from iop_production.component_ref import ComponentRef
    from iop_production.production import Production

_FIELDS = tuple(sorted(ITEM_FIELDS))

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
    before = {ref.name: ref for ref in current.items}
    after = {ref.name: ref for ref in desired.items}
    for name in sorted(before.keys() - after.keys()):
        ref = before[name]
        yield ProductionDiffEntry(
            "remove", "item", f"items.{name}", item_signature(ref), item=name, secrets=_secrets(ref)
        )
    for name in sorted(after.keys() - before.keys()):
        ref = after[name]
        yield ProductionDiffEntry(
            "add", "item", f"items.{name}", None, item_signature(ref), item=name, secrets=_secrets(ref)
        )
    for name in sorted(before.keys() & after.keys()):
        refs = (after[name], before[name])
        yield from _field_changes(name, before[name], after[name])
        yield from _setting_changes("Host", refs, before[name].host_settings, after[name].host_settings, ports)
        yield from _setting_changes("Adapter", refs, before[name].adapter_settings, after[name].adapter_settings, ports)
        if before[name].other_settings or after[name].other_settings:
            yield from _other_setting_changes(name, before[name].other_settings, after[name].other_settings)


def _field_changes(item: str, before: ComponentRef, after: ComponentRef) -> Iterator[ProductionDiffEntry]:
    for field in _FIELDS:
        kept, wanted = getattr(before, field), getattr(after, field)
        if kept is wanted or (type(kept) is type(wanted) and kept == wanted):
            continue
        texts = (field_text(field, kept), field_text(field, wanted))
        if texts[0] != texts[1]:
            yield ProductionDiffEntry("change", "item", f"items.{item}.{field}", *texts, item=item, name=field)


def _setting_changes(
    target: Literal["Host", "Adapter"],
    refs: tuple[ComponentRef, ComponentRef],
    before: Mapping[str, object],
    after: Mapping[str, object],
    ports: RoutePorts,
) -> Iterator[ProductionDiffEntry]:
    # Not for numbers: 1 and True are equal, and their texts are not.
    if before == after and all(type(value) is str for value in before.values()):
        return
    item = refs[0].name
    kept = {name: text_of(value) for name, value in before.items()}
    wanted = {name: text_of(value) for name, value in after.items()}
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
    item: str, before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> Iterator[ProductionDiffEntry]:
    values = [[{key: text_of(value) for key, value in entry.items()} for entry in side] for side in (before, after)]
    texts = [{(entry["@Target"], entry["@Name"]): entry["#text"] for entry in entries} for entries in values]
    if texts[0] != texts[1]:
        path = f"items.{item}.settings.Other"
        yield ProductionDiffEntry("change", "setting", path, values[0], values[1], item=item, target="Other")


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
