"""One operation of a change plan.

There is one class for each kind of operation. An operation is a value: it says where it acts
in fields of its own, never in a path that would have to be taken apart, and its risk follows
from what it does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from iop_production.secret_settings import masked

if TYPE_CHECKING:
    from iop_production.deployed_model import DeployedModel
    from iop_production.diff import DiffAction, DiffKind

Risk: TypeAlias = Literal["safe", "destructive", "unsupported"]

NOT_ALLOWED = "requires allow_destructive=True"


@dataclass(frozen=True, kw_only=True)
class ProductionPlanOperation(ABC):
    """One change of a deployed production.

    Attributes:
        number: Position in the plan, from 1.
        action: What the difference asks for: ``add``, ``remove`` or ``change``.
        kind: Part that differs: ``production``, ``item``, ``setting`` or ``connection``.
        path: Where, for people.
        before: Value as it is; None when there is none.
        after: Value as it should be; None when there should be none.
        detail: What else there is to know; usually empty.
        secrets: Names of settings in it that their class declares as secret.
        op_type: Name of the kind of operation.
        risk: ``safe``; ``destructive``, which needs permission; or ``unsupported``.
        reason: Why it is not safe; empty when it is.

    Example:
        >>> from iop_production import Production
        >>> operation = Production("Demo.P", shutdown_timeout=300).plan(Production("Demo.P")).operations[0]
        >>> operation.id, operation.risk, operation.after
        ('0001-set_production_field', 'safe', '300')
    """

    op_type: ClassVar[str]
    # The lower, the earlier: what is needed by others comes first, what is removed last.
    rank: ClassVar[int]

    number: int
    action: DiffAction
    kind: DiffKind
    path: str
    before: Any = field(default=None, hash=False)
    after: Any = field(default=None, hash=False)
    detail: str = ""
    secrets: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Number and kind, such as ``0001-add_item``."""
        return f"{self.number:04d}-{self.op_type}"

    @property
    def risk(self) -> Risk:
        """What it can do to what is deployed."""
        return "destructive" if self.reason else "safe"

    @property
    def reason(self) -> str:
        """Why it is not safe."""
        return ""

    @property
    def supported(self) -> bool:
        """Whether it can be applied at all."""
        return self.risk != "unsupported"

    @property
    def allowed_by_default(self) -> bool:
        """Whether it is applied without further permission."""
        return self.risk == "safe"

    @property
    def requires_allow_destructive(self) -> bool:
        """Whether it is applied with ``allow_destructive=True`` only."""
        return self.risk == "destructive"

    def can_apply(self, allow_destructive: bool = False) -> bool:
        """Return whether it is applied under a policy."""
        return self.allowed_by_default or (allow_destructive and self.supported)

    def why_skipped(self) -> str:
        """Return why it is not applied where ``can_apply`` is false."""
        return NOT_ALLOWED if self.supported else self.reason

    @abstractmethod
    def target_keys(self) -> dict[str, str]:
        """Return where it acts, as it stands in a plan file."""

    @abstractmethod
    def apply_to(self, model: DeployedModel) -> None:
        """Make the change in memory.

        Raises:
            PlanError: What is deployed does not allow it.
        """

    @abstractmethod
    def converged(self, model: DeployedModel) -> bool:
        """Return whether a production is as the operation wants it."""

    def to_dict(self, *, mask_secrets: bool = False) -> dict[str, Any]:
        """Return the operation as it stands in a plan file.

        Args:
            mask_secrets: True: for reading, with secrets replaced by ``***``.
        """
        risk, reason, keys = self.risk, self.reason, self.target_keys()
        data: dict[str, Any] = {
            "id": self.id,
            "op_type": self.op_type,
            "action": self.action,
            "kind": self.kind,
            "path": self.path,
            "risk": risk,
            "allowed_by_default": risk == "safe",
        }
        for key, value in (("before", self.before), ("after", self.after)):
            if value is not None:
                data[key] = masked(value, keys.get("setting", ""), secrets=self.secrets) if mask_secrets else value
        data.update({key: text for key, text in (("reason", reason), ("detail", self.detail)) if text})
        if self.secrets:
            data["secrets"] = list(self.secrets)
        return {**data, **keys}

    def to_text(self) -> str:
        """Return the operation as one line, without values."""
        reason = f": {self.reason}" if self.reason else ""
        return " ".join(f"{self.id} {self.op_type} {self.path} [{self.risk}]{reason}".splitlines())

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        # Without values, which may be secret.
        return f"<{self.to_text()}>"
