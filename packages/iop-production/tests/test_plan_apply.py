"""Applying plans: what is checked, what is kept, what is reported."""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import replace

import pytest

from iop_core.actors import current_user
from iop_core.errors import (
    BackendUnavailableError,
    ConfigurationError,
    IopError,
    PlanApplyError,
    PlanConflictError,
    PlanError,
    UnknownDeploymentError,
    UnsupportedByBackendError,
)
from iop_core.item_control import UpdateResult
from iop_production import Production, ProductionApplyResult


@pytest.fixture
def director(director_of, old):
    return director_of(old)


@pytest.fixture
def desired(prod, director):
    return prod.with_director(director)


def test_steps_and_result(desired, director, tmp_path) -> None:
    plan = desired.plan()
    director.calls.clear()
    result = desired.apply(plan, backup_dir=tmp_path)
    assert director.calls == [
        "export_production",
        "export_production_connections",
        "export_production_queue_info",
        "register_component",
        "apply_production_plan",
        "status_production",
        "update_production",
    ]
    assert result.updated_runtime
    assert result.success
    assert str(result) == (
        "Production apply result: Demo.Production\n"
        f"  plan: {plan.id}\n"
        "  applied: 2, skipped: 3, failed: 0\n"
        f"  backup: {result.backup_path}\n"
        "  operations:\n"
        "    0001-add_item add_item: applied\n"
        "    0002-replace_item_class replace_item_class: skipped (requires allow_destructive=True)\n"
        "    0003-set_route_setting set_route_setting: applied\n"
        "    0004-remove_setting remove_setting: skipped (requires allow_destructive=True)\n"
        "    0005-delete_item delete_item: skipped (requires allow_destructive=True)"
    )
    assert list(result.to_dict()) == [
        *("plan_id", "production", "success", "applied", "skipped", "failed"),
        *("updated_runtime", "operations", "backup_path"),
    ]
    assert ProductionApplyResult.from_dict(json.loads(json.dumps(result.to_dict()))) == result


def test_1_each_operation_is_reported_once(desired, tmp_path) -> None:
    plan = desired.plan()
    result = desired.apply(plan, backup_dir=tmp_path)
    assert [entry["id"] for entry in result.operations] == [one.id for one in plan.operations]
    assert result.applied + result.skipped == len(plan.operations)


def test_without_anything_allowed_nothing_happens(prod, director_of, tmp_path) -> None:
    more = Production.from_dict(prod.to_dict())
    more.operation("More", class_name="X")
    director = director_of(more)
    plan = prod.plan(more)
    result = prod.with_director(director).apply(plan, backup_dir=tmp_path / "none")
    assert (result.applied, result.skipped, result.backup_path) == (0, 1, "")
    assert "backup_path" not in result.to_dict()
    assert director.calls == []
    assert not (tmp_path / "none").exists()


def test_dry_run_checks_and_changes_nothing(desired, director, tmp_path) -> None:
    plan = desired.plan()
    director.calls.clear()
    result = desired.apply(plan, backup_dir=tmp_path / "none", dry_run=True)
    assert director.calls == [
        *("export_production", "export_production_connections", "export_production_queue_info"),
    ]
    assert [one["status"] for one in result.operations] == ["applied", "skipped", "applied", "skipped", "skipped"]
    assert (result.backup_path, result.updated_runtime) == ("", False)
    assert not (tmp_path / "none").exists()
    director.exports["Demo.Production"]["Item"][1]["@PoolSize"] = "7"
    with pytest.raises(PlanConflictError):
        desired.apply(plan, dry_run=True)


def test_plan_is_made_when_none_is_given(desired, director, tmp_path) -> None:
    assert desired.apply(allow_destructive=True, backup_dir=tmp_path).applied == 5
    assert not desired.plan().has_changes
    assert Production.from_dict(director.exports).to_dict() == desired.to_dict()


def test_update_can_be_left_out_or_not_be_possible(desired, director, tmp_path) -> None:
    assert not desired.apply(update=False, backup_dir=tmp_path).updated_runtime
    assert "status_production" not in director.calls
    stopped = {"Production": "Demo.Production", "Status": "stopped"}
    for status in (RuntimeError("down"), "junk", {"Production": "Other", "Status": "running"}, stopped):
        director.status = status
        desired.item("FileInput").pool(desired.item("FileInput").pool_size + 1)
        assert not desired.apply(backup_dir=tmp_path).updated_runtime
    assert "update_production" not in director.calls


def test_what_the_running_production_did_is_reported(desired, director, tmp_path) -> None:
    done = UpdateResult(added=("Out",), removed=("Old",), failed={"In": "no port"}, left_queued={"Old": 3})
    director.update_production = lambda: done
    result = desired.apply(backup_dir=tmp_path)
    assert "  running production: added Out; removed Old; failed In (no port); 3 messages still wait for Old" in str(
        result
    )
    assert result.to_dict()["runtime_update"] == {
        "added": ["Out"],
        "removed": ["Old"],
        "restarted": [],
        "failed": {"In": "no port"},
        "left_queued": {"Old": 3},
    }
    assert ProductionApplyResult.from_dict(json.loads(json.dumps(result.to_dict()))) == result


def test_a_production_that_ended_meanwhile_is_no_failure(desired, director, tmp_path) -> None:
    def fail() -> None:
        raise BackendUnavailableError("it ended just now")

    director.update_production = fail
    assert not desired.apply(backup_dir=tmp_path).updated_runtime


def test_serializers_go_with_the_plan(desired, director, tmp_path) -> None:
    desired.serializer, desired.allowed_serializers = "pickle", ("pickle", "msgpack")
    desired.apply(backup_dir=tmp_path)
    said = director.plans[0]["metadata"]
    assert (said["serializer"], said["allowed_serializers"]) == ("pickle", "pickle,msgpack")


def test_a_failed_update_names_result_and_backup(desired, director, tmp_path) -> None:
    def fail() -> None:
        raise RuntimeError("no jobs left")

    director.update_production = fail
    with pytest.raises(PlanApplyError, match=r"was applied, and the running production .* no jobs left") as raised:
        desired.apply(backup_dir=tmp_path)
    assert raised.value.result.applied == 2


def test_remote_is_refused_first(prod, director_of, old) -> None:
    director = director_of(old, is_remote=True)
    with pytest.raises(RuntimeError, match=re.escape("apply is not supported in v1. Run apply from a local IRIS")):
        prod.with_director(director).apply()
    with pytest.raises(UnsupportedByBackendError):
        prod.apply()
    assert director.calls == []


def test_other_production_and_no_director(prod, old, director_of, tmp_path, no_director) -> None:
    plan = prod.plan(old)
    with pytest.raises(ValueError, match=re.escape("Plan targets 'Demo.Production', not 'Other'.")):
        Production("Other", director=director_of(old)).apply(plan)
    with pytest.raises(IopError, match=no_director):
        prod.apply(plan, backup_dir=tmp_path)
    with pytest.raises(ConfigurationError, match="apply_production_plan"):
        prod.with_director(type("Old", (), {"export_production": print})()).apply(plan)


def test_3_a_plan_of_another_desired_production_is_refused(desired, director, old) -> None:
    other = Production.from_dict(desired.to_dict())
    other.operation("Foreign", class_name="X")
    with pytest.raises(PlanError, match=re.escape("Make a new plan with prod.plan()")):
        desired.apply(other.plan(old))
    assert director.calls == []


@pytest.mark.parametrize("own", ["NS2", None])
def test_4_a_plan_of_another_namespace_is_refused(desired, director, old, own) -> None:
    plan = Production.from_dict(desired.to_dict(), namespace="NS1").plan(old)
    with pytest.raises(PlanError, match="in the namespace 'NS1'"):
        desired.in_namespace(own).apply(plan)
    assert director.calls == []


def test_4_the_namespace_that_is_changed_is_recorded(prod, director_of, old, tmp_path) -> None:
    prod.with_director(director_of(old, namespace="NS2"))
    result = prod.apply(prod.plan(), backup_dir=tmp_path)
    assert read_json(result.backup_path, "metadata")["namespace"] == "NS2"
    plan = replace(prod.plan(old), namespace="NS2")
    with pytest.raises(PlanError, match="in the namespace 'NS2'"):
        prod.with_director(director_of(old, namespace="NS3")).apply(plan)


def read_json(folder: str, name: str) -> dict:
    with open(f"{folder}/{name}.json") as file:
        return json.load(file)


def test_backup(desired, director, old, tmp_path) -> None:
    director.queues = {"items": [{"item": "FileInput", "count": 3}]}
    plan = desired.plan()
    result = desired.apply(plan, backup_dir=tmp_path / "a" / "b", actor="maria", reason="ticket 7")
    assert re.fullmatch(rf"{tmp_path}/a/b/\d{{8}}T\d{{6}}Z-{plan.id[:12]}", result.backup_path)
    assert read_json(result.backup_path, "production") == old.to_dict()
    with open(f"{result.backup_path}/production.xml") as file:
        assert file.read() == old.to_xml()
    assert read_json(result.backup_path, "connections") == {}
    assert read_json(result.backup_path, "queues") == director.queues
    applied = read_json(result.backup_path, "plan")
    assert applied == director.plans[0]
    assert {**applied, "metadata": dict(plan.metadata)} == plan.to_dict()
    assert (applied["metadata"]["actor"], applied["metadata"]["reason"]) == ("maria", "ticket 7")
    metadata = read_json(result.backup_path, "metadata")
    assert metadata.keys() == {
        *("backup_id", "created_at", "user", "host", "namespace", "production", "plan_id"),
        *("source_fingerprint", "desired_fingerprint", "actor", "reason", "schema_version"),
    }
    assert (metadata["actor"], metadata["reason"], metadata["plan_id"]) == ("maria", "ticket 7", plan.id)


def test_files_of_a_backup_are_written_like_those_of_iris(desired, tmp_path) -> None:
    folder = desired.apply(backup_dir=tmp_path).backup_path
    assert sorted(os.listdir(folder)) == [
        *("connections.json", "metadata.json", "plan.json", "production.json", "production.xml", "queues.json"),
    ]
    for name in ("production", "connections", "queues", "plan", "metadata"):
        with open(f"{folder}/{name}.json", encoding="utf-8") as file:
            text = file.read()
        assert text == json.dumps(json.loads(text), indent=2, sort_keys=True)
    assert read_json(folder, "metadata")["backup_id"] == os.path.basename(folder)


def test_an_operation_that_was_skipped_is_reported_whole(desired, tmp_path) -> None:
    plan = desired.plan()
    result = desired.apply(plan, backup_dir=tmp_path)
    skipped = next(one for one in result.operations if one["op_type"] == "delete_item")
    whole = plan.operations[-1].to_dict()
    assert skipped == {**whole, "status": "skipped", "message": "requires allow_destructive=True"}


def test_actor_is_the_user_when_none_is_given(desired, tmp_path) -> None:
    metadata = read_json(desired.apply(backup_dir=tmp_path).backup_path, "metadata")
    assert metadata["actor"] == metadata["user"] == current_user() != ""


def test_12_two_backups_in_one_second(desired, director, old, tmp_path) -> None:
    plan = desired.plan()
    folders = set()
    for _ in range(3):
        director.exports = old.to_dict()
        folders.add(desired.apply(plan, backup_dir=tmp_path).backup_path)
    assert len(folders) == 3


def test_13_an_error_carries_result_and_backup(desired, director, tmp_path) -> None:
    plan = desired.plan()
    reports = [{"id": plan.operations[0].id, "status": "applied"}]
    director.reply = {"operations": reports, "error": "compile failed"}
    with pytest.raises(RuntimeError, match="compile failed") as raised:
        desired.apply(plan, backup_dir=tmp_path)
    error = raised.value
    assert isinstance(error, PlanApplyError)
    assert (error.result.applied, error.result.failed, error.result.skipped) == (1, 1, 3)
    assert os.listdir(error.backup_path)
    assert f"Production.rollback_backup({error.backup_path!r}, allow_destructive=True)" in str(error)
    assert "update_production" not in director.calls


def test_13_an_exception_of_the_director_does_not_lose_the_backup(desired, director, tmp_path) -> None:
    director.reply = OSError("connection lost")
    with pytest.raises(PlanApplyError, match="connection lost") as raised:
        desired.apply(backup_dir=tmp_path)
    assert os.listdir(raised.value.backup_path)
    assert raised.value.result.failed == 2


def test_14_after_a_failed_operation_nothing_is_updated(desired, director, tmp_path) -> None:
    plan = desired.plan()
    director.reply = [
        {"id": plan.operations[0].id, "status": "applied"},
        {"id": plan.operations[2].id, "status": "failed", "message": "no such item"},
    ]
    result = desired.apply(plan, backup_dir=tmp_path)
    assert not result.success
    assert not result.updated_runtime
    assert "status_production" not in director.calls
    assert "  partially applied; take it back with: Production.rollback_backup(" in str(result)
    assert "0003-set_route_setting set_route_setting: failed (no such item)" in str(result)


@pytest.mark.parametrize("reply", [3, "", "nope", {}, {"operations": []}, [], "[]", {"operations": 3}])
def test_15_what_was_not_heard_of_failed(desired, director, tmp_path, reply) -> None:
    director.reply = reply
    result = desired.apply(backup_dir=tmp_path)
    assert (result.applied, result.failed, result.skipped, result.success) == (0, 2, 3, False)
    assert result.operations[0]["message"] == "the director did not report on this operation"


def test_15_reports_as_json_text_and_odd_reports(desired, director, tmp_path) -> None:
    plan = desired.plan()
    ids = [one.id for one in plan.safe_operations]
    director.reply = json.dumps([{"id": ids[0], "status": "fine"}, {"id": ids[1], "status": "applied"}])
    result = desired.apply(plan, backup_dir=tmp_path)
    assert result.operations[0]["message"] == "the director reported the unknown status 'fine'"
    assert (result.applied, result.failed) == (1, 1)
    director.reply = [{"id": name, "status": status} for name in ids for status in ("failed", "applied")]
    assert desired.apply(plan, backup_dir=tmp_path).failed == 2


def test_16_backups_are_private_and_reports_hold_no_secrets(desired, director, old, tmp_path) -> None:
    old.item("FileInput").setting("Password", "s3cret")
    director.exports = old.to_dict()
    result = desired.apply(backup_dir=tmp_path / "b")
    folder = result.backup_path
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    modes = {stat.S_IMODE(os.stat(f"{folder}/{name}").st_mode) for name in os.listdir(folder)}
    assert modes == {0o600}
    with open(f"{folder}/production.json") as file:
        assert "s3cret" in file.read()
    assert "settings.Host.Password" in str(result.operations)
    assert "s3cret" not in json.dumps(result.to_dict())


def test_19_only_classes_that_are_used_are_registered(desired, director, demo, tmp_path) -> None:
    desired.process(demo.OrderProcess)
    plan = desired.plan()
    desired.apply(plan, backup_dir=tmp_path, root_path="/src", actor="maria", reason="ticket 7")
    assert director.calls.count("register_component") == 2  # the class of FileInput is not replaced
    assert director.arguments["register_component"] == (
        *("demo_app", "OrderProcess", "/src", 1, "Python.demoapp.OrderProcess"),
        {"actor": "maria", "reason": "ticket 7"},
    )
    director.calls.clear()
    desired.item("FileInput").comment_as("x")
    desired.apply(backup_dir=tmp_path)
    assert "register_component" not in director.calls


def test_19_adapters_of_new_items_come_after_components(prod, director_of, demo, tmp_path) -> None:
    prod.with_director(director_of(Production("Demo.Production")))
    prod.service("More", demo.FileService, adapter_class=demo.FileInboundAdapter)
    prod.apply(backup_dir=tmp_path)
    assert prod.director.calls.count("register_component") == 3  # one class, of two items, is registered once
    assert prod.director.arguments["register_component"][1] == "FileInboundAdapter"


def test_20_a_stale_plan_says_what_changed(desired, director, tmp_path) -> None:
    plan = desired.plan()
    director.exports["Demo.Production"]["Item"][1]["@PoolSize"] = "7"
    director.exports["Demo.Production"]["Item"].append({"@Name": "New", "@ClassName": "X"})
    director.exports["Demo.Production"]["Item"][0]["Setting"] = []
    with pytest.raises(RuntimeError, match="current IRIS production changed since the plan was created") as raised:
        desired.apply(plan, backup_dir=tmp_path / "none")
    assert isinstance(raised.value, PlanConflictError)
    assert raised.value.differences == (
        "set_route_setting connections.FileInput.Output is needed now",
        "delete_item items.New is needed now",
        "delete_item items.OldOrderOperation is needed now",
        "set_route_setting connections.FileInput.Output is not needed any more, or differs",
        "remove_setting items.FileInput.settings.Host.Gone is not needed any more, or differs",
        "delete_item items.OldOrderOperation is not needed any more, or differs",
    )
    assert "delete_item items.New is needed now" in str(raised.value)
    assert not (tmp_path / "none").exists()
    assert director.plans == []


def test_2_operations_that_nobody_asked_for_are_refused(desired, director, tmp_path) -> None:
    plan = desired.plan()
    honest = plan.operations[2]
    forged = replace(honest, before=["OldOrderOperation"], after=["FileInput"])
    assert forged.risk == "safe"
    operations = (*plan.operations[:2], forged, *plan.operations[3:])
    made = type(plan).of(
        production_name=plan.production_name,
        source_fingerprint=plan.source_fingerprint,
        desired_fingerprint=plan.desired_fingerprint,
        operations=operations,
    )
    with pytest.raises(PlanError, match="0003-set_route_setting is not what the two productions ask for"):
        desired.apply(made, backup_dir=tmp_path / "none")
    with pytest.raises(PlanError, match="the plan was edited"):
        desired.apply(replace(plan, operations=operations), backup_dir=tmp_path / "none")
    assert director.plans == []


def test_failing_side_exports_do_not_stop_an_apply(desired, director, tmp_path) -> None:
    plan = desired.plan()
    director.connections, director.queues = RuntimeError("no"), RuntimeError("no")
    assert desired.apply(plan, backup_dir=tmp_path).success


def test_first_deployment(prod, director_of, tmp_path) -> None:
    class Empty(director_of):
        def export_production(self, name: str) -> dict:
            if name not in self.exports:
                raise UnknownDeploymentError("production", name, ())
            return super().export_production(name)

    director = Empty({"Other": {}})
    plan = prod.with_director(director).plan()
    assert plan.warnings == ("current: 'Demo.Production' is not deployed yet",)
    assert [one.op_type for one in plan.operations] == ["add_item", "add_item"]
    director.exports["Demo.Production"] = {}  # a director that applies plans starts from an empty production
    assert prod.apply(plan, backup_dir=tmp_path).success
    assert not prod.plan().has_changes
    with pytest.raises(UnknownDeploymentError):
        Production.from_iris("Nope", director=director)
