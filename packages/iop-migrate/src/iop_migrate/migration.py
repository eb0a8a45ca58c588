"""Migration: everything in a settings file is checked, and then written whole or not at all."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from iop_core.actors import current_user
from iop_core.errors import SettingsFileError
from iop_director import Director
from iop_migrate.plan import MigrationPlan, PlannedChanges, plan_content
from iop_migrate.project_files import collect_project
from iop_migrate.project_imports import ProjectImports, only_looking
from iop_migrate.settings_content import read_content
from iop_migrate.settings_file import open_settings

if TYPE_CHECKING:
    from iop_core.deployments import DeploymentTransaction
    from iop_core.plugins import PluginRegistry
    from iop_core.remote_settings import RemoteSettings
    from iop_core.servers import ProjectUpload
    from iop_migrate.file_module import FileModule
    from iop_migrate.settings_content import SettingsContent


@dataclass(frozen=True, slots=True)
class MigrationResult:
    """What a migration wrote; ``str(result)`` is the text for people.

    Attributes:
        plan: What the file asks for.
        changes: What was written, or with ``dry_run`` would be, one line each; what was
            deployed already is not written again.
        dry_run: True: nothing was written.
        log: What the code of the project printed on the server; empty on this machine.
        was_server_asked: Whether a server took part.
    """

    plan: MigrationPlan
    changes: tuple[str, ...]
    dry_run: bool
    log: str = ""
    was_server_asked: bool = False

    def to_text(self) -> str:
        """Return the plan and how it ended."""
        return f"{self.plan}\n{self.summary()}"

    def to_dict(self) -> dict[str, object]:
        """Return the plan and what came of it, for programs."""
        return {
            "path": str(self.plan.path),
            "mode": self.plan.mode,
            "namespace": self.plan.namespace,
            "dry_run": self.dry_run,
            "classes": {each.iris_name: each.python_name for each in self.plan.components},
            "schemas": list(self.plan.schemas),
            "productions": [each.name for each in self.plan.productions],
            "issues": self.plan.issues(),
            "changes": list(self.changes),
            "log": self.log,
        }

    def summary(self) -> str:
        """Return the last line of the text."""
        line = summary_of(self.plan.path, self.plan.namespace, dry_run=self.dry_run)
        is_local_only = self.dry_run and self.plan.mode == "REMOTE" and not self.was_server_asked
        return f"{line}; the server was not asked" if is_local_only else line

    def __str__(self) -> str:
        return self.to_text()


def summary_of(path: str | Path, namespace: str, *, dry_run: bool) -> str:
    """Return the line that ends the text of a migration."""
    place = f" in namespace {namespace}" if namespace else ""
    return f"Dry run{place}: nothing was written for {path}" if dry_run else f"Migration succeeded{place}: {path}"


def migrate(
    path: str | Path,
    *,
    director: Director | None = None,
    namespace: str | None = None,
    dry_run: bool = False,
    ask_server: bool = False,
    strict: bool = False,
    actor: str | None = None,
    reason: str | None = None,
    plugins: PluginRegistry | None = None,
) -> MigrationResult:
    """Deploy what a settings file holds: its classes, schemas and productions.

    The file and what it imports are run once, apart from whatever of the same names this
    process has loaded, and forgotten again. Everything is checked before anything is written;
    then all is written in one transaction. For a server it is checked here, and then the source
    of the project is sent there to be migrated; a dry run asks the server nothing unless told to.

    Args:
        path: The file; a relative one starts from the current directory.
        director: Where to deploy. None: where ``IOP_URL``, ``IOP_SETTINGS`` or else
            ``REMOTE_SETTINGS`` of the file says, or on this machine, in ``.iop`` below the
            current directory.
        namespace: Namespace to deploy in; None: that of the director.
        dry_run: True: check and tell, and write nothing.
        ask_server: True: a dry run has the project checked by the server, too; it is sent there,
            run in a process of its own, and forgotten. Only servers of ours can do that.
        strict: True: productions with validation issues are refused.
        actor: Who asks for it, for the list of changes; None: the user of this process.
        reason: Why; None: ``migrate FILE``.
        plugins: Where the backend is looked up when no director is given; None: what is installed.

    Raises:
        SettingsFileError: The file cannot be used; the text names the place. Nothing was written.
        ProductionValidationError: ``strict``, and a production has issues.
        BackendError: The backend keeps no deployments, or could not write them; then nothing was.

    Example:
        >>> print(migrate("settings.py", dry_run=True))  # doctest: +SKIP
        Migration plan: /home/me/settings.py
        ...
    """
    with _read(path) as (file, content):
        if director is None:
            director = _choose_director(content.remote, namespace, plugins, dry_run=dry_run and not ask_server)
        elif namespace is not None and namespace.casefold() != director.namespace.casefold():
            raise SettingsFileError(
                f"{file.file}: namespace {namespace!r} was asked for, and the director is for {director.namespace!r}"
            )
        where = (namespace or (content.remote.namespace if content.remote else "")) if director is None else ""
        plan = plan_content(
            content,
            file.file,
            mode="LOCAL" if director is not None and director.backend.name == "local" else "REMOTE",
            namespace=where or (director.namespace if director is not None else ""),
        )
        upload = None
        if (ask_server or not dry_run) and director is not None and director.is_remote:
            found = collect_project(file.file, content.remote, strict=strict)
            upload = dataclasses.replace(found, reason=reason or "", dry_run=dry_run)
    if strict:
        plan.check_strictly()
    if director is None or (upload is None and director.is_remote):
        return MigrationResult(plan, (), dry_run=True)
    if upload is not None:
        return _send(upload, plan, director)
    deployments = director.backend.deployments()
    if dry_run:
        return MigrationResult(plan, plan.changes(deployments).lines(), dry_run=True)
    with deployments.transaction(actor=actor or current_user(), reason=reason or f"migrate {plan.path}") as change:
        changes = plan.changes(change)
        _write(changes, change)
    return MigrationResult(plan, changes.lines(), dry_run=False)


def _send(upload: ProjectUpload, plan: MigrationPlan, director: Director) -> MigrationResult:
    said = director.backend.server().upload(upload)
    changes = tuple(str(change) for change in said.get("changes") or ())
    log = str(said.get("log") or "")
    return MigrationResult(plan, changes, dry_run=upload.dry_run, log=log, was_server_asked=True)


def deploy_sections(
    sections: Mapping[str, object], folder: Path, call: str, *, director: Director | None = None
) -> MigrationPlan:
    """Deploy sections of a settings file without a file, all of it or nothing.

    Args:
        sections: Name to value, such as ``CLASSES``.
        folder: Where paths in them start.
        call: What was called, for error texts and the list of changes.
        director: Where; None: where ``IOP_URL`` says, or on this machine.

    Raises:
        SettingsFileError: Anything in them cannot be used; nothing was written.
        BackendError: It could not be written; then nothing was.
    """
    place = director or Director()
    imports = ProjectImports(fresh=True)
    file = folder.absolute() / call
    with only_looking():
        try:
            content = read_content(sections, file, imports)
            plan = plan_content(content, file, mode="LOCAL", namespace=place.namespace)
        finally:
            imports.forget()
    with place.backend.deployments().transaction(actor=current_user(), reason=call) as change:
        _write(plan.changes(change), change)
    return plan


@contextmanager
def _read(path: str | Path) -> Generator[tuple[FileModule, SettingsContent]]:
    """Run and read a settings file, and forget it at the end of the block."""
    with only_looking():
        loaded, content = open_settings(path, fresh=True)
        try:
            yield loaded, content
        finally:
            loaded.forget()


def _choose_director(
    remote: RemoteSettings | None, namespace: str | None, plugins: PluginRegistry | None, *, dry_run: bool
) -> Director | None:
    """Return where to deploy; None: elsewhere, and nothing has to be asked there."""
    if remote is None or os.environ.get("IOP_URL") or os.environ.get("IOP_SETTINGS"):
        return Director(namespace=namespace, plugins=plugins)
    return None if dry_run else Director(namespace=namespace, remote_settings=remote, plugins=plugins)


def _write(changes: PlannedChanges, change: DeploymentTransaction) -> None:
    for registration in changes.components:
        change.register_component(registration)
    for name, schema in (changes.schemas or {}).items():
        change.put_schema(name, schema)
    for production in changes.productions:
        change.replace_production(production.name, production.export, production.options)
