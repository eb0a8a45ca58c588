"""What a director does with deployed productions: naming, exporting and changing them.

The functions that take a director are methods of ``Director``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from iop_core.actors import current_user
from iop_core.class_members import is_framework
from iop_core.deployments import PERSISTENT_MESSAGE, ComponentRegistration, DeploymentOptions
from iop_core.errors import (
    BackendUnavailableError,
    ConfigurationError,
    DeploymentError,
    MissingPackageError,
    UnknownDeploymentError,
)
from iop_core.persistent.messages import PersistentMessage
from iop_core.setting_discovery import settings_of
from iop_director.deployed_production import load_production
from iop_director.plan_application import apply_plan
from iop_director.records import status_to_dict
from iop_director.registered_classes import load_class
from iop_production import Production
from iop_production.component_classes import adapter_type
from iop_production.names import proxy_name
from iop_production.secret_settings import declared_secrets
from iop_production.texts import text_of

if TYPE_CHECKING:
    from iop_core.backends import Backend

NOT_DEFINED = "Not defined"
REASON = "asked of the director"
_MIGRATION = "iop_migrate"


class _WithBackend(Protocol):
    @property
    def backend(self) -> Backend: ...


def list_productions(director: _WithBackend) -> dict[str, dict[str, object]]:
    """Return the productions that are deployed, run, or ran last: name to ``Status`` and ``Since``."""
    productions: dict[str, dict[str, object]] = {
        name: {"Status": "stopped"} for name in director.backend.deployments().production_names()
    }
    try:
        status = status_to_dict(director.backend.history().status())
    except BackendUnavailableError:
        return productions  # nothing ever ran
    if status["Production"]:
        state = {"Status": status["Status"], "Since": status["Since"]}
        productions[str(status["Production"])] = state
    return dict(sorted(productions.items()))


def set_default_production(director: _WithBackend, production_name: str = "") -> None:
    """Choose the production that is meant when none is named; empty: none.

    Raises:
        UnknownDeploymentError: None of that name is deployed.
    """
    director.backend.deployments().set_default_production(production_name, actor=current_user(), reason=REASON)


def get_default_production(director: _WithBackend) -> str:
    """Return the name of the default production; ``Not defined`` when there is none."""
    return director.backend.deployments().default_production() or NOT_DEFINED


def export_production(director: _WithBackend, production_name: str) -> dict[str, Any]:
    """Return a deployed production as ``{name: {...}}``.

    Raises:
        UnknownDeploymentError: None of that name is deployed.
    """
    return director.backend.deployments().export_production(production_name)


def export_production_connections(director: _WithBackend, production_name: str) -> dict[str, Any]:
    """Return item to the items that its settings lead to, as far as the registered classes say what is a target.

    A server tells it in a form of its own: ``{"items": [{"item", "connections", ...}], "warnings": []}``.
    """
    if director.backend.is_remote:
        return director.backend.server().connections(production_name)
    production = load_production(director.backend.deployments(), production_name)
    targets: dict[str, set[str]] = {item: set() for item in production.item_names}
    for edge in production.edges:
        if edge.target and edge.source_item in targets:
            targets[edge.source_item].add(edge.target)
    return {item: sorted(names) for item, names in targets.items()}


def export_production_queue_info(director: _WithBackend, production_name: str) -> dict[str, Any]:
    """Return what waits in the queues of a production: ``{"items": [{"item", "queue_name", "count"}]}``."""
    if director.backend.is_remote:
        return director.backend.server().queue_info(production_name)
    try:
        found = {queue.name: queue for queue in director.backend.history().queues()}
    except BackendUnavailableError:
        found = {}  # nothing ever ran
    items = Production.from_dict(director.backend.deployments().export_production(production_name)).item_names
    return {
        "items": [
            {"item": item, "queue_name": item, "count": found[item].count if item in found else 0} for item in items
        ]
    }


def apply_production_plan(
    director: _WithBackend, plan: Mapping[str, Any], allow_destructive: bool = False
) -> dict[str, Any]:
    """Change what is deployed as a plan says, all of it or nothing; ``Production.apply`` calls this.

    ``actor`` and ``reason`` of its ``metadata`` go into the list of changes; ``serializer`` and
    ``allowed_serializers``, where they are there, are deployed, too.

    Raises:
        PlanError: The plan was edited.
        PlanConflictError: The production changed since the plan was made.
    """
    metadata: Mapping[str, Any] = plan.get("metadata") or {}
    name = str(plan.get("production") or "")
    actor, reason = str(metadata.get("actor") or current_user()), str(metadata.get("reason") or REASON)
    with director.backend.deployments().transaction(actor=actor, reason=reason) as change:
        try:
            export = change.export_production(name)
        except UnknownDeploymentError:
            export = Production(name).to_dict()  # the first deployment: the plan was made from an empty production
        changed, reply = apply_plan(export, plan, allow_destructive=allow_destructive)
        if not reply.get("error"):
            change.replace_production(name, changed, _options_of(metadata))
    return reply


def setup(director: _WithBackend, path: str | Path | None = None) -> list[str]:
    """Prepare a place for IoP: on an IRIS, its class files are sent there and compiled.

    Args:
        director: The director.
        path: Folder with the class files (``.cls``) for an IRIS; None where none are needed.

    Returns:
        What was done, one line each.

    Raises:
        ConfigurationError: A server needs the folder, or this machine was given one.
        BackendError: The place cannot be used, or refused a class.
    """
    if director.backend.is_remote:
        if path is None:
            raise ConfigurationError(
                "setting up an IRIS needs the folder with its class files (.cls); a server of IoP needs no setup"
            )
        return director.backend.server().set_up(Path(path))
    if path is not None:
        raise ConfigurationError(f"class files such as those in {str(path)!r} are for an IRIS; set IOP_URL to one")
    director.backend.deployments().production_names()  # makes sure that it can be used
    return ["nothing has to be set up on this machine"]


def migrate(director: _WithBackend, path: str | Path, strict_production_validation: bool = False) -> object:
    """Deploy what a settings file holds; returns the ``MigrationResult`` of the package iop-migrate.

    Args:
        director: The director.
        path: The file; a relative one starts from the current directory.
        strict_production_validation: True: productions with validation issues are refused.

    Raises:
        MissingPackageError: The package iop-migrate is not installed.
        SettingsFileError: The file cannot be used; nothing was written.
        BackendError: It could not be written; then nothing was.
    """
    if find_spec(_MIGRATION) is None:
        raise MissingPackageError("migrating a settings file", "iop-migrate")
    # The layer above, looked up when it is asked for.
    return import_module(_MIGRATION).migrate(path, director=director, strict=strict_production_validation)


def register_production_definition(
    director: _WithBackend, name: str, definition: Mapping[str, Any], *, actor: str = "", reason: str = ""
) -> None:
    """Deploy a production in place of the one of that name.

    Args:
        director: The director.
        name: Its name.
        definition: ``{"Production": {...}}``, or ``{name: {...}}``.
        actor: Who asks for it, for the list of changes; empty: the user of this process.
        reason: Why.
    """
    # As it is, so that a backup can be restored to the letter.
    deployments = director.backend.deployments()
    deployments.replace_production(name, definition, actor=actor or current_user(), reason=reason or REASON)


def register_component(
    director: _WithBackend,
    module: str,
    classname: str,
    path: str,
    overwrite: int = 1,
    iris_classname: str = "Python",
    *,
    actor: str = "",
    reason: str = "",
) -> None:
    """Let a Python class stand for a class on IRIS, where productions name it.

    Args:
        director: The director.
        module: Module to import.
        classname: Name of the class in it.
        path: Folder to import it from.
        overwrite: 1: in place of one that is registered already; 0: refuse that.
        iris_classname: Name of the class on IRIS.
        actor: Who asks for it, for the list of changes; empty: the user of this process.
        reason: Why.

    Raises:
        DeploymentError: It cannot be loaded, or is registered already.
    """
    registration = registration_of(module, classname, path, iris_classname)
    deployments = director.backend.deployments()
    known = {found.iris_name.lower(): found for found in deployments.components()}
    earlier = known.get(iris_classname.lower())
    if earlier is not None and not overwrite and earlier.python_name != registration.python_name:
        raise DeploymentError(
            f"{iris_classname!r} stands for {earlier.python_name} already; allow to overwrite it, or use another name"
        )
    if registration != earlier:
        deployments.register_component(registration, actor=actor or current_user(), reason=reason or REASON)


def _options_of(metadata: Mapping[str, Any]) -> DeploymentOptions | None:
    if "serializer" not in metadata:
        return None
    allowed = str(metadata.get("allowed_serializers") or "")
    return DeploymentOptions(str(metadata["serializer"]), tuple(name for name in allowed.split(",") if name))


def registration_of(module: str, class_name: str, path: str, iris_name: str) -> ComponentRegistration:
    """Return the registration of a class, with its kind, adapter and defaults read from the class."""
    named = ComponentRegistration(iris_name, module, class_name, str(Path(path).absolute()), "")
    found: type[object] = load_class(named)
    if issubclass(found, PersistentMessage):
        return replace(named, kind=PERSISTENT_MESSAGE)
    adapter = adapter_type(found)
    return replace(
        named,
        kind=kind_of(found),
        adapter=adapter if isinstance(adapter, str) else "" if adapter is None else proxy_name(adapter),
        defaults={name: text_of(info.default) for name, info in settings_of(found).items()},
        secrets=tuple(sorted(declared_secrets([found, adapter if isinstance(adapter, type) else None]))),
    )


def kind_of(component_class: type) -> str:
    """Return the name of the class of IoP that a component derives from; empty for none."""
    return next((cls.__name__ for cls in component_class.__mro__ if is_framework(cls)), "")
