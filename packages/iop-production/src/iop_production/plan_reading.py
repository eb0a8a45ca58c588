"""Reading the operations of a plan from a file.

What a file says about risks is compared with what its operations do, never believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_args

from iop_core.errors import PlanError, did_you_mean
from iop_production.deployed_model import ITEM_FIELDS, PRODUCTION_FIELDS
from iop_production.diff import DiffAction, DiffKind
from iop_production.item_operations import AddItem, DeleteItem, ReplaceItemClass, SetItemField
from iop_production.loose_data import list_of, mapping_of, shown
from iop_production.plan_operation import ProductionPlanOperation
from iop_production.production_fields import SETTING_NAMES
from iop_production.production_operations import SetProductionField, Unsupported
from iop_production.setting_operations import RemoveRoute, RemoveSetting, SetRouteSetting, SetSetting

_CLASSES: Mapping[str, type[ProductionPlanOperation]] = {
    operation.op_type: operation
    for operation in (
        *(AddItem, DeleteItem, SetItemField, ReplaceItemClass),
        *(SetSetting, RemoveSetting, SetRouteSetting, RemoveRoute),
        *(SetProductionField, Unsupported),
    )
}
_WORDS = {"action": get_args(DiffAction), "kind": get_args(DiffKind)}
_FIELD_NAMES: Mapping[type, frozenset[str]] = {
    SetItemField: frozenset(ITEM_FIELDS) - {"class_name"},
    ReplaceItemClass: frozenset({"class_name"}),
    SetProductionField: frozenset({*PRODUCTION_FIELDS, *SETTING_NAMES}),
}
_NOT_TEXT = frozenset({"before", "after"})
_OPTIONAL = frozenset({"detail", "text", "secrets"})


def read_operation(data: object, number: int) -> ProductionPlanOperation:
    """Return the operation that an entry of a plan file describes.

    Args:
        data: The entry.
        number: Its position, from 1.

    Raises:
        PlanError: It is none, or says something else about itself than it does.
    """
    said = mapping_of(data)
    place = f"operations[{number - 1}]"
    if not said:
        raise PlanError(f"{place} must be an operation, got {shown(data)}")
    op_type = said.get("op_type")
    operation_class = _CLASSES.get(str(op_type))
    if operation_class is None:
        raise PlanError(
            f"{place}.op_type {op_type!r} is unknown{did_you_mean(str(op_type), _CLASSES)}; "
            f"known: {', '.join(_CLASSES)}"
        )
    operation = operation_class(**_values(operation_class, said, place), number=number)
    _compare(said, operation.to_dict(), place)
    return operation


def _values(operation_class: type[ProductionPlanOperation], said: Mapping[str, Any], place: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in fields(operation_class):
        name = field.name
        if name == "number" or (name not in said and name in _NOT_TEXT | _OPTIONAL):
            continue
        if name not in said:
            raise PlanError(f"{place}.{name} is missing")
        value = values[name] = said[name]
        if name in _NOT_TEXT:
            continue
        if name == "secrets":
            values[name] = _names(value, f"{place}.{name}")
        elif not isinstance(value, str):
            raise PlanError(f"{place}.{name} must be text, got {shown(value)}")
        allowed = _WORDS.get(name) or (_FIELD_NAMES.get(operation_class) if name == "field" else None)
        if allowed and value not in allowed:
            raise PlanError(f"{place}.{name} cannot be {value!r}; use {', '.join(sorted(allowed))}")
    return values


def _names(value: Any, place: str) -> tuple[str, ...]:
    names = tuple(name for name in list_of(value) if isinstance(name, str))
    if list(names) != value:
        raise PlanError(f"{place} must be a list of names, got {shown(value)}")
    return names


def _compare(said: Mapping[str, Any], true: Mapping[str, Any], place: str) -> None:
    for key in [*true, *(key for key in said if key not in true)]:
        if key not in said or said[key] != true.get(key, said):
            told = shown(said[key]) if key in said else "nothing"
            real = shown(true[key]) if key in true else "nothing"
            raise PlanError(
                f"{place}.{key} says {told}, and the operation is {real}: the plan was edited. Make a new plan"
            )
