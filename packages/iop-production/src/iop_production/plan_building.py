"""Making a change plan from the differences between two productions."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TypeAlias

from iop_production.change_plan import ProductionChangePlan
from iop_production.comparison import compare_productions
from iop_production.directors import namespace_of
from iop_production.export import export_production
from iop_production.fingerprint import fingerprint_of
from iop_production.item_operations import AddItem, DeleteItem, ReplaceItemClass, SetItemField
from iop_production.production_operations import SetProductionField, Unsupported
from iop_production.setting_operations import RemoveRoute, RemoveSetting, SetRouteSetting, SetSetting
from iop_production.texts import text_of

if TYPE_CHECKING:
    from iop_production.diff import ProductionDiffEntry
    from iop_production.plan_operation import ProductionPlanOperation
    from iop_production.production import Production

# The class of an operation, and its fields but for the number.
_Operation: TypeAlias = "tuple[type[ProductionPlanOperation], dict[str, Any]]"


def build_plan(desired: Production, current: Production) -> ProductionChangePlan:
    """Return the operations that make ``current`` what ``desired`` is.

    They are ordered so that each finds what it needs: items are added before others lead to
    them, and deleted last. What is deployed and not in ``desired`` becomes an operation that
    needs permission.
    """
    diff = compare_productions(desired, current, edges=False)
    # The order of the differences stays among operations of one kind.
    found = sorted((_operation(entry, desired, current) for entry in diff.changes), key=lambda one: one[0].rank)
    return ProductionChangePlan.of(
        production_name=desired.name,
        namespace=(
            namespace_of(desired.director, desired.namespace) or namespace_of(current.director, current.namespace)
        ),
        created_at=datetime.now(timezone.utc).isoformat(),
        source_fingerprint=fingerprint_of(export_production(current)),
        desired_fingerprint=fingerprint_of(export_production(desired)),
        operations=tuple(operation(**fields, number=number) for number, (operation, fields) in enumerate(found, 1)),
        warnings=diff.warnings,
    )


def _operation(entry: ProductionDiffEntry, desired: Production, current: Production) -> _Operation:
    said: dict[str, Any] = {
        "action": entry.action,
        "kind": entry.kind,
        "path": entry.path,
        "before": entry.before,
        "after": entry.after,
        "detail": entry.detail,
        "secrets": entry.secrets,
    }
    if entry.kind == "production":
        if entry.name == "name":
            return Unsupported, {**said, "detail": "a deployed production cannot be renamed"}
        return SetProductionField, {**said, "field": entry.name}
    if entry.kind == "item":
        return _item_operation(entry, said)
    if entry.kind == "setting":
        said.update(item=entry.item, target=entry.target, setting=entry.name)
        return RemoveSetting if entry.action == "remove" else SetSetting, said
    return _route_operation(entry, said, desired, current)


def _item_operation(entry: ProductionDiffEntry, said: dict[str, Any]) -> _Operation:
    if not entry.name:
        return AddItem if entry.action == "add" else DeleteItem, {**said, "item": entry.item}
    fields = {**said, "item": entry.item, "field": entry.name}
    return ReplaceItemClass if entry.name == "class_name" else SetItemField, fields


def _route_operation(
    entry: ProductionDiffEntry, said: dict[str, Any], desired: Production, current: Production
) -> _Operation:
    said.update(source_item=entry.item, source_target_setting=entry.name)
    settings = desired.item(entry.item).host_settings
    if entry.name in settings:
        # The setting stays: where it leads to nothing, its text is no list of items any more.
        targets: list[str] = entry.after or []
        text = text_of(settings[entry.name])
        return SetRouteSetting, {**said, "after": targets, "text": "" if text == ",".join(targets) else text}
    if entry.name in current.item(entry.item).host_settings:
        return RemoveRoute, said
    # Seen at run time, and in no setting: there is nothing to set.
    return SetRouteSetting, {**said, "source_target_setting": ""}
