"""What became of the operations of a plan that was applied."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from typing_extensions import Self

from iop_core.errors import PlanError, rollback_call
from iop_production.loose_data import list_of, mapping_of, shown
from iop_production.runtime_update import plain_update, read_update, update_text
from iop_production.texts import text_of

if TYPE_CHECKING:
    from iop_production.change_plan import ProductionChangePlan
    from iop_production.plan_operation import ProductionPlanOperation

_STATUSES = ("applied", "skipped", "failed")


@dataclass(frozen=True, slots=True)
class ProductionApplyResult:
    """What became of each operation of a plan.

    Attributes:
        plan_id: Id of the plan.
        production_name: Name of the production.
        backup_path: Folder of the backup that was made before; empty when nothing was to be
            applied.
        operations: One dictionary for each operation of the plan, in its order: ``id``,
            ``op_type``, ``path``, ``status`` (``applied``, ``skipped`` or ``failed``) and
            ``message``, if any; of one that was skipped everything, with secrets masked.
        updated_runtime: Whether the running production took over what is deployed now.
        runtime_update: What it did for that: ``added``, ``removed`` and ``restarted`` items,
            ``failed`` ones with the reason, and ``left_queued`` (removed item to the number of
            messages that still wait for it); None when it did not, or did not say.

    Example:
        >>> done = {"id": "0001-add_item", "op_type": "add_item", "path": "items.Out", "status": "applied"}
        >>> result = ProductionApplyResult("plan-1", "Demo.P", operations=(done,))
        >>> result.success, result.applied, result.skipped
        (True, 1, 0)
    """

    plan_id: str
    production_name: str
    backup_path: str = ""
    operations: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    updated_runtime: bool = False
    runtime_update: Mapping[str, Any] | None = field(default=None, hash=False)

    @property
    def applied(self) -> int:
        """Number of operations that were applied."""
        return self._count("applied")

    @property
    def skipped(self) -> int:
        """Number of operations that were left out."""
        return self._count("skipped")

    @property
    def failed(self) -> int:
        """Number of operations that could not be applied, or of which nothing was heard."""
        return self._count("failed")

    @property
    def success(self) -> bool:
        """Whether no operation failed."""
        return self.failed == 0

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data; ``backup_path`` and ``runtime_update`` only when there is one."""
        data: dict[str, Any] = {
            "plan_id": self.plan_id,
            "production": self.production_name,
            "success": self.success,
            "applied": self.applied,
            "skipped": self.skipped,
            "failed": self.failed,
            "updated_runtime": self.updated_runtime,
            "operations": [dict(operation) for operation in self.operations],
        }
        if self.backup_path:
            data["backup_path"] = self.backup_path
        if self.runtime_update is not None:
            data["runtime_update"] = plain_update(self.runtime_update)
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the result that ``to_dict()`` gave.

        Raises:
            PlanError: It is none.
        """
        said = mapping_of(data)
        for key in ("plan_id", "production"):
            if not isinstance(said.get(key), str):
                raise PlanError(f"{key} of an apply result must be text, got {shown(said.get(key))}")
        return cls(
            plan_id=said["plan_id"],
            production_name=said["production"],
            backup_path=text_of(said.get("backup_path")),
            operations=tuple(dict(mapping_of(entry)) for entry in list_of(said.get("operations"))),
            updated_runtime=said.get("updated_runtime") is True,
            runtime_update=read_update(said.get("runtime_update")),
        )

    def to_text(self) -> str:
        """Return the result for a terminal, one line for each operation."""
        return "\n".join(self._lines())

    def __str__(self) -> str:
        return self.to_text()

    def _count(self, status: str) -> int:
        return sum(operation.get("status") == status for operation in self.operations)

    def _lines(self) -> Iterator[str]:
        yield f"Production apply result: {self.production_name}"
        yield f"  plan: {self.plan_id}"
        yield f"  applied: {self.applied}, skipped: {self.skipped}, failed: {self.failed}"
        if self.backup_path:
            yield f"  backup: {self.backup_path}"
        if self.failed and self.applied:
            yield f"  partially applied; take it back with: {rollback_call(self.backup_path)}"
        if self.runtime_update is not None:
            yield f"  running production: {update_text(self.runtime_update)}"
        if self.operations:
            yield "  operations:"
        for operation in self.operations:
            message = f" ({operation['message']})" if operation.get("message") else ""
            line = f"    {operation.get('id')} {operation.get('op_type')}: {operation.get('status')}{message}"
            yield " ".join(line.split("\n"))


def report_operations(
    plan: ProductionChangePlan, reply: object, *, allow_destructive: bool
) -> tuple[Mapping[str, Any], ...]:
    """Return what became of each operation of a plan, each once and in plan order.

    Args:
        plan: The plan.
        reply: What the director said: a dictionary with ``operations``, a list of reports, or
            the JSON text of one of them. An operation of which nothing is heard failed.
        allow_destructive: Whether destructive operations were to be applied.
    """
    heard: dict[str, Mapping[str, Any]] = {}
    for entry in map(mapping_of, _reports_of(reply)):
        key = text_of(entry.get("id"))
        if heard.get(key, {}).get("status") != "failed":  # the worst of several reports counts
            heard[key] = entry
    return tuple(
        _report(operation, heard.get(operation.id))
        if operation.can_apply(allow_destructive)
        else {**operation.to_dict(mask_secrets=True), "status": "skipped", "message": operation.why_skipped()}
        for operation in plan.operations
    )


def error_of(reply: object) -> str:
    """Return the error that a director reports for a plan as a whole; empty when there is none."""
    return " ".join(text_of(mapping_of(_parsed(reply)).get("error")).split())


def _report(operation: ProductionPlanOperation, said: Mapping[str, Any] | None) -> dict[str, Any]:
    entry = {"id": operation.id, "op_type": operation.op_type, "path": operation.path}
    if said is None:
        return {**entry, "status": "failed", "message": "the director did not report on this operation"}
    status, message = text_of(said.get("status")), text_of(said.get("message"))
    if status not in _STATUSES:
        status, message = "failed", f"the director reported the unknown status {status!r} {message}".rstrip()
    return {**entry, "status": status, **({"message": message} if message else {})}


def _reports_of(reply: object) -> list[object]:
    parsed = _parsed(reply)
    if isinstance(parsed, Mapping):
        parsed = mapping_of(cast("object", parsed)).get("operations")
    return list(cast("list[object]", parsed)) if isinstance(parsed, (list, tuple)) else []


def _parsed(reply: object) -> object:
    if not isinstance(reply, (str, bytes)):
        return reply
    try:
        parsed: object = json.loads(reply)
    except ValueError:
        return None
    return parsed
