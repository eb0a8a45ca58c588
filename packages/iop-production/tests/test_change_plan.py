"""Plans: their operations, their order, their risk, and the files they are kept in."""

from __future__ import annotations

import json
import stat
from dataclasses import replace

import pytest

from iop_core import BusinessOperation, BusinessService, controls, setting, target
from iop_core.errors import PlanError
from iop_production import GraphEdge, Production, ProductionChangePlan
from iop_production.deployed_model import DeployedModel


class Fan(BusinessService):
    __module__ = "demo_app"
    Output = target()


def fan(*targets: str, **settings: object) -> Production:
    prod = Production("P")
    ref = prod.service("A", Fan, settings=settings)
    for name in ("B", "C"):
        prod.operation(name, class_name="X")
    for name in targets:
        ref.connect_add("Output", name)
    return prod


def deployed(prod: Production) -> dict:
    return prod.to_dict()


def operations(plan: ProductionChangePlan) -> list[tuple[str, str, str]]:
    return [(one.op_type, one.path, one.risk) for one in plan.operations]


@pytest.fixture
def plan(prod, old) -> ProductionChangePlan:
    old.item("FileInput").adapter_setting("A", "1")
    prod.timeouts(shutdown=300).testing()
    prod.item("FileInput").pool(2).setting("Limit", 10).other_setting("X", "Y", "z")
    return prod.plan(old)


def test_text_of_all_kinds_of_operations(plan) -> None:
    assert str(plan) == (
        "Production change plan: Demo.Production\n"
        f"  id: {plan.id}\n"
        "  operations:\n"
        "    0001-add_item add_item items.OrderOperation [safe]\n"
        "    0002-set_production_field set_production_field production.shutdown_timeout [safe]\n"
        "    0003-set_production_field set_production_field production.testing_enabled [safe]\n"
        "    0004-replace_item_class replace_item_class items.FileInput.class_name [destructive]: "
        "class replacement can change runtime behavior\n"
        "    0005-set_item_field set_item_field items.FileInput.pool_size [safe]\n"
        "    0006-set_setting set_setting items.FileInput.settings.Host.Limit [safe]\n"
        "    0007-set_setting set_setting items.FileInput.settings.Other [safe]\n"
        "    0008-set_route_setting set_route_setting connections.FileInput.Output [safe]\n"
        "    0009-remove_setting remove_setting items.FileInput.settings.Host.Gone [destructive]: "
        "setting removal is destructive\n"
        "    0010-remove_setting remove_setting items.FileInput.settings.Adapter.A [destructive]: "
        "setting removal is destructive\n"
        "    0011-delete_item delete_item items.OldOrderOperation [destructive]: item deletion is destructive"
    )


def test_texts_of_nothing_of_namespaces_and_of_warnings(prod) -> None:
    plan = prod.plan(prod.to_dict())
    assert str(plan) == f"Production change plan: Demo.Production\n  id: {plan.id}\n  no changes"
    assert not plan.has_changes
    other = Production.from_dict({"Demo.Production": {"Zap": 1}})
    lines = str(prod.in_namespace("NS1").plan(other)).splitlines()
    assert lines[2] == "  namespace: NS1"
    assert lines[-2:] == ["  warnings:", "    current: Ignoring unknown key 'Zap' of the production"]


def test_an_operation_as_data(plan) -> None:
    route = next(one for one in plan.operations if one.kind == "connection")
    assert json.dumps(route.to_dict()) == (
        '{"id": "0008-set_route_setting", "op_type": "set_route_setting", "action": "change", "kind": "connection", '
        '"path": "connections.FileInput.Output", "risk": "safe", "allowed_by_default": true, '
        '"before": ["OldOrderOperation"], "after": ["OrderOperation"], "source_item": "FileInput", '
        '"source_target_setting": "Output", "item": "FileInput", "target": "Host", "setting": "Output"}'
    )


def test_a_setting_as_data(plan) -> None:
    setting = next(one for one in plan.operations if one.path.endswith(".Limit"))
    assert json.dumps(setting.to_dict()) == (
        '{"id": "0006-set_setting", "op_type": "set_setting", "action": "add", "kind": "setting", '
        '"path": "items.FileInput.settings.Host.Limit", "risk": "safe", "allowed_by_default": true, '
        '"after": "10", "item": "FileInput", "target": "Host", "setting": "Limit"}'
    )


def test_namespace_is_the_desired_one_else_the_current_one(prod, old) -> None:
    current = Production.from_dict(old.to_dict(), namespace="NOW")
    assert prod.plan(old).namespace == ""
    assert prod.plan(current).namespace == "NOW"
    assert prod.in_namespace("WANTED").plan(current).namespace == "WANTED"


def test_policy(plan) -> None:
    assert len(plan.safe_operations) == 7
    assert {one.risk for one in plan.blocked_operations} == {"destructive"}
    assert plan.operations_for_apply(allow_destructive=True) == plan.operations
    blocked = plan.blocked_operations[0]
    assert (blocked.supported, blocked.requires_allow_destructive, blocked.can_apply()) == (True, True, False)


def test_id_depends_on_what_is_done_alone(prod, old, plan) -> None:
    again = prod.plan(old)
    assert again.id == plan.id
    assert again.created_at != plan.created_at
    assert len({again, plan}) == 2
    assert len(set(plan.operations)) == len(plan.operations)
    assert prod.in_namespace("X").plan(old).id == plan.id
    prod.item("FileInput").pool(3)
    assert prod.plan(old).id != plan.id


def test_fingerprints_mind_the_order_of_items() -> None:
    one, other = Production("P"), Production("P")
    for prod, names in ((one, "AB"), (other, "BA")):
        for name in names:
            prod.operation(name, class_name="X")
    assert not one.plan(other).has_changes
    assert one.plan(other).source_fingerprint != one.plan(one).source_fingerprint


def test_plan_file(plan, tmp_path) -> None:
    file = tmp_path / "new" / "plan.json"
    plan.save(file)
    text = file.read_text()
    assert text == json.dumps(plan.to_dict(), indent=2, sort_keys=True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    loaded = ProductionChangePlan.load(str(file))
    assert loaded == plan
    assert loaded.to_dict() == plan.to_dict()
    data = json.loads(text)
    assert data["metadata"] == {"generator": "iop.production.plan.v1", "default_policy": "safe-only"}
    assert data["schema_version"] == 1
    assert "warnings" not in data
    data["production_name"] = data.pop("production")
    assert ProductionChangePlan.from_dict(data) == plan


# The cases below are mistakes of an earlier implementation, by their numbers in its list.


@pytest.mark.parametrize(
    ("number", "key", "value", "said"),
    [
        (10, "risk", "safe", r"operations\[10\]\.risk says 'safe', and the operation is 'destructive'"),
        (10, "allowed_by_default", True, r"operations\[10\]\.allowed_by_default"),
        (10, "op_type", "set_item_field", r"operations\[10\]\.field is missing"),
        (10, "item", "FileInput", "the plan was edited"),
        (4, "after", "9", "the plan was edited"),
        (7, "setting", "Other", r"operations\[7\]\.setting"),
        (0, "id", "0007-add_item", r"operations\[0\]\.id"),
        (0, "extra", 1, r"operations\[0\]\.extra"),
        (0, "op_type", "zap", r"op_type 'zap' is unknown"),
        (0, "risk", "weird", r"operations\[0\]\.risk says 'weird'"),
        (0, "kind", "zap", r"operations\[0\]\.kind cannot be 'zap'"),
        (1, "field", "name", r"operations\[1\]\.field cannot be 'name'"),
        (0, "item", 3, r"operations\[0\]\.item must be text, got 3"),
    ],
)
def test_2_edited_plans_are_refused(plan, tmp_path, number, key, value, said) -> None:
    data = plan.to_dict()
    data["operations"][number][key] = value
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(data))
    with pytest.raises(PlanError, match=said) as raised:
        ProductionChangePlan.load(file)
    assert str(file) in str(raised.value)


def test_2_risk_is_not_believed_with_a_new_id_either(plan) -> None:
    data = plan.to_dict()
    operation = data["operations"][10]
    operation.update(risk="safe", allowed_by_default=True)
    del operation["reason"]
    with pytest.raises(PlanError, match="risk says 'safe'"):
        ProductionChangePlan.from_dict(data)


def test_2_operations_cannot_be_left_out(plan) -> None:
    data = plan.to_dict()
    del data["operations"][10]
    with pytest.raises(PlanError, match=r"id of the plan is .* the plan was edited"):
        ProductionChangePlan.from_dict(data)


@pytest.mark.parametrize(
    ("before", "after", "risk"),
    [
        (("B",), ("C",), "safe"),
        (("B",), ("B", "C"), "safe"),
        ((), ("B",), "safe"),
        (("B", "C"), ("B",), "destructive"),
    ],
)
def test_5_leading_to_fewer_items_is_a_removal(before, after, risk) -> None:
    plan = fan(*after).plan(deployed(fan(*before)))
    assert operations(plan) == [("set_route_setting", "connections.A.Output", risk)]


def test_5_dropping_other_settings_is_a_removal() -> None:
    one, two, changed = fan(), fan(), fan()
    for prod, value in ((one, "z"), (changed, "y")):
        prod.item("A").other_setting("X", "Y", value)
    two.item("A").other_setting("X", "Y", "z").other_setting("X", "Z", "z")
    path = "items.A.settings.Other"
    assert operations(two.plan(one)) == [("set_setting", path, "safe")]
    assert operations(changed.plan(one)) == [("set_setting", path, "safe")]
    assert operations(one.plan(two)) == [("set_setting", path, "destructive")]
    assert operations(fan().plan(one)) == [("set_setting", path, "destructive")]


def test_7_one_operation_for_each_route_in_its_order() -> None:
    plan = fan("C", "B").plan(deployed(fan()))
    (operation,) = plan.operations
    assert operation.after == ["C", "B"]
    model = DeployedModel(deployed(fan()))
    operation.apply_to(model)
    assert model.to_dict() == deployed(fan("C", "B"))
    assert operation.converged(model)
    assert not fan("C", "B").plan(model.to_dict()).has_changes


def test_8_settings_and_routes_cannot_contradict_each_other() -> None:
    desired = fan("B")
    desired.item("A").host_setting("Output", "C")
    current = deployed(fan("B"))
    (operation,) = desired.plan(current).operations
    model = DeployedModel(current)
    operation.apply_to(model)
    assert desired.plan(model.to_dict()).operations == ()


def test_9_dots_in_names_are_not_taken_apart() -> None:
    desired, current = Production("P"), Production("P")
    for prod in (desired, current):
        prod.operation("B", class_name="X")
        prod.service("Python", class_name="X")
        prod.service("Python.Router", class_name="X")
    desired.operation("Srv.enabled", class_name="X")
    desired.item("Python.Router").setting("settings.Host.a", 1)
    reported = Production.from_dict(current.to_dict(), connections={"Python.Router": ["B"]})
    plan = desired.plan(reported)
    assert [(one.op_type, one.target_keys(), one.risk) for one in plan.operations] == [
        ("add_item", {"item": "Srv.enabled"}, "safe"),
        ("set_setting", {"item": "Python.Router", "target": "Host", "setting": "settings.Host.a"}, "safe"),
        (
            "set_route_setting",
            {
                "source_item": "Python.Router",
                "source_target_setting": "",
                "item": "Python.Router",
                "target": "Host",
                "setting": "",
            },
            "unsupported",
        ),
    ]
    assert plan.operations[2].reason == "runtime-only route has no source setting to mutate"
    assert ProductionChangePlan.from_dict(plan.to_dict()) == plan


def test_a_route_with_a_port_and_no_setting_cannot_be_removed() -> None:
    desired = fan()
    current = Production.from_dict(desired.to_dict(), connections=[{"source": "A.Gone", "target": "B"}])
    assert current.edges == (GraphEdge("A", "B", "Gone", "runtime"),)
    assert operations(desired.plan(current)) == [("set_route_setting", "connections.A.Gone", "unsupported")]


def test_a_route_whose_setting_stays_is_not_removed() -> None:
    desired, current = Production("P"), Production("P")
    for prod, value in ((desired, ""), (current, "B")):
        prod.operation("B", class_name="X")
        prod.service("A", class_name="X", settings={"Mode": value})
    (operation,) = desired.plan(current.to_dict()).operations
    assert (operation.op_type, operation.after) == ("set_route_setting", [])
    model = DeployedModel(current.to_dict())
    operation.apply_to(model)
    assert model.to_dict() == desired.to_dict()


def test_10_another_name_is_not_supported() -> None:
    plan = Production("P", testing_enabled=True).plan(Production("Q"))
    assert operations(plan) == [
        ("set_production_field", "production.testing_enabled", "safe"),
        ("unsupported", "production.name", "unsupported"),
    ]
    assert plan.operations[1].reason == "unsupported diff entry (a deployed production cannot be renamed)"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "production_name is missing"),
        ("[]", r"must be a dictionary, got \[\]"),
        ("nope", "cannot be read as a plan"),
        ('{"production": "", "id": ""}', "metadata.generator is None"),
        ('{"production": 3}', "production of a plan must be text, got 3"),
    ],
)
def test_17_what_is_no_plan_is_said_with_file_and_field(tmp_path, text, said) -> None:
    file = tmp_path / "plan.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=said) as raised:
        ProductionChangePlan.load(file)
    assert repr(str(file)) in str(raised.value)
    with pytest.raises(PlanError, match=r"missing\.json"):
        ProductionChangePlan.load(tmp_path / "missing.json")


@pytest.mark.parametrize(
    ("key", "value"),
    [("operations", 3), ("operations", [3]), ("schema_version", 2), ("metadata", {}), ("id", ""), ("created_at", 3)],
)
def test_17_each_field_is_checked(plan, key, value) -> None:
    with pytest.raises(PlanError, match="generator" if key in ("metadata", "schema_version") else key):
        ProductionChangePlan.from_dict({**plan.to_dict(), key: value})


def test_16_secrets_are_in_the_file_and_not_in_what_is_shown(prod, old) -> None:
    new = prod.operation("New", class_name="X", settings={"Password": "s3cret"})
    new.other_setting("T", "ApiKey", "s3cret")
    prod.item("FileInput").setting("DbPassword", "s3cret").setting("Limit", 7)
    plan = prod.plan(old)
    assert "s3cret" in json.dumps(plan.to_dict())
    for shown in (str(plan), repr(plan), repr(plan.operations), json.dumps(plan.to_dict(mask_secrets=True))):
        assert "s3cret" not in shown
    assert '"after": "7"' in json.dumps(plan.to_dict(mask_secrets=True))


def test_21_what_is_needed_comes_first(plan) -> None:
    ranks = [one.rank for one in plan.operations]
    assert ranks == sorted(ranks)
    names = [one.op_type for one in plan.operations]
    assert names.index("add_item") < names.index("set_route_setting") < names.index("delete_item")


def test_settings_of_the_production_that_are_not_known_here() -> None:
    current = {"P": {"Setting": [{"@Name": "Old", "#text": "1"}, {"@Name": "Both", "#text": "1"}]}}
    desired = Production.from_dict({"P": {"Setting": [{"@Target": "T", "@Name": "New"}, {"@Name": "Both"}]}})
    plan = desired.plan(current)
    assert operations(plan) == [
        ("set_setting", "production.settings.T.New", "safe"),
        ("set_setting", "production.settings.Both", "safe"),
        ("remove_setting", "production.settings.Old", "destructive"),
    ]
    model = DeployedModel(current)
    for operation in plan.operations:
        assert not operation.converged(model)
        operation.apply_to(model)
        assert operation.converged(model)
    assert not desired.plan(model.to_dict()).has_changes


def test_a_plan_put_together_by_hand_does_not_keep_its_id(plan) -> None:
    edited = replace(plan, operations=plan.operations[:1])
    with pytest.raises(PlanError, match="edited"):
        ProductionChangePlan.from_dict(edited.to_dict())


class Vault(BusinessOperation):
    """Has a secret whose name does not say so."""

    Pin = setting("", control=controls.secret())
    Limit: int = 5


def test_16_settings_that_are_declared_secret_are_masked_like_those_that_sound_so(prod, tmp_path) -> None:
    old = Production.from_dict(prod.to_dict())
    prod.operation("Vault", Vault, settings={"Pin": "4711", "Limit": 6, "Password": "env:PW"})
    added = prod.plan(old)
    added.save(tmp_path / "plan.json")
    old.operation("Vault", class_name=prod.item("Vault").class_name, settings={"Pin": "0815", "Limit": 6})
    changed = prod.plan(old)
    for plan in (added, ProductionChangePlan.load(tmp_path / "plan.json"), changed):
        shown = json.dumps(plan.to_dict(mask_secrets=True))
        assert "4711" not in shown
        assert "0815" not in shown
        assert "env:PW" in shown  # a reference is no secret
        assert "4711" in json.dumps(plan.to_dict())
    assert "4711" not in str(prod.diff(old))
    assert changed.operations[1].to_dict()["secrets"] == ["Pin"]
    data = changed.to_dict()
    data["operations"][1]["secrets"] = "Pin"
    with pytest.raises(PlanError, match=r"operations\[1\].secrets must be a list of names"):
        ProductionChangePlan.from_dict(data)
    data["operations"][1]["secrets"] = []
    with pytest.raises(PlanError, match="the plan was edited"):
        ProductionChangePlan.from_dict(data)
