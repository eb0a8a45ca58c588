"""Deploying a whole production in place of what is deployed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from iop_core.actors import current_user
from iop_production.directors import DeployingDirector, director_of, need_director, refuse_remote, update_if_current
from iop_production.export import export_production
from iop_production.registration import register_classes

if TYPE_CHECKING:
    from os import PathLike

    from iop_production.production import Production

_REMOTE = (
    "Production.sync() can only register directly with local IRIS. Use `iop --migrate <settings_file>` for remote "
    "migrations."
)

_REASON = "synchronized with its Python source"


def sync_production(production: Production, *, root_path: str | PathLike[str] | None, update: bool) -> None:
    """Deploy a production as ``Production.sync`` says; the arguments are those."""
    given = director_of(production.director, production.namespace)
    refuse_remote(given, _REMOTE)
    director: DeployingDirector = need_director(
        given, f"deploying {production.name!r}", "register_production_definition"
    )
    root, actor = None if root_path is None else Path(root_path), current_user()
    messages = production.message_registrations()
    register_classes(director, production.items, root, messages=messages, actor=actor, reason=_REASON)
    body = export_production(production)[production.name]
    director.register_production_definition(production.name, {"Production": body}, actor=actor, reason=_REASON)
    if update:
        update_if_current(director, production.name)
