"""Component classes of a demo, and the production of the user documentation."""

from __future__ import annotations

import copy
import json
from types import SimpleNamespace
from typing import Any

import pytest

from iop_core import BusinessOperation, BusinessProcess, InboundAdapter, PollingBusinessService, target
from iop_production import Production


class FileService(PollingBusinessService):
    __module__ = "demo_app"
    Output = target()
    Limit: int = 5


class OrderProcess(BusinessProcess):
    __module__ = "demo_app"
    Output = target()


class OrderOperation(BusinessOperation):
    __module__ = "demo_app"


class FileInboundAdapter(InboundAdapter):
    __module__ = "demo_app"


@pytest.fixture(scope="session")
def demo() -> SimpleNamespace:
    """The classes, as if they came from a module ``demo_app``."""
    return SimpleNamespace(
        FileService=FileService,
        OrderProcess=OrderProcess,
        OrderOperation=OrderOperation,
        FileInboundAdapter=FileInboundAdapter,
    )


@pytest.fixture
def prod() -> Production:
    """A service that is connected to an operation."""
    prod = Production("Demo.Production")
    file = prod.service("FileInput", FileService)
    orders = prod.operation(OrderOperation)
    prod.connect(file.Output, orders)
    return prod


class MemoryDirector:
    """Keeps one production as an exported dictionary and really changes it, operation by operation.

    It reads plans as data and shares no code with what made them.
    """

    def __init__(self, production: Production | dict[str, Any], **options: Any) -> None:
        export = production if isinstance(production, dict) else production.to_dict()
        self.exports: dict[str, Any] = copy.deepcopy(export)
        self.connections: Any = {}
        self.queues: Any = {}
        self.status: Any = {"Production": next(iter(export)), "Status": "running"}
        self.calls: list[str] = []
        self.arguments: dict[str, Any] = {}
        self.plans: list[dict[str, Any]] = []
        # A reply in place of the real one, or an exception in place of any reply.
        self.reply: Any = None
        vars(self).update(options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in ("namespace", "is_remote"):
            raise AttributeError(name)

        def record(*arguments: Any, **more: Any) -> str:
            self.calls.append(name)
            self.arguments[name] = (*arguments, more) if more else arguments
            return name

        return record

    def export_production(self, name: str) -> dict[str, Any]:
        self.calls.append("export_production")
        return {name: copy.deepcopy(self.exports[name])}

    def export_production_connections(self, name: str) -> Any:
        self.calls.append("export_production_connections")
        return _given(self.connections)

    def export_production_queue_info(self, name: str) -> Any:
        self.calls.append("export_production_queue_info")
        return _given(self.queues)

    def status_production(self) -> Any:
        self.calls.append("status_production")
        return _given(self.status)

    def register_production_definition(self, name: str, definition: dict[str, Any], *, actor: str, reason: str) -> None:
        self.calls.append("register_production_definition")
        self.arguments["register_production_definition"] = (actor, reason)
        self.exports[name] = copy.deepcopy(definition["Production"])

    def apply_production_plan(self, plan: dict[str, Any], *, allow_destructive: bool) -> Any:
        self.calls.append("apply_production_plan")
        plan = json.loads(json.dumps(plan))
        self.plans.append(plan)
        if self.reply is not None:
            return _given(self.reply)
        reports = []
        for operation in plan["operations"]:
            report = {key: operation[key] for key in ("id", "op_type", "path")}
            if operation["risk"] == "safe" or (allow_destructive and operation["risk"] == "destructive"):
                self._apply(self.exports[plan["production"]], operation)
                reports.append({**report, "status": "applied"})
            else:
                reports.append({**report, "status": "skipped", "message": "requires allow_destructive"})
        return {"production": plan["production"], "operations": reports}

    def _apply(self, body: dict[str, Any], operation: dict[str, Any]) -> None:
        op_type, after = operation["op_type"], operation.get("after")
        items = {item["@Name"]: item for item in body.get("Item", [])}
        if op_type == "add_item":
            assert operation["item"] not in items
            body.setdefault("Item", []).append(_exported_item(operation["item"], after))
        elif op_type == "delete_item":
            body["Item"].remove(items[operation["item"]])
        elif op_type == "set_production_field" and operation["field"] in _SETTINGS:
            _put(body, ("", _SETTINGS[operation["field"]]), after)
        elif op_type == "set_production_field":
            body[_FIELDS[operation["field"]]] = after
        elif op_type in ("set_item_field", "replace_item_class"):
            items[operation["item"]][_attribute(operation["field"])] = after
        else:
            place = items[operation["item"]] if operation["item"] else body
            if operation["target"] == "Other" and operation["item"]:
                kept = [one for one in place.get("Setting", []) if one["@Target"] in ("Host", "Adapter")]
                place["Setting"] = [*kept, *after]
            else:
                value = ",".join(after) if isinstance(after, list) else after
                value = None if op_type.startswith("remove") else operation.get("text", value)
                _put(place, (operation["target"], operation["setting"]), value)


def _given(value: Any) -> Any:
    if isinstance(value, Exception):
        raise value
    return copy.deepcopy(value)


def _put(place: dict[str, Any], key: tuple[str, str], value: str | None) -> None:
    entries = place.setdefault("Setting", [])
    found = [one for one in entries if (one.get("@Target", ""), one["@Name"]) == key]
    if value is None:
        entries.remove(found[0])
    elif found:
        found[0]["#text"] = value
    else:
        entries.append({**({"@Target": key[0]} if key[0] else {}), "@Name": key[1], "#text": value})


def _exported_item(name: str, signature: dict[str, Any]) -> dict[str, Any]:
    item = {"@Name": name, "Setting": list(signature["other_settings"])}
    item.update({_attribute(key): value for key, value in signature.items() if isinstance(value, str)})
    for place in ("Host", "Adapter"):
        for setting, value in signature[f"{place.lower()}_settings"].items():
            _put(item, (place, setting), value)
    return item


def _attribute(field: str) -> str:
    return "@" + "".join(word.title() for word in field.split("_"))


_FIELDS = {
    "testing_enabled": "@TestingEnabled",
    "log_general_trace_events": "@LogGeneralTraceEvents",
    "description": "Description",
    "actor_pool_size": "ActorPoolSize",
}
_SETTINGS = {
    name: _attribute(name)[1:]
    for name in (
        *("shutdown_timeout", "update_timeout", "alert_notification_manager", "alert_notification_operation"),
        *("alert_notification_recipients", "alert_action_window"),
        *("purge_at", "purge_days_to_keep", "purge_keep_errors_days"),
    )
}


@pytest.fixture(scope="session")
def director_of() -> type[MemoryDirector]:
    """A director with one deployed production."""
    return MemoryDirector


@pytest.fixture
def old() -> Production:
    """An earlier deployment of the production of the user documentation."""
    old = Production("Demo.Production")
    file = old.component("FileInput", class_name="Demo.OldFileService", settings={"Gone": "x"})
    file.connect("Output", old.component("OldOrderOperation", class_name="Demo.Old"))
    return old


@pytest.fixture(autouse=True)
def no_director(monkeypatch: pytest.MonkeyPatch) -> str:
    """Whoever needs a director and gets none finds none here; what the error says.

    Where iop-director is not installed there is none, else one for a place that does not exist.
    """
    monkeypatch.setenv("IOP_URL", "nowhere:")
    return "needs a director|unknown backend 'nowhere'"
