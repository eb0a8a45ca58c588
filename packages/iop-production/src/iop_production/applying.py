"""Applying a change plan to what is deployed.

Nothing is changed before everything was checked and the backup is on the disk.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_core.actors import current_user
from iop_core.errors import PlanApplyError, PlanConflictError, PlanError
from iop_production.apply_result import ProductionApplyResult, error_of, report_operations
from iop_production.backup import write_backup
from iop_production.deployed import Deployed, export_deployed
from iop_production.directors import PlanningDirector, director_of, namespace_of, need_director, update_if_current
from iop_production.export import export_production
from iop_production.fingerprint import fingerprint_of
from iop_production.item_operations import AddItem, ReplaceItemClass
from iop_production.plan_building import build_plan
from iop_production.plan_simulation import simulate_plan
from iop_production.registration import register_classes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iop_production.change_plan import ProductionChangePlan
    from iop_production.plan_operation import ProductionPlanOperation
    from iop_production.production import Production

REMOTE_APPLY = "Remote production plan apply is not supported in v1. Run apply from a local IRIS environment."


def apply_plan(
    production: Production,
    plan: ProductionChangePlan,
    *,
    allow_destructive: bool,
    backup_dir: str | Path,
    root_path: str | Path | None,
    update: bool,
    actor: str | None,
    reason: str,
    dry_run: bool,
) -> ProductionApplyResult:
    """Apply a plan as ``Production.apply`` says; the arguments are those."""
    given = director_of(production.director, production.namespace)
    namespace = namespace_of(given, production.namespace)
    plan = check_plan(production, plan, namespace)
    operations = plan.operations_for_apply(allow_destructive)
    result = ProductionApplyResult(
        plan.id, plan.production_name, "", report_operations(plan, None, allow_destructive=allow_destructive)
    )
    if not operations:
        return result
    director: PlanningDirector = need_director(
        given, f"changing {production.name!r}", "export_production", "apply_production_plan"
    )
    found = export_deployed(director, production.name, queues=True, missing_ok=True)
    current = type(production).from_dict(found.data, connections=found.connections)
    _check_deployed(production, current, plan, operations)
    if dry_run:
        tried = simulate_plan(plan, found.data, allow_destructive=allow_destructive).operations
        return replace(result, operations=report_operations(plan, tried, allow_destructive=allow_destructive))
    plan = replace(plan, metadata={**plan.metadata, **_records(production, actor or current_user(), reason)})
    backup = str(_backup(plan, found, backup_dir, namespace))
    result = replace(result, backup_path=backup)
    used = [one.item for one in operations if isinstance(one, (AddItem, ReplaceItemClass))]
    register_classes(
        director,
        map(production.item, used),
        root_path,
        messages=production.message_registrations(),
        actor=plan.metadata["actor"],
        reason=plan.metadata["reason"],
    )
    result = _send(director, plan, result, allow_destructive=allow_destructive)
    if update and result.applied and result.success:
        return _update(director, result)
    return result


def _records(production: Production, actor: str, reason: str) -> dict[str, str]:
    """Return what goes with a plan besides its operations; an export has no place for the serializers."""
    allowed = ",".join(map(str, production.allowed_serializers))
    return {"actor": actor, "reason": reason, "serializer": production.serializer, "allowed_serializers": allowed}


def check_plan(production: Production, plan: ProductionChangePlan, namespace: str) -> ProductionChangePlan:
    """Return a plan that is meant for a production, and for what it is now.

    Args:
        production: The production.
        plan: The plan.
        namespace: Namespace that would be changed.

    Raises:
        PlanError: It is meant for another one, or was put together by hand.
    """
    if plan.production_name != production.name:
        raise PlanError(f"Plan targets {plan.production_name!r}, not {production.name!r}.")
    if plan.namespace and plan.namespace != namespace:
        raise PlanError(
            f"Plan targets {production.name!r} in the namespace {plan.namespace!r}, and this would change it in "
            f"{namespace or 'one that is not known'!r}; use prod.in_namespace({plan.namespace!r}) and a director for it"
        )
    if plan.desired_fingerprint != fingerprint_of(export_production(production)):
        raise PlanError(
            f"Plan targets another state of {production.name!r} than this object has: it was made from another "
            "production, or this one changed since. Make a new plan with prod.plan()"
        )
    return type(plan).from_dict(plan.to_dict())


def _check_deployed(
    production: Production,
    current: Production,
    plan: ProductionChangePlan,
    operations: tuple[ProductionPlanOperation, ...],
) -> None:
    fresh = build_plan(production, current)
    if fresh.source_fingerprint != plan.source_fingerprint:
        raise PlanConflictError(production.name, _differences(plan, fresh))
    wanted = {_essence(operation) for operation in fresh.operations}
    for operation in operations:
        if _essence(operation) not in wanted:
            raise PlanError(
                f"{operation.id} is not what the two productions ask for: the plan was edited. Make a new one"
            )


def _differences(plan: ProductionChangePlan, fresh: ProductionChangePlan) -> Iterator[str]:
    before, now = ({_essence(one): one for one in found.operations} for found in (plan, fresh))
    for essence, operation in now.items():
        if essence not in before:
            yield f"{operation.op_type} {operation.path} is needed now"
    for essence, operation in before.items():
        if essence not in now:
            yield f"{operation.op_type} {operation.path} is not needed any more, or differs"


def _essence(operation: ProductionPlanOperation) -> str:
    return fingerprint_of({**operation.to_dict(), "id": ""})


def _backup(plan: ProductionChangePlan, found: Deployed, backup_dir: str | Path, namespace: str) -> Path:
    metadata = {
        "namespace": namespace,
        "production": plan.production_name,
        "plan_id": plan.id,
        "source_fingerprint": plan.source_fingerprint,
        "desired_fingerprint": plan.desired_fingerprint,
        "actor": plan.metadata["actor"],
        "reason": plan.metadata["reason"],
    }
    return write_backup(backup_dir, found, metadata, plan=plan.to_dict())


def _send(
    director: PlanningDirector, plan: ProductionChangePlan, result: ProductionApplyResult, *, allow_destructive: bool
) -> ProductionApplyResult:
    cause: Exception | None = None
    reply: Any = None
    try:
        reply = director.apply_production_plan(plan.to_dict(), allow_destructive=allow_destructive)
        error = error_of(reply)
    except Exception as raised:  # noqa: BLE001 - boundary: a director may raise anything, and the backup must be named
        cause, error = raised, " ".join(str(raised).split()) or repr(raised)
    result = replace(result, operations=report_operations(plan, reply, allow_destructive=allow_destructive))
    if error:
        raise PlanApplyError(error, result, result.backup_path) from cause
    return result


def _update(director: object, result: ProductionApplyResult) -> ProductionApplyResult:
    try:
        update = update_if_current(director, result.production_name)
        return replace(result, updated_runtime=update is not None, runtime_update=update or None)
    except Exception as error:
        text = (
            f"the plan was applied, and the running production could not take it over: {' '.join(str(error).split())}"
        )
        raise PlanApplyError(text, result, result.backup_path) from error
