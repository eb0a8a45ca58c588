"""What validation finds wrong in a production."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from iop_core.errors import ProductionError

IssueKind: TypeAlias = Literal["production", "item", "setting", "route"]


def closest(name: str, known: Iterable[str]) -> str:
    """Return a question for the known name that is nearest to another one; empty when none is near."""
    from difflib import get_close_matches  # slow to import, and only needed when something is wrong

    close = get_close_matches(name, list(known), n=1)
    return f"Did you mean {close[0]!r}?" if close else ""


class ProductionValidationWarning(UserWarning):
    """An issue found by ``Production.validate()``.

    Example:
        >>> import warnings
        >>> warnings.simplefilter("ignore", ProductionValidationWarning)
    """


@dataclass(frozen=True, slots=True)
class ProductionValidationIssue:
    """One thing that is wrong.

    Attributes:
        kind: Part that it is in: ``production``, ``item``, ``setting`` or ``route``.
        path: Where: ``items.FileInput.settings.Host.Limit``.
        message: What is wrong.
        suggestion: What to do; empty when that is not known.

    Example:
        >>> print(ProductionValidationIssue("route", "items.In.Output", "no item 'Ot'.", "Did you mean 'Out'?"))
        route items.In.Output: no item 'Ot'. Did you mean 'Out'?
    """

    kind: IssueKind
    path: str
    message: str
    suggestion: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return kind, path and message, and the suggestion if there is one."""
        data = {"kind": self.kind, "path": self.path, "message": self.message}
        return {**data, "suggestion": self.suggestion} if self.suggestion else data

    def __str__(self) -> str:
        text = f"{self.kind} {self.path}: {self.message}{' ' if self.suggestion else ''}{self.suggestion}"
        return " ".join(text.splitlines())


@dataclass(frozen=True, slots=True)
class ProductionValidationReport:
    """All issues of a production; ``str(report)`` is the text.

    Attributes:
        production_name: Name of the production.
        issues: What is wrong: with the production, with its items, with its routes.

    Example:
        >>> report = ProductionValidationReport("Demo.P", ())
        >>> report.has_issues
        False
    """

    production_name: str
    issues: tuple[ProductionValidationIssue, ...]

    @property
    def has_issues(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.issues)

    def to_dict(self) -> dict[str, Any]:
        """Return ``production``, ``has_issues`` and ``issues``."""
        return {
            "production": self.production_name,
            "has_issues": self.has_issues,
            "issues": [issue.to_dict() for issue in self.issues],
        }

    def to_text(self) -> str:
        """Return the report for a terminal, one line for each issue."""
        lines = [str(issue) for issue in self.issues] or ["no issues"]
        return "\n".join([f"Production validation: {self.production_name}", *(f"  {line}" for line in lines)])

    def __str__(self) -> str:
        return self.to_text()


class ProductionValidationError(ProductionError):
    """A production has issues, and was validated strictly.

    Args:
        report: The issues; its text is the text of the error.

    Example:
        >>> issue = ProductionValidationIssue("item", "items.In", "no such class")
        >>> ProductionValidationError(ProductionValidationReport("Demo.P", (issue,))).report.has_issues
        True
    """

    def __init__(self, report: ProductionValidationReport) -> None:
        self.report = report
        super().__init__(report.to_text())

    def __reduce__(self) -> tuple[type[ProductionValidationError], tuple[ProductionValidationReport]]:
        return type(self), (self.report,)
