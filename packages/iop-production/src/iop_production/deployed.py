"""Asking a director for what is deployed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from iop_core.errors import UnknownDeploymentError
from iop_production.directors import ExportingDirector, need_director


@dataclass(frozen=True, slots=True)
class Deployed:
    """What is deployed, and what a running production says about it.

    Attributes:
        data: The exported dictionary.
        connections: What was reported about routes; None when not known.
        queues: Counters of queues; None when not known.
        warnings: What could not be exported.
    """

    data: Mapping[str, Any]
    connections: object = None
    queues: object = None
    warnings: list[str] = field(default_factory=list[str])


def export_deployed(director: object, name: str, *, queues: bool = False, missing_ok: bool = False) -> Deployed:
    """Return a deployed production, its connections and, when asked for, its queues.

    A director that knows no connections or queues is no reason to warn.

    Args:
        director: The director.
        name: Name of the production.
        queues: Whether the counters of the queues are asked for.
        missing_ok: True: a production that is not deployed yet is an empty one.

    Raises:
        UnknownDeploymentError: It is not deployed, and may not be missing.
        ConfigurationError: There is no director, or it cannot export productions.
    """
    purpose = f"reading what is deployed as {name!r}"
    known: ExportingDirector = need_director(director, purpose, "export_production")
    try:
        data = known.export_production(name)
    except UnknownDeploymentError:
        if not missing_ok:
            raise
        return Deployed({name: {"@Name": name}}, warnings=[f"{name!r} is not deployed yet"])
    warnings: list[str] = []
    connections = _ask(known, "export_production_connections", name, "runtime connections", warnings)
    counters = _ask(known, "export_production_queue_info", name, "queue info", warnings) if queues else None
    return Deployed(data, connections, counters, warnings)


def _ask(director: object, method: str, name: str, what: str, warnings: list[str]) -> object:
    ask = getattr(director, method, None)
    if ask is None:
        return None
    try:
        answer: object = ask(name)
    except AttributeError:
        return None
    except Exception as error:  # noqa: BLE001 - boundary: the import is of use without them
        warnings.append(f"Could not export {what}: {' '.join(str(error).splitlines())}")
        return None
    return cast("object", answer) if isinstance(answer, (dict, list)) else None
