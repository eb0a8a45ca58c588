"""Planned changes of the production itself, and differences that no operation can remove."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from iop_core.errors import PlanError
from iop_production.deployed_model import field_text
from iop_production.plan_operation import ProductionPlanOperation, Risk

if TYPE_CHECKING:
    from iop_production.deployed_model import DeployedModel


@dataclass(frozen=True, kw_only=True, repr=False)
class SetProductionField(ProductionPlanOperation):
    """Set a field of the production.

    Attributes:
        field: Name of the field, as in Python.
    """

    op_type: ClassVar[str] = "set_production_field"
    rank: ClassVar[int] = 1

    field: str

    @override
    def target_keys(self) -> dict[str, str]:
        return {"field": self.field}

    @override
    def apply_to(self, model: DeployedModel) -> None:
        model.set_field(self.field, self.after)

    @override
    def converged(self, model: DeployedModel) -> bool:
        return model.field(self.field) == field_text(self.field, self.after)


@dataclass(frozen=True, kw_only=True, repr=False)
class Unsupported(ProductionPlanOperation):
    """A difference that no operation can remove, such as another name of the production."""

    op_type: ClassVar[str] = "unsupported"
    rank: ClassVar[int] = 9

    @property
    @override
    def risk(self) -> Risk:
        return "unsupported"

    @property
    @override
    def reason(self) -> str:
        return f"unsupported diff entry{f' ({self.detail})' if self.detail else ''}"

    @override
    def target_keys(self) -> dict[str, str]:
        return {}

    @override
    def apply_to(self, model: DeployedModel) -> None:
        raise PlanError(f"{self.path}: {self.reason}")

    @override
    def converged(self, model: DeployedModel) -> bool:
        return False
