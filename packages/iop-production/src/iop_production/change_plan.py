"""A change plan: what to do to a deployed production, to be reviewed before it is done."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from typing_extensions import Self

from iop_core.errors import PlanError
from iop_production.fingerprint import fingerprint_of
from iop_production.loose_data import list_of, mapping_of, shown
from iop_production.plan_reading import read_operation
from iop_production.private_files import write_private
from iop_production.texts import text_of

if TYPE_CHECKING:
    from iop_production.plan_operation import ProductionPlanOperation

GENERATOR = "iop.production.plan.v1"
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ProductionChangePlan:
    """Operations that make a deployed production what it should be.

    Made by ``prod.plan()``, reviewed, and given to ``prod.apply()``. ``str(plan)`` is the text
    to review; it shows no values, so no secrets either. A plan is a value and cannot be
    changed: its ``id`` follows from what it does, and a file that was edited is refused.

    Attributes:
        id: SHA-256 over production, fingerprints and operations.
        production_name: Name of the production.
        namespace: Namespace it is in; empty when not known.
        created_at: When it was made: ISO text in UTC.
        source_fingerprint: Fingerprint of what was deployed then.
        desired_fingerprint: Fingerprint of what should be deployed.
        operations: The operations, in the order in which they are applied.
        warnings: What was not known about either of the two productions.
        metadata: What made the plan; when it was applied also ``actor`` and ``reason``.

    Example:
        >>> from iop_production import Production
        >>> plan = Production("Demo.P", shutdown_timeout=300).plan(Production("Demo.P"))
        >>> print(plan.operations[0])
        0001-set_production_field set_production_field production.shutdown_timeout [safe]
    """

    id: str
    production_name: str
    namespace: str
    created_at: str
    source_fingerprint: str
    desired_fingerprint: str
    operations: tuple[ProductionPlanOperation, ...]
    warnings: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=lambda: _METADATA, hash=False)

    @classmethod
    def of(
        cls,
        *,
        production_name: str,
        source_fingerprint: str,
        desired_fingerprint: str,
        operations: tuple[ProductionPlanOperation, ...],
        namespace: str = "",
        created_at: str = "",
        warnings: tuple[str, ...] = (),
        metadata: Mapping[str, str] | None = None,
    ) -> Self:
        """Return a plan with the id that follows from what it does."""
        content = {
            "production": production_name,
            "source": source_fingerprint,
            "desired": desired_fingerprint,
            "operations": [operation.to_dict() for operation in operations],
        }
        return cls(
            id=fingerprint_of(content),
            production_name=production_name,
            namespace=namespace,
            created_at=created_at,
            source_fingerprint=source_fingerprint,
            desired_fingerprint=desired_fingerprint,
            operations=operations,
            warnings=warnings,
            metadata=_METADATA if metadata is None else metadata,
        )

    @property
    def has_changes(self) -> bool:
        """Whether there is any operation."""
        return bool(self.operations)

    @property
    def safe_operations(self) -> tuple[ProductionPlanOperation, ...]:
        """The operations that need no permission."""
        return self.operations_for_apply()

    @property
    def blocked_operations(self) -> tuple[ProductionPlanOperation, ...]:
        """The operations that need permission, or cannot be applied at all."""
        return tuple(operation for operation in self.operations if not operation.allowed_by_default)

    def operations_for_apply(self, allow_destructive: bool = False) -> tuple[ProductionPlanOperation, ...]:
        """Return the operations that are applied, with or without permission to destroy."""
        return tuple(operation for operation in self.operations if operation.can_apply(allow_destructive))

    def to_dict(self, *, mask_secrets: bool = False) -> dict[str, Any]:
        """Return the plan as it stands in a file.

        Args:
            mask_secrets: True: for reading, with secrets replaced by ``***``; such a plan
                cannot be applied.
        """
        data: dict[str, Any] = {
            "id": self.id,
            "production": self.production_name,
            "namespace": self.namespace,
            "created_at": self.created_at,
            "source_fingerprint": self.source_fingerprint,
            "desired_fingerprint": self.desired_fingerprint,
            "has_changes": self.has_changes,
            "operations": [operation.to_dict(mask_secrets=mask_secrets) for operation in self.operations],
            "metadata": dict(self.metadata),
            "schema_version": SCHEMA_VERSION,
        }
        if self.warnings:
            data["warnings"] = list(self.warnings)
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the plan that ``to_dict()`` gave.

        Raises:
            PlanError: It is none, of another format, or was changed since.
        """
        said = _plan_of(data)
        texts = ("id", "namespace", "created_at", "source_fingerprint", "desired_fingerprint")
        name = _text(said, "production" if "production" in said else "production_name")
        values = {key: _text(said, key) for key in texts}
        operations = said.get("operations")
        if not isinstance(operations, (list, tuple)):
            raise PlanError(f"operations of a plan must be a list, got {shown(operations)}")
        entries = enumerate(cast("list[object]", operations), 1)
        plan = cls.of(
            production_name=name,
            namespace=values["namespace"],
            created_at=values["created_at"],
            source_fingerprint=values["source_fingerprint"],
            desired_fingerprint=values["desired_fingerprint"],
            operations=tuple(read_operation(entry, number) for number, entry in entries),
            warnings=tuple(map(text_of, list_of(said.get("warnings")))),
            metadata={str(key): text_of(value) for key, value in mapping_of(said.get("metadata")).items()},
        )
        if plan.id != values["id"]:
            raise PlanError(
                f"id of the plan is {shown(values['id'])}, and {plan.id!r} by what it does: the plan was edited. "
                "Make a new plan"
            )
        return plan

    def save(self, path: str | Path) -> None:
        """Write the plan to a file as JSON, with its folders; only its owner can read it."""
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_private(file, json.dumps(self.to_dict(), indent=2, sort_keys=True, default=str))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return the plan in a file.

        Raises:
            PlanError: There is no such file, or no plan in it, or it was edited; the text
                names the file and the field.
        """
        try:
            return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))
        except PlanError as error:
            raise PlanError(f"{str(path)!r} is not a plan that can be used: {error}") from error
        except (OSError, ValueError) as error:
            raise PlanError(f"{str(path)!r} cannot be read as a plan: {error}") from error

    def to_text(self) -> str:
        """Return the plan for a terminal, one line for each operation."""
        return "\n".join(self._lines())

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id[:12]} of {self.production_name!r}, {len(self.operations)} operations>"

    def _lines(self) -> Iterator[str]:
        yield f"Production change plan: {self.production_name}"
        yield f"  id: {self.id}"
        if self.namespace:
            yield f"  namespace: {self.namespace}"
        if self.operations:
            yield "  operations:"
            yield from (f"    {operation}" for operation in self.operations)
        else:
            yield "  no changes"
        if self.warnings:
            yield "  warnings:"
            yield from (f"    {' '.join(warning.splitlines())}" for warning in self.warnings)


_METADATA: Mapping[str, str] = {"generator": GENERATOR, "default_policy": "safe-only"}


def _plan_of(data: object) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise PlanError(f"a plan must be a dictionary, got {shown(data)}")
    said = mapping_of(cast("object", data))
    generator = mapping_of(said.get("metadata")).get("generator")
    version = said.get("schema_version", SCHEMA_VERSION)
    if "id" in said and (generator != GENERATOR or version != SCHEMA_VERSION):
        raise PlanError(
            f"metadata.generator is {generator!r} and schema_version {version!r}; this version reads "
            f"{GENERATOR!r} and {SCHEMA_VERSION}. Make a new plan"
        )
    return said


def _text(said: Mapping[str, Any], key: str) -> str:
    value = said.get(key)
    if not isinstance(value, str) or (not value and key not in ("namespace", "created_at")):
        raise PlanError(f"{key} of a plan must be text, got {shown(value)}" if key in said else f"{key} is missing")
    return value
