"""What holds for the plan between any two productions."""

from __future__ import annotations

import copy
import json
import sys
import tempfile
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from iop_core import BusinessService, target
from iop_production import Production, ProductionChangePlan
from iop_production.deployed_model import DeployedModel
from iop_production.plan_simulation import simulate_plan

NAMES = ("A", "B", "C.D", "C", "settings", "%x")
TEXTS = st.sampled_from(["", "A", "B", "A,B", "B,A", "B, A", "A,,B", ",", "x", " ", "true", "None", "C.D,zz"])
SETTINGS = st.dictionaries(st.sampled_from(["Output", "Preset", "Mode", "TargetConfigNames", "a.b", "%p"]), TEXTS)
FIELDS = {
    "category": TEXTS,
    "pool_size": st.integers(0, 3),
    "enabled": st.booleans(),
    "foreground": st.sampled_from([True, "1", "no", "maybe"]),
    "comment": TEXTS,
    "schedule": TEXTS,
}


class Router(BusinessService):
    __module__ = "demo_app"
    Output = target()
    Preset = target("B")


@st.composite
def productions(draw: st.DrawFn) -> Production:
    prod = Production("P", testing_enabled=draw(st.booleans()), description=draw(TEXTS))
    prod.timeouts(shutdown=draw(st.sampled_from([120, 300]))).alerting(manager=draw(TEXTS))
    prod.other_settings += [{"@Name": name, "#text": draw(TEXTS)} for name in draw(st.sets(st.sampled_from("UV")))]
    for name in draw(st.permutations(NAMES))[: draw(st.integers(0, 5))]:
        options = {field: draw(values) for field, values in FIELDS.items() if draw(st.booleans())}
        cls = draw(st.sampled_from([Router, "X", "EnsLib.File.PassthroughService"]))
        ref = prod.component(name, cls, settings=draw(SETTINGS), adapter_settings=draw(SETTINGS), **options)
        for other in draw(st.lists(st.sampled_from(["S", "T"]), unique=True)):
            ref.other_setting("Else", other, draw(TEXTS))
    return prod


@given(desired=productions(), deployed=productions())
@settings(max_examples=40, deadline=None)
def test_applied_plans_leave_nothing_to_do_and_can_be_taken_back(director_of, desired, deployed) -> None:
    director = director_of(deployed)
    before = copy.deepcopy(director.exports)
    desired.with_director(director)
    plan = desired.plan()
    loaded = ProductionChangePlan.from_dict(json.loads(json.dumps(plan.to_dict())))
    assert loaded == plan
    with tempfile.TemporaryDirectory() as folder:
        result = desired.apply(loaded, allow_destructive=True, backup_dir=folder)
        assert (result.applied, result.success) == (len(plan.operations), True)
        assert desired.plan().operations == ()
        verified = desired.verify(plan, result=result)
        assert verified.converged_operations == tuple(one.id for one in plan.operations)
        if result.backup_path:
            assert Production.rollback_backup(result.backup_path, director=director, allow_destructive=True).success
    assert director.exports == before


@given(desired=productions(), deployed=productions())
@settings(max_examples=30, deadline=None)
def test_safe_operations_alone_are_applied_and_remove_nothing(director_of, desired, deployed) -> None:
    director = director_of(deployed)
    desired.with_director(director)
    plan = desired.plan()
    with tempfile.TemporaryDirectory() as folder:
        result = desired.apply(plan, backup_dir=folder)
    assert (result.applied, result.skipped) == (len(plan.safe_operations), len(plan.blocked_operations))
    assert desired.verify(plan, result=result).success
    left = Production.from_dict(director.exports)
    assert set(deployed.item_names) <= set(left.item_names)
    for ref in deployed.items:
        assert ref.host_settings.keys() <= left.item(ref.name).host_settings.keys()
        assert left.item(ref.name).class_name == ref.class_name
    assert not desired.plan().safe_operations


@given(desired=productions(), deployed=productions(), allowed=st.booleans())
@settings(max_examples=50, deadline=None)
def test_a_simulation_does_what_a_director_does(director_of, desired, deployed, allowed) -> None:
    director = director_of(deployed)
    plan = desired.plan(deployed)
    simulation = simulate_plan(plan, deployed.to_dict(), allow_destructive=allowed)
    reply = director.apply_production_plan(plan.to_dict(), allow_destructive=allowed)
    assert Production.from_dict(simulation.export).to_dict() == Production.from_dict(director.exports).to_dict()
    assert not simulation.error
    reports = [(one["id"], one["status"]) for one in simulation.operations]
    assert reports == [(one["id"], one["status"]) for one in reply["operations"]]


@given(productions())
@settings(max_examples=30, deadline=None)
def test_what_is_not_changed_stays_as_it_was_exported(prod) -> None:
    export = prod.to_dict()
    export["P"]["Unknown"] = {"kept": 1}
    for item in export["P"].get("Item", ()):
        item["@Strange"] = "kept"
    kept = copy.deepcopy(export)
    model = DeployedModel(export)
    for name in prod.item_names:
        assert model.find_item(name) is not None
    assert model.to_dict() == kept
    assert export == kept


def count_calls(action) -> int:
    """Return how many functions an action calls, those that are not written in Python too."""
    calls: Counter[str] = Counter()
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, arg: calls.update([event]))
    try:
        action()
    finally:
        sys.setprofile(before)
    return calls["call"] + calls["c_call"]


def test_work_grows_with_the_production_alone(director_of, tmp_path) -> None:
    def work(size: int) -> int:
        desired, deployed = Production("P"), Production("P")
        for prod, first in ((desired, 0), (deployed, size // 2)):
            for number in range(first, first + size):
                prod.operation(f"O{number}", class_name="X", settings={"S": first})
                prod.service(f"S{number}", class_name="X").connect("Out", f"O{number}").setting("L", first)
            prod.service("All", class_name="X", settings={"T": ",".join(f"O{first + n}" for n in range(size))})
        desired.with_director(director_of(deployed))

        def change() -> None:
            plan = desired.plan()
            desired.verify(plan)
            simulate_plan(plan, deployed.to_dict(), allow_destructive=True)
            str(plan)
            desired.apply(ProductionChangePlan.from_dict(plan.to_dict()), allow_destructive=True, backup_dir=tmp_path)

        return count_calls(change)

    work(1)
    assert work(160) < work(40) * 6


def test_a_field_of_the_production_is_set_where_it_counts() -> None:
    entry = {"@Target": "Production", "@Name": "ShutdownTimeout", "#text": "1"}
    model = DeployedModel({"P": {"Setting": entry}})
    assert model.field("shutdown_timeout") == "1"
    model.set_field("shutdown_timeout", 2)
    assert model.field("shutdown_timeout") == "2"
    assert Production.from_dict(model.to_dict()).shutdown_timeout == "2"
