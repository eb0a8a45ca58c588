"""Planned changes of items: add, delete, set a field, replace the class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from iop_production.deployed_model import field_text
from iop_production.loose_data import mapping_of
from iop_production.plan_operation import ProductionPlanOperation

if TYPE_CHECKING:
    from iop_production.deployed_model import DeployedModel


@dataclass(frozen=True, kw_only=True, repr=False)
class AddItem(ProductionPlanOperation):
    """Add an item with its fields and settings, routes included.

    Attributes:
        item: Name of the item.
    """

    op_type: ClassVar[str] = "add_item"
    rank: ClassVar[int] = 0

    item: str

    @override
    def target_keys(self) -> dict[str, str]:
        return {"item": self.item}

    @override
    def apply_to(self, model: DeployedModel) -> None:
        model.add_item(self.item, mapping_of(self.after))

    @override
    def converged(self, model: DeployedModel) -> bool:
        found = model.find_item(self.item)
        return found is not None and found.has_signature(mapping_of(self.after))


@dataclass(frozen=True, kw_only=True, repr=False)
class DeleteItem(ProductionPlanOperation):
    """Remove an item.

    Attributes:
        item: Name of the item.
    """

    op_type: ClassVar[str] = "delete_item"
    rank: ClassVar[int] = 8

    item: str

    @property
    @override
    def reason(self) -> str:
        return "item deletion is destructive"

    @override
    def target_keys(self) -> dict[str, str]:
        return {"item": self.item}

    @override
    def apply_to(self, model: DeployedModel) -> None:
        model.delete_item(self.item)

    @override
    def converged(self, model: DeployedModel) -> bool:
        return model.find_item(self.item) is None


@dataclass(frozen=True, kw_only=True, repr=False)
class SetItemField(ProductionPlanOperation):
    """Set a field of an item.

    Attributes:
        item: Name of the item.
        field: Name of the field, as in Python.
    """

    op_type: ClassVar[str] = "set_item_field"
    rank: ClassVar[int] = 3

    item: str
    field: str

    @override
    def target_keys(self) -> dict[str, str]:
        return {"item": self.item, "field": self.field}

    @override
    def apply_to(self, model: DeployedModel) -> None:
        model.get_item(self.item).set_field(self.field, self.after)

    @override
    def converged(self, model: DeployedModel) -> bool:
        found = model.find_item(self.item)
        return found is not None and found.field(self.field) == field_text(self.field, self.after)


@dataclass(frozen=True, kw_only=True, repr=False)
class ReplaceItemClass(SetItemField):
    """Give an item another class; ``field`` is ``class_name``."""

    op_type: ClassVar[str] = "replace_item_class"
    rank: ClassVar[int] = 2

    @property
    @override
    def reason(self) -> str:
        return "class replacement can change runtime behavior"
