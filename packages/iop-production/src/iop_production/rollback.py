"""Restoring a production from a backup."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from iop_core.actors import current_user
from iop_core.errors import PermissionNeededError, PlanError
from iop_production.backup import Backup, read_backup, write_backup
from iop_production.deployed import export_deployed
from iop_production.directors import (
    DeployingDirector,
    director_of,
    namespace_of,
    need_director,
    refuse_remote,
    update_if_current,
)
from iop_production.fingerprint import fingerprint_of
from iop_production.reading import production_body
from iop_production.verify_result import ProductionVerifyResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iop_production.production import Production

_REMOTE = "Remote production rollback is not supported in v1. Run rollback from a local IRIS environment."
_PERMISSION = "Rollback restores a full production export and requires allow_destructive=True."


def restore_backup(
    production_class: type[Production],
    path: str | Path,
    *,
    director: object,
    namespace: str | None,
    allow_destructive: bool,
    update: bool,
    actor: str | None,
    reason: str,
) -> ProductionVerifyResult:
    """Restore a backup as ``Production.rollback_backup`` says; the arguments are those."""
    if not allow_destructive:
        raise PermissionNeededError(_PERMISSION)
    refuse_remote(director, _REMOTE)
    backup = read_backup(path)
    name = backup.said("production")
    wanted = _check(production_class, backup, name)
    director = director_of(director, namespace if namespace is not None else backup.said("namespace") or None)
    refuse_remote(director, _REMOTE)  # the default place, too
    _check_namespace(director, backup, namespace)
    known: DeployingDirector = need_director(
        director, f"restoring {name!r}", "export_production", "register_production_definition"
    )
    records = {"actor": actor or current_user(), "reason": reason or f"rollback to {Path(path).name}"}
    kept, warnings = _keep(production_class, known, Path(path), backup, records)
    body = production_body(backup.production)[1]
    known.register_production_definition(
        name, {"Production": {**body, "@Name": name}}, actor=records["actor"], reason=records["reason"]
    )
    done = update_if_current(known, name) if update else None
    found = export_deployed(known, name)
    restored = _fingerprint(production_class, found.data) == wanted
    failure = {"id": "rollback", "path": name, "status": "failed"}
    return ProductionVerifyResult(
        backup.said("plan_id"),
        name,
        converged_operations=("rollback",) if restored else (),
        failed_operations=() if restored else (failure,),
        warnings=(*warnings, *found.warnings),
        backup_path=kept,
        runtime_update=done or None,
    )


def _check(production_class: type[Production], backup: Backup, name: str) -> str:
    said = production_body(backup.production)[0]
    if said != name:
        raise PlanError(f"production.json holds {said!r}, and metadata.json says {name!r}; choose another backup")
    fingerprint = _fingerprint(production_class, backup.production)
    if fingerprint != backup.said("source_fingerprint"):
        raise PlanError(
            "production.json is not what was backed up: its fingerprint is not the source_fingerprint in "
            "metadata.json. Choose another backup"
        )
    return fingerprint


def _check_namespace(director: object, backup: Backup, namespace: str | None) -> None:
    wanted = namespace if namespace is not None else backup.said("namespace")
    actual = namespace_of(director, wanted)
    if wanted and actual != wanted:
        raise PlanError(
            f"the backup is of the namespace {wanted!r}, and the director works in {actual!r}; use a director for "
            f"{wanted!r}, or say namespace={actual!r} if it is meant for that one"
        )


def _keep(
    production_class: type[Production], director: object, path: Path, backup: Backup, records: Mapping[str, str]
) -> tuple[str, tuple[str, ...]]:
    """Back up what the rollback is about to replace; return the folder, and warnings."""
    name = backup.said("production")
    try:
        found = export_deployed(director, name, queues=True)
        source = _fingerprint(production_class, found.data)
    except Exception as error:  # noqa: BLE001 - boundary: a production that was deleted can be restored, too
        return "", (f"There is no backup of what was replaced: {' '.join(str(error).split())}",)
    metadata = {
        "namespace": namespace_of(director, backup.said("namespace")),
        "production": name,
        "plan_id": backup.said("plan_id"),
        "source_fingerprint": source,
        "desired_fingerprint": backup.said("source_fingerprint"),
        **records,
    }
    return str(write_backup(path.resolve().parent, found, metadata)), ()


def _fingerprint(production_class: type[Production], data: Mapping[str, Any]) -> str:
    return fingerprint_of(production_class.from_dict(data).to_dict())
