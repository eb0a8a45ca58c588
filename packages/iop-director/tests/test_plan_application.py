"""Applying change plans to exported dictionaries, and through a director on disk."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from iop_core.errors import PlanConflictError, PlanError, UnsupportedByBackendError
from iop_director import Director
from iop_director.plan_application import apply_plan
from iop_production import Production, ProductionChangePlan


def build(*names: str, **fields: object) -> Production:
    prod = Production("P")
    for name in names:
        prod.operation(name, class_name="EnsLib.File.PassthroughOperation", **fields)
    return prod


def test_all_that_is_allowed_is_applied() -> None:
    deployed = build("Old", "Both").to_dict()
    kept = copy.deepcopy(deployed)
    desired = build("New", "Both", pool_size=2)
    plan = desired.plan(deployed).to_dict()
    export, reply = apply_plan(deployed, plan, allow_destructive=False)
    assert [(one["id"], one["status"]) for one in reply["operations"]] == [
        ("0001-add_item", "applied"),
        ("0002-set_item_field", "applied"),
        ("0003-delete_item", "skipped"),
    ]
    assert reply["operations"][2]["message"] == "requires allow_destructive=True"
    assert reply["production"] == "P"
    assert "error" not in reply
    assert Production.from_dict(export).item_names == ("Old", "Both", "New")
    assert deployed == kept
    export, _ = apply_plan(deployed, plan, allow_destructive=True)
    assert not desired.plan(export).has_changes


def test_nothing_is_applied_when_an_operation_fails() -> None:
    deployed = build("Both").to_dict()
    # Exports that differ, and look the same when they are read: the second item of a name does not count.
    damaged = {"P": {**deployed["P"], "Item": [*deployed["P"]["Item"]]}}
    plan = build("New", "Both", pool_size=2).plan(deployed)
    forged = ProductionChangePlan.of(
        production_name="P",
        source_fingerprint=plan.source_fingerprint,
        desired_fingerprint=plan.desired_fingerprint,
        operations=(
            plan.operations[0],
            type(plan.operations[1])(
                **{
                    **{
                        key: getattr(plan.operations[1], key)
                        for key in ("number", "action", "kind", "path", "after", "field")
                    },
                    "item": "Gone",
                }
            ),
        ),
    )
    export, reply = apply_plan(damaged, forged.to_dict(), allow_destructive=False)
    assert export == damaged
    assert [one["status"] for one in reply["operations"]] == ["failed", "failed"]
    assert reply["operations"][0]["message"] == "nothing was applied, because another operation failed"
    assert "has no item 'Gone'" in reply["error"]


def test_stale_edited_and_foreign_plans_are_refused() -> None:
    deployed = build("Both").to_dict()
    plan = build("New", "Both", pool_size=2).plan(deployed).to_dict()
    with pytest.raises(PlanConflictError, match=r"set_item_field items.Both.pool_size is not needed any more"):
        apply_plan(build().to_dict(), plan, allow_destructive=False)
    with pytest.raises(PlanError, match="Plan targets 'P', not 'Q'"):
        apply_plan({"Q": {}}, plan, allow_destructive=False)
    plan["operations"][0]["item"] = "Other"
    with pytest.raises(PlanError, match="the plan was edited"):
        apply_plan(deployed, plan, allow_destructive=False)


def test_whole_way_through_a_director(tmp_path: Path) -> None:
    director = Director(f"local://{tmp_path / 'data'}")
    first = build("A", "B").with_director(director)
    assert first.apply(backup_dir=tmp_path / "backups", actor="maria", reason="ticket 1").applied == 2
    second = build("B", "C", pool_size=3).with_director(director)
    plan = second.plan()
    assert plan.namespace == director.namespace
    before = director.export_production("P")
    result = second.apply(plan, allow_destructive=True, backup_dir=tmp_path / "backups", reason="ticket 2")
    assert (result.applied, result.failed, result.skipped) == (3, 0, 0)
    assert second.verify(plan, result=result).success
    assert not second.plan().has_changes
    with pytest.raises(PlanConflictError):
        second.apply(plan, backup_dir=tmp_path / "backups")
    changes = director.backend.deployments().changes()
    assert (changes[0].actor, changes[0].reason) == ("maria", "ticket 1")
    assert changes[-1].reason == "ticket 2"
    restored = Production.rollback_backup(result.backup_path, director=director, allow_destructive=True)
    assert restored.success
    assert director.export_production("P") == before


def test_default_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOP_URL", f"local://{tmp_path / 'data'}")
    prod = build("A")
    plan = prod.plan()
    assert prod.apply(plan, backup_dir=tmp_path / "backups").applied == 1
    assert prod.verify(plan).success
    assert Production.from_iris("P").to_dict() == prod.to_dict()


def test_remote_directors_say_so(tmp_path: Path) -> None:
    director = Director(f"local://{tmp_path / 'data'}")
    assert not director.is_remote
    director.backend.is_remote = True  # type: ignore[misc]  # as a backend for another machine says of itself
    with pytest.raises(UnsupportedByBackendError, match="not supported in v1"):
        build("A").with_director(director).apply()
