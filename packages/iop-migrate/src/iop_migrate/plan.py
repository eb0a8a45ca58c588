"""What a migration is going to write, as plain data that outlives the code of the project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from iop_core.deployments import ComponentRegistration, DeploymentOptions, DeploymentReader, Export
from iop_core.errors import UnknownDeploymentError
from iop_migrate.settings_content import SettingsContent
from iop_production import ProductionValidationError, ProductionValidationReport


@dataclass(frozen=True, slots=True)
class PlannedProduction:
    """A production that is going to be deployed.

    Attributes:
        name: Its name.
        export: What is deployed.
        options: What it has besides.
        report: What validation finds wrong.
    """

    name: str
    export: Export
    options: DeploymentOptions
    report: ProductionValidationReport


@dataclass(frozen=True, slots=True)
class MigrationPlan:
    """What a settings file asks for; ``str(plan)`` is the text for people.

    Attributes:
        path: The file, absolute.
        mode: ``LOCAL`` or ``REMOTE``.
        namespace: Namespace it goes to.
        components: The classes to register.
        schemas: ``module.Class`` to JSON text.
        productions: The productions to deploy.
        class_lines: The classes as the file names them, one line each.
        warnings: What is right, but probably not meant.
    """

    path: Path
    mode: str
    namespace: str
    components: tuple[ComponentRegistration, ...]
    schemas: Mapping[str, str]
    productions: tuple[PlannedProduction, ...]
    class_lines: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def issues(self) -> list[str]:
        """Return the warnings, and what validation finds wrong in productions, one line each."""
        found = [f"{each.name}: {issue}" for each in self.productions for issue in each.report.issues]
        return [*self.warnings, *found]

    def check_strictly(self) -> None:
        """Refuse productions with issues.

        Raises:
            ProductionValidationError: For the first production that has any.
        """
        for production in self.productions:
            if production.report.has_issues:
                raise ProductionValidationError(production.report)

    def changes(self, deployed: DeploymentReader) -> PlannedChanges:
        """Return what of the plan is not deployed yet."""
        known = {each.iris_name.lower(): each for each in deployed.components()}
        schemas = deployed.schemas()
        return PlannedChanges(
            tuple(each for each in self.components if known.get(each.iris_name.lower()) != each),
            {name: text for name, text in self.schemas.items() if schemas.get(name) != text},
            tuple(each for each in self.productions if not _is_deployed(each, deployed)),
        )

    def to_text(self) -> str:
        """Return the plan for a terminal."""
        head = [f"Migration plan: {self.path}", *_line("Mode", self.mode), *_line("Namespace", self.namespace), ""]
        sections = {
            "CLASSES": self.class_lines,
            "SCHEMAS": self.schemas,
            "PRODUCTIONS": [each.name for each in self.productions],
            "VALIDATION": [issue.replace(f"{self.path}: ", "") for issue in self.issues()],
        }
        return "\n".join([*head, *(line for name, lines in sections.items() for line in _section(name, lines))])

    def __str__(self) -> str:
        return self.to_text()


@dataclass(frozen=True, slots=True)
class PlannedChanges:
    """What of a plan is not deployed yet.

    Attributes:
        components: Classes to register.
        schemas: Schemas to keep.
        productions: Productions to deploy.
    """

    components: tuple[ComponentRegistration, ...] = ()
    schemas: Mapping[str, str] | None = None
    productions: tuple[PlannedProduction, ...] = ()

    def lines(self) -> tuple[str, ...]:
        """Return one line for each change."""
        return (
            *(f"register {each.iris_name}" for each in self.components),
            *(f"keep the schema of {name}" for name in self.schemas or ()),
            *(f"deploy {each.name}" for each in self.productions),
        )


def plan_content(content: SettingsContent, path: Path, *, mode: str, namespace: str) -> MigrationPlan:
    """Return the plan for what a settings file holds."""
    return MigrationPlan(
        path,
        mode,
        namespace,
        content.components,
        content.schemas,
        tuple(
            PlannedProduction(
                entry.name, entry.to_export(), entry.options, ProductionValidationReport(entry.name, entry.issues())
            )
            for entry in content.productions
        ),
        content.class_lines,
        content.warnings,
    )


def _is_deployed(production: PlannedProduction, deployed: DeploymentReader) -> bool:
    try:
        found = deployed.export_production(production.name)
        return found == production.export and deployed.options(production.name) == production.options
    except UnknownDeploymentError:
        return False


def _line(title: str, value: str) -> list[str]:
    return [f"{title}: {value}"] if value else []


def _section(title: str, lines: Iterable[str]) -> list[str]:
    return [f"{title}:", *([f"  {line}" for line in lines] or ["  none"]), ""]
