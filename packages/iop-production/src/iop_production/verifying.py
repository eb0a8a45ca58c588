"""Checking whether what a plan wants is deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_core.errors import PlanError
from iop_production.deployed import export_deployed
from iop_production.deployed_model import DeployedModel
from iop_production.directors import director_of
from iop_production.texts import text_of
from iop_production.verify_result import ProductionVerifyResult

if TYPE_CHECKING:
    from iop_production.apply_result import ProductionApplyResult
    from iop_production.change_plan import ProductionChangePlan
    from iop_production.production import Production


def verify_plan(
    production: Production, plan: ProductionChangePlan, result: ProductionApplyResult | None
) -> ProductionVerifyResult:
    """Check a plan as ``Production.verify`` says; the arguments are those."""
    if plan.production_name != production.name:
        raise PlanError(f"Plan targets {plan.production_name!r}, not {production.name!r}.")
    found = export_deployed(director_of(production.director, production.namespace), production.name)
    model = DeployedModel(found.data)
    reports = () if result is None else result.operations
    applied = {text_of(entry.get("id")) for entry in reports if entry.get("status") == "applied"}
    open_operations = [operation for operation in plan.operations if not operation.converged(model)]
    missing = {operation.id for operation in open_operations}
    failed = [one for one in open_operations if one.allowed_by_default or one.id in applied]
    residual = [one for one in open_operations if not (one.allowed_by_default or one.id in applied)]
    return ProductionVerifyResult(
        plan.id,
        plan.production_name,
        converged_operations=tuple(one.id for one in plan.operations if one.id not in missing),
        failed_operations=tuple({**one.to_dict(mask_secrets=True), "status": "failed"} for one in failed),
        residual_operations=tuple({**one.to_dict(mask_secrets=True), "status": "residual"} for one in residual),
        warnings=tuple(found.warnings),
    )
