"""What has to change in one production to make it another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from iop_production.secret_settings import masked

DiffAction: TypeAlias = Literal["add", "remove", "change"]
DiffKind: TypeAlias = Literal["production", "item", "setting", "connection"]


@dataclass(frozen=True, slots=True)
class ProductionDiffEntry:
    """One difference.

    Attributes:
        action: What to do: ``add``, ``remove`` or ``change``.
        kind: Part that differs: ``production``, ``item``, ``setting`` or ``connection``.
        path: Where, for people: ``items.FileInput.pool_size``.
        before: Value as it is; None when there is none.
        after: Value as it should be; None when there should be none.
        detail: Said in place of the values, when they do not speak for themselves.
        item: Name of the item; empty for the production itself. This and the next two say
            what ``path`` says without dots to take apart.
        target: ``Host``, ``Adapter`` or ``Other`` for a setting, else empty.
        name: Name of the field, the setting or the port; empty for a whole item.
        secrets: Names of settings in it that their class declares as secret.

    Example:
        >>> entry = ProductionDiffEntry("change", "item", "items.Out.pool_size", before=1, after=2, item="Out")
        >>> print(entry.to_text())
        change item items.Out.pool_size: 1 -> 2
    """

    action: DiffAction
    kind: DiffKind
    path: str
    before: Any = None
    after: Any = None
    detail: str = ""
    item: str = ""
    target: str = ""
    name: str = ""
    secrets: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return action, kind and path, and of before, after and detail what there is."""
        data: dict[str, Any] = {"action": self.action, "kind": self.kind, "path": self.path}
        values = {"before": self.before, "after": self.after}
        data.update({key: value for key, value in values.items() if value is not None})
        if self.detail:
            data["detail"] = self.detail
        return data

    def to_text(self) -> str:
        """Return the entry as one line, with secrets replaced by ``***``."""
        shown = (
            masked(value, self.name, secrets=self.secrets) for value in (self.before, self.after) if value is not None
        )
        values = " -> ".join(map(_value_text, shown))
        return " ".join(f"{self.action} {self.kind} {self.path}: {self.detail or values}".splitlines())


@dataclass(frozen=True, slots=True)
class ProductionDiff:
    """What has to change in the current production to make it the desired one.

    ``str(diff)`` is the text, so a diff can be printed.

    Attributes:
        production_name: Name of the desired production.
        changes: The differences: of the production, of its items, of their connections.
        warnings: What was not known about either of the two.

    Example:
        >>> from iop_production import Production
        >>> diff = Production("Demo.P", shutdown_timeout=300).diff(Production("Demo.P"))
        >>> [change.path for change in diff.changes]
        ['production.shutdown_timeout']
    """

    production_name: str
    changes: tuple[ProductionDiffEntry, ...]
    warnings: tuple[str, ...] = ()

    @property
    def has_changes(self) -> bool:
        """Whether there is any difference."""
        return bool(self.changes)

    def to_dict(self) -> dict[str, Any]:
        """Return ``production``, ``has_changes`` and ``changes``, and ``warnings`` if any."""
        data: dict[str, Any] = {
            "production": self.production_name,
            "has_changes": self.has_changes,
            "changes": [entry.to_dict() for entry in self.changes],
        }
        if self.warnings:
            data["warnings"] = list(self.warnings)
        return data

    def to_text(self) -> str:
        """Return the diff for a terminal, one line for each difference."""
        return "\n".join(self._lines())

    def __str__(self) -> str:
        return self.to_text()

    def _lines(self) -> Iterator[str]:
        yield f"Production diff: {self.production_name}"
        yield from (f"  {entry.to_text()}" for entry in self.changes)
        if not self.changes:
            yield "  no changes"
        if self.warnings:
            yield "  warnings:"
            yield from (f"    {' '.join(warning.splitlines())}" for warning in self.warnings)


def _value_text(value: object) -> str:
    return repr(value) if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
