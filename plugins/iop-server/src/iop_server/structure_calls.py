"""What a production is made of: its export, the routes between its items, their queues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iop_core.deployments import ComponentRegistration, Export
from iop_core.errors import BackendUnavailableError, UnknownDeploymentError
from iop_director import Director
from iop_director.deployed_calls import NOT_DEFINED
from iop_production import ComponentRef, Production
from iop_production.secret_settings import masked
from iop_server.call import Call
from iop_server.refusals import RefusedRequestError
from iop_server.wire import ProductionName


def export(call: Call, given: ProductionName) -> object:
    """Return a deployed production in the form of IRIS; secrets that are no references are masked."""
    found = _export_of(call.director, given.production)
    declared = {each.iris_name.lower(): each.secrets for each in call.director.backend.deployments().components()}
    for body in found.values():
        for part in (body, *body.get("Item", ())):
            if "Setting" in part:
                secrets = declared.get(str(part.get("@ClassName", "")).lower(), ())
                part["Setting"] = masked(part["Setting"], secrets=secrets)
    return found


def connections(call: Call, given: ProductionName) -> dict[str, object]:
    """Return the items of a deployed production and where their settings lead.

    The code of the production is not loaded for that: a setting, or the default of a setting,
    that names an item counts as a route.
    """
    found = _export_of(call.director, given.production)
    registered = {each.iris_name.lower(): each for each in call.director.backend.deployments().components()}
    production = _with_defaults(Production.from_dict(found), registered, found)
    return {
        "production": production.name,
        "items": [_connected(production, ref, registered.get(ref.class_name.lower())) for ref in production.items],
        "warnings": [],
    }


def queues(call: Call, given: ProductionName) -> dict[str, object]:
    """Return how many messages wait for each item of a production."""
    name, classes = _item_classes(call.director, given.production)
    try:
        counts = {queue.name: queue.count for queue in call.director.queues()}
    except BackendUnavailableError:
        counts = {}  # nothing ever ran
    rows = [
        {"item": item, "queue_name": item, "class_name": cls, "exists": 1, "count": counts.get(item, 0)}
        for item, cls in classes.items()
    ]
    return {"production": name, "items": rows, "warnings": []}


def _item_classes(director: Director, production: str) -> tuple[str, dict[str, str]]:
    try:
        found = Production.from_dict(_export_of(director, production))
    except UnknownDeploymentError:
        # It may run from its file, without being deployed.
        try:
            running = director.connect()
            name = running.status().production
            if name != production:
                raise
            return name, {item.name: "" for item in running.items()}
        except BackendUnavailableError:
            pass
        raise
    return found.name, {ref.name: ref.class_name for ref in found.items}


def _export_of(director: Director, name: str) -> Export:
    chosen = name or director.get_default_production()
    if chosen == NOT_DEFINED:
        raise RefusedRequestError(
            404, "no-default", "no production was named, and there is no default one; name one with ?production="
        )
    return director.export_production(chosen)


def _with_defaults(
    production: Production, registered: Mapping[str, ComponentRegistration], found: Export
) -> Production:
    """Return the production with the defaults that name items written as settings, so that they are routes, too."""
    names = {name.lower() for name in production.item_names}
    ((name, body),) = found.items()
    for item in body.get("Item", ()):
        registration = registered.get(str(item.get("@ClassName", "")).lower())
        given = {str(setting.get("@Name", "")) for setting in item.get("Setting", ())}
        defaults: Mapping[str, str] = registration.defaults if registration else {}
        for setting, value in defaults.items():
            targets = [part.strip().lower() for part in value.split(",")]
            if setting not in given and value and names.issuperset(targets):
                item.setdefault("Setting", []).append({"@Target": "Host", "@Name": setting, "#text": value})
    return Production.from_dict({name: body})


def _connected(production: Production, ref: ComponentRef, registration: ComponentRegistration | None) -> dict[str, Any]:
    edges = [edge for edge in production.edges if edge.source_item == ref.name and edge.target]
    row: dict[str, Any] = {
        "item": ref.name,
        "class_name": ref.class_name,
        "kind": _kind_of(ref, registration),
        "connections": list(dict.fromkeys(edge.target for edge in edges)),
        "edges": [
            {"target": edge.target, "source_target_setting": edge.source_port, "interaction": edge.interaction}
            for edge in edges
        ],
        "warnings": [],
    }
    if registration is not None:
        row.update(iop=1, module=registration.module, classname=registration.class_name, classpaths=registration.path)
        if registration.adapter:
            row["adapter_class_name"] = registration.adapter
    return row


def _kind_of(ref: ComponentRef, registration: ComponentRegistration | None) -> str:
    for kind in ("service", "process", "operation"):
        if registration is not None and registration.kind.lower().endswith(kind):
            return kind
    return ref.kind
