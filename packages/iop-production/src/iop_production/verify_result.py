"""Whether a deployed production is as a plan, or a backup, wants it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from iop_production.runtime_update import plain_update, update_text


@dataclass(frozen=True, slots=True)
class ProductionVerifyResult:
    """What of a plan, or of a restored backup, is found deployed.

    Attributes:
        plan_id: Id of the plan.
        production_name: Name of the production.
        converged_operations: Ids of the operations whose result is deployed.
        failed_operations: Operations that should have been applied and are not, as
            dictionaries with secrets masked.
        residual_operations: Those that needed permission or cannot be applied, and are not.
        warnings: What was not known about the deployed production.
        backup_path: Folder of the backup of what a rollback replaced; else empty.
        runtime_update: What the running production did after a rollback; as in
            ``ProductionApplyResult``.

    Example:
        >>> result = ProductionVerifyResult("plan-1", "Demo.P", converged_operations=("0001-add_item",))
        >>> result.success
        True
    """

    plan_id: str
    production_name: str
    converged_operations: tuple[str, ...] = ()
    failed_operations: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    residual_operations: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    warnings: tuple[str, ...] = ()
    backup_path: str = ""
    runtime_update: Mapping[str, Any] | None = field(default=None, hash=False)

    @property
    def success(self) -> bool:
        """Whether no operation failed."""
        return not self.failed_operations

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data; warnings and backup only when there are any."""
        data: dict[str, Any] = {
            "plan_id": self.plan_id,
            "production": self.production_name,
            "success": self.success,
            "converged_operations": list(self.converged_operations),
            "failed_operations": [dict(operation) for operation in self.failed_operations],
            "residual_operations": [dict(operation) for operation in self.residual_operations],
        }
        if self.warnings:
            data["warnings"] = list(self.warnings)
        if self.backup_path:
            data["backup_path"] = self.backup_path
        if self.runtime_update is not None:
            data["runtime_update"] = plain_update(self.runtime_update)
        return data

    def to_text(self) -> str:
        """Return the result for a terminal."""
        return "\n".join(self._lines())

    def __str__(self) -> str:
        return self.to_text()

    def _lines(self) -> Iterator[str]:
        yield f"Production verify result: {self.production_name}"
        yield f"  plan: {self.plan_id}"
        yield f"  success: {'true' if self.success else 'false'}"
        yield f"  converged: {len(self.converged_operations)}"
        yield f"  failed: {len(self.failed_operations)}"
        yield f"  residual: {len(self.residual_operations)}"
        if self.backup_path:
            yield f"  backup: {self.backup_path}"
        if self.runtime_update is not None:
            yield f"  running production: {update_text(self.runtime_update)}"
        for label, operations in (("failed", self.failed_operations), ("residual", self.residual_operations)):
            if operations:
                yield f"  {label} operations:"
            for operation in operations:
                yield " ".join(f"    {operation.get('id')} {operation.get('path')}".splitlines())
        if self.warnings:
            yield "  warnings:"
            yield from (f"    {' '.join(warning.splitlines())}" for warning in self.warnings)
