"""What a director does with deployed productions: naming, exporting and changing them."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from iop_core.backends import Backend
from iop_core.class_members import is_framework
from iop_core.deployments import ComponentRegistration, Deployments
from iop_core.errors import BackendUnavailableError, DeploymentError, UnknownDeploymentError
from iop_core.setting_discovery import settings_of
from iop_director.deployed_production import load_production
from iop_director.plan_application import apply_plan
from iop_director.records import status_to_dict
from iop_director.registered_classes import load_class
from iop_production import Production
from iop_production.component_classes import adapter_type
from iop_production.names import proxy_name
from iop_production.texts import text_of

REASON = "asked of the director"


def user() -> str:
    """Return who asks for a change."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a process without a user of this system
        return ""


def list_productions(backend: Backend) -> dict[str, dict[str, object]]:
    """Return name to state for what is deployed and what runs, or ran last."""
    productions: dict[str, dict[str, object]] = {
        name: {"Status": "stopped"} for name in backend.deployments().production_names()
    }
    try:
        status = status_to_dict(backend.history().status())
    except BackendUnavailableError:
        return productions  # nothing ever ran
    if status["Production"]:
        state = {"Status": status["Status"], "Since": status["Since"]}
        productions[str(status["Production"])] = state
    return dict(sorted(productions.items()))


def export_connections(backend: Backend, name: str) -> dict[str, list[str]]:
    """Return item to the items that its settings lead to, as far as the registered classes say what is a target."""
    production = load_production(backend.deployments(), name)
    edges = production.graph().edges
    return {
        item: sorted({edge.target for edge in edges if edge.source_item == item and edge.target})
        for item in production.item_names
    }


def export_queues(backend: Backend, name: str) -> dict[str, Any]:
    """Return the counters of the queues of a production's items."""
    try:
        found = {queue.name: queue for queue in backend.history().queues()}
    except BackendUnavailableError:
        found = {}  # nothing ever ran
    items = Production.from_dict(backend.deployments().export_production(name)).item_names
    return {
        "items": [
            {"item": item, "queue_name": item, "count": found[item].count if item in found else 0} for item in items
        ]
    }


def registration_of(module: str, class_name: str, path: str, iris_name: str) -> ComponentRegistration:
    """Return the registration of a class, with its kind, adapter and defaults read from the class."""
    named = ComponentRegistration(iris_name, module, class_name, str(Path(path).absolute()), "")
    found = load_class(named)
    adapter = adapter_type(found)
    return replace(
        named,
        kind=kind_of(found),
        adapter=adapter if isinstance(adapter, str) else "" if adapter is None else proxy_name(adapter),
        defaults={name: text_of(info.default) for name, info in settings_of(found).items()},
    )


def kind_of(component_class: type) -> str:
    """Return the name of the class of IoP that a component derives from; empty for none."""
    return next((cls.__name__ for cls in component_class.__mro__ if is_framework(cls)), "")


def register_component(deployments: Deployments, registration: ComponentRegistration, *, overwrite: bool) -> None:
    """Let a Python class stand for a class on IRIS.

    Raises:
        DeploymentError: The class cannot be loaded, or another one is registered and may not be replaced.
    """
    known = {found.iris_name.lower(): found for found in deployments.components()}
    earlier = known.get(registration.iris_name.lower())
    if earlier is not None and not overwrite and earlier.python_name != registration.python_name:
        raise DeploymentError(
            f"{registration.iris_name!r} stands for {earlier.python_name} already; allow to overwrite it, or use "
            "another name"
        )
    deployments.register_component(registration, actor=user(), reason=REASON)


def register_production(deployments: Deployments, name: str, definition: Mapping[str, Any]) -> None:
    """Deploy a production in place of the one of that name, given as ``{"Production": {...}}`` or by name."""
    # As it is, so that a backup can be restored to the letter.
    deployments.replace_production(name, definition, actor=user(), reason=REASON)


def apply_production_plan(
    deployments: Deployments, plan: Mapping[str, Any], *, allow_destructive: bool
) -> dict[str, Any]:
    """Change what is deployed as a plan says; see ``plan_application.apply_plan``."""
    metadata: Mapping[str, Any] = plan.get("metadata") or {}
    name = str(plan.get("production") or "")
    actor, reason = str(metadata.get("actor") or user()), str(metadata.get("reason") or REASON)
    with deployments.transaction(actor=actor, reason=reason) as change:
        try:
            export = change.export_production(name)
        except UnknownDeploymentError:
            export = Production(name).to_dict()  # the first deployment: the plan was made from an empty production
        changed, reply = apply_plan(export, plan, allow_destructive=allow_destructive)
        if not reply.get("error"):
            change.replace_production(name, changed)
    return reply
