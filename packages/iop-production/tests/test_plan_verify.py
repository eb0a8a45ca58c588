"""Verifying plans, and rolling back to a backup."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from iop_core.errors import IopError, PlanError
from iop_production import Production, ProductionVerifyResult


@pytest.fixture
def director(director_of, old):
    return director_of(old)


@pytest.fixture
def desired(prod, director):
    return prod.with_director(director)


@pytest.fixture
def backup(desired, old, tmp_path) -> Path:
    """The backup of an apply that changed everything."""
    return Path(desired.apply(allow_destructive=True, backup_dir=tmp_path).backup_path)


def test_text_and_data(desired, tmp_path) -> None:
    plan = desired.plan()
    desired.apply(plan, backup_dir=tmp_path)
    result = desired.verify(plan)
    assert str(result) == (
        "Production verify result: Demo.Production\n"
        f"  plan: {plan.id}\n"
        "  success: true\n"
        "  converged: 2\n"
        "  failed: 0\n"
        "  residual: 3\n"
        "  residual operations:\n"
        "    0002-replace_item_class items.FileInput.class_name\n"
        "    0004-remove_setting items.FileInput.settings.Host.Gone\n"
        "    0005-delete_item items.OldOrderOperation"
    )
    data = result.to_dict()
    assert list(data) == [
        *("plan_id", "production", "success", "converged_operations", "failed_operations", "residual_operations"),
    ]
    assert data["converged_operations"] == ["0001-add_item", "0003-set_route_setting"]
    assert json.dumps(data)


def test_what_is_not_deployed_failed(desired, director) -> None:
    plan = desired.plan()
    director.connections = RuntimeError("down")
    result = desired.verify(plan)
    assert not result.success
    assert [one["id"] for one in result.failed_operations] == ["0001-add_item", "0003-set_route_setting"]
    assert str(result).splitlines()[6:9] == [
        "  failed operations:",
        "    0001-add_item items.OrderOperation",
        "    0003-set_route_setting connections.FileInput.Output",
    ]
    assert str(result).splitlines()[-2:] == ["  warnings:", "    Could not export runtime connections: down"]


def test_plan_of_another_production_and_no_director(prod, old, no_director) -> None:
    plan = prod.plan(old)
    with pytest.raises(PlanError, match="Plan targets"):
        Production("Other").verify(plan)
    with pytest.raises(IopError, match=no_director):
        prod.verify(plan)


def test_6_an_unchanged_live_production_has_no_changes(desired, director, tmp_path) -> None:
    desired.apply(allow_destructive=True, backup_dir=tmp_path)
    director.connections = {
        "items": [
            {
                "item": "FileInput",
                "iop": 1,
                **{"module": "demo_app", "classname": "FileService", "classpaths": "/src"},
                "connections": ["OrderOperation"],
            }
        ]
    }
    plan = desired.plan()
    assert not plan.has_changes
    assert desired.verify(plan).success
    again = desired.apply(plan)
    assert again.success
    desired.item("FileInput").pool(9)
    backup = desired.apply(backup_dir=tmp_path).backup_path
    assert Production.rollback_backup(backup, director=director, allow_destructive=True).success


def test_11_destructive_operations_that_were_applied_converged(desired, tmp_path) -> None:
    plan = desired.plan()
    desired.apply(plan, allow_destructive=True, backup_dir=tmp_path)
    result = desired.verify(plan)
    assert (len(result.converged_operations), result.residual_operations) == (5, ())


def test_11_destructive_operations_that_were_said_to_be_applied_and_are_not_failed(desired, director, tmp_path) -> None:
    plan = desired.plan()
    director.reply = [{"id": one.id, "status": "applied"} for one in plan.operations]
    result = desired.apply(plan, allow_destructive=True, backup_dir=tmp_path)
    assert result.success
    assert len(desired.verify(plan).residual_operations) == 3
    verified = desired.verify(plan, result=result)
    assert (len(verified.failed_operations), verified.residual_operations) == (5, ())


def test_secrets_are_not_in_the_result(desired, director) -> None:
    desired.item("FileInput").setting("Password", "s3cret")
    assert "s3cret" not in json.dumps(desired.verify(desired.plan()).to_dict())


def test_rollback(desired, director, old, backup) -> None:
    assert director.exports != old.to_dict()
    before = dict(director.exports)
    plan_id = json.loads((backup / "plan.json").read_text())["id"]
    director.calls.clear()
    result = Production.rollback_backup(str(backup), director=director, allow_destructive=True)
    assert director.exports == old.to_dict()
    assert director.calls == [
        "export_production",
        "export_production_connections",
        "export_production_queue_info",
        "register_production_definition",
        "status_production",
        "update_production",
        "export_production",
        "export_production_connections",
    ]
    assert result == ProductionVerifyResult(plan_id, "Demo.Production", ("rollback",), backup_path=result.backup_path)
    again = Production.rollback_backup(result.backup_path, director=director, allow_destructive=True)
    assert again.success
    assert director.exports == before


def test_rollback_of_what_is_not_deployed_any_more(director, old, backup) -> None:
    del director.exports["Demo.Production"]
    result = Production.rollback_backup(backup, director=director, allow_destructive=True, update=False)
    assert result.success
    assert result.warnings == ("There is no backup of what was replaced: 'Demo.Production'",)
    assert director.exports == old.to_dict()
    assert director.calls[-2:] == ["export_production", "export_production_connections"]


def test_rollback_says_who_and_why(director, backup) -> None:
    Production.rollback_backup(backup, director=director, allow_destructive=True, actor="otto", reason="it was wrong")
    assert director.arguments["register_production_definition"] == ("otto", "it was wrong")
    Production.rollback_backup(backup, director=director, allow_destructive=True)
    assert director.arguments["register_production_definition"][1] == f"rollback to {os.path.basename(backup)}"


def test_rollback_that_did_not_work(director, backup) -> None:
    director.register_production_definition = lambda name, definition, **records: None
    result = Production.rollback_backup(backup, director=director, allow_destructive=True)
    assert result.to_dict()["failed_operations"] == [{"id": "rollback", "path": "Demo.Production", "status": "failed"}]
    assert not result.success


def test_rollback_needs_permission_and_is_local(director, director_of, old, backup, no_director) -> None:
    text = "Rollback restores a full production export and requires allow_destructive=True."
    director.calls.clear()
    with pytest.raises(RuntimeError, match=re.escape(text)):
        Production.rollback_backup("nowhere")
    remote = director_of(old, is_remote=True)
    with pytest.raises(RuntimeError, match="Remote production rollback is not supported in v1"):
        Production.rollback_backup(backup, director=remote, allow_destructive=True)
    with pytest.raises(IopError, match=no_director):
        Production.rollback_backup(backup, allow_destructive=True)
    assert director.calls == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("production", "{}", "holds no production"),
        ("production", None, "does not exist; give the folder of a backup"),
        ("production", "nope", "cannot be read"),
        ("production", "[]", "must hold a dictionary"),
        ("production", '{"Other": {}}', "holds 'Other'"),
        ("production", '{"Demo.Production": {}}', "fingerprint is not the source_fingerprint"),
        ("metadata", "{}", "production must be text, got None"),
        ("metadata", None, "does not exist"),
        ("metadata", '{"production": "Demo.Production", "plan_id": 3}', "plan_id must be text, got 3"),
    ],
)
def test_18_a_damaged_backup_is_refused_before_anything_happens(director, backup, name, text, said) -> None:
    file = backup / f"{name}.json"
    file.unlink() if text is None else file.write_text(text)
    director.calls.clear()
    with pytest.raises(PlanError, match=said):
        Production.rollback_backup(backup, director=director, allow_destructive=True)
    assert director.calls == []


def test_18_what_is_overwritten_is_backed_up_first(desired, director, backup) -> None:
    current = dict(director.exports)
    result = Production.rollback_backup(backup, director=director, allow_destructive=True)
    kept = Path(result.backup_path)
    assert kept.parent == backup.parent
    assert json.loads((kept / "production.json").read_text()) == current
    metadata = json.loads((kept / "metadata.json").read_text())
    assert metadata["reason"] == f"rollback to {backup.name}"
    assert "backup: " in str(result)


def test_4_a_backup_of_another_namespace_is_refused(prod, director_of, old, tmp_path) -> None:
    prod.with_director(director_of(old, namespace="NS1"))
    backup = prod.apply(backup_dir=tmp_path).backup_path
    other = director_of(old, namespace="NS2")
    with pytest.raises(PlanError, match=r"'NS1'.*'NS2'"):
        Production.rollback_backup(backup, director=other, allow_destructive=True)
    assert other.calls == []
    shutil.copytree(backup, tmp_path / "copy")
    assert Production.rollback_backup(backup, director=other, namespace="NS2", allow_destructive=True).success
