"""Applying a change plan where productions are kept as exported dictionaries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iop_core.errors import PlanConflictError
from iop_production import Production, ProductionChangePlan
from iop_production.fingerprint import fingerprint_of
from iop_production.plan_simulation import simulate_plan


def apply_plan(
    export: Mapping[str, Any], plan: Mapping[str, Any], *, allow_destructive: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a deployed production as a plan makes it, and what became of each operation.

    Meant to be called inside the transaction that then writes the result, so that what was
    checked here cannot change in between. All operations that are allowed are applied, or none.

    Args:
        export: The deployed production: ``{name: {...}}``; not changed.
        plan: What ``ProductionChangePlan.to_dict()`` gives.
        allow_destructive: Whether destructive operations are applied, too.

    Returns:
        The exported dictionary to deploy, which is the one given when nothing was applied; and
        the reply for the caller: ``{"production", "operations": [{"id", "op_type", "path",
        "status", "message"}]}``, with ``error`` when an operation failed.

    Raises:
        PlanError: The plan was edited, or is for another production.
        PlanConflictError: The production changed since the plan was made.

    Example:
        >>> plan = Production("P", shutdown_timeout=300).plan({"P": {}}).to_dict()
        >>> apply_plan({"P": {}}, plan, allow_destructive=False)[0]
        {'P': {'Setting': [{'@Name': 'ShutdownTimeout', '#text': '300'}]}}
    """
    checked = ProductionChangePlan.from_dict(plan)
    simulation = simulate_plan(checked, export, allow_destructive=allow_destructive)
    if fingerprint_of(Production.from_dict(export).to_dict()) != checked.source_fingerprint:
        raise PlanConflictError(
            checked.production_name,
            (
                f"{operation.op_type} {operation.path} is not needed any more, or differs"
                for operation, report in zip(checked.operations, simulation.operations, strict=True)
                if report["status"] == "failed"
            ),
        )
    reply: dict[str, Any] = {"production": checked.production_name, "operations": simulation.operations}
    if simulation.error:
        reply["error"] = simulation.error
    return simulation.export, reply
