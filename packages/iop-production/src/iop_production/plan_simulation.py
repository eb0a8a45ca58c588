"""Applying a plan to an exported production in memory, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from iop_core.errors import PlanError
from iop_production.deployed_model import DeployedModel

if TYPE_CHECKING:
    from iop_production.change_plan import ProductionChangePlan

_NOT_REACHED = "nothing was applied, because another operation failed"


@dataclass(slots=True)
class PlanSimulation:
    """What a plan makes of a production.

    Attributes:
        export: The exported dictionary after the plan; the one given when an operation failed.
        operations: One report for each operation, in plan order: ``id``, ``op_type``, ``path``,
            ``status`` (``applied``, ``skipped`` or ``failed``) and ``message``, if any.
        error: Why nothing was applied; empty when all that is allowed was.
    """

    export: dict[str, Any]
    operations: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    error: str = ""


def simulate_plan(plan: ProductionChangePlan, export: Mapping[str, Any], *, allow_destructive: bool) -> PlanSimulation:
    """Return what a plan makes of a production; neither is changed.

    Args:
        plan: The plan.
        export: The exported production.
        allow_destructive: Whether destructive operations are applied, too.

    Raises:
        PlanError: The plan is for another production.
        ProductionTypeError: No exported production.

    Example:
        >>> from iop_production import Production
        >>> old = {"P": {"Item": [{"@Name": "Out"}]}}
        >>> plan = Production("P").plan(old)
        >>> simulate_plan(plan, old, allow_destructive=True).export
        {'P': {}}
    """
    model = DeployedModel(export)
    if model.name != plan.production_name:
        raise PlanError(f"Plan targets {plan.production_name!r}, not {model.name!r}.")
    simulation = PlanSimulation(dict(export))
    failed = ""
    for operation in plan.operations:
        report = {"id": operation.id, "op_type": operation.op_type, "path": operation.path, "status": "applied"}
        simulation.operations.append(report)
        if not operation.can_apply(allow_destructive):
            report.update(status="skipped", message=operation.why_skipped())
        elif failed:
            report.update(status="failed", message=_NOT_REACHED)
        else:
            try:
                operation.apply_to(model)
            except PlanError as error:
                failed = operation.id
                report.update(status="failed", message=str(error))
    if not failed:
        simulation.export = model.to_dict()
        return simulation
    for report in simulation.operations:
        if report["status"] == "applied":
            report.update(status="failed", message=_NOT_REACHED)
    reason = next(report["message"] for report in simulation.operations if report["id"] == failed)
    simulation.error = f"nothing was applied: {failed}: {reason}"
    return simulation
