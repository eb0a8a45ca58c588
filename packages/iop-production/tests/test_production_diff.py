"""What has to change in one production to make it another."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_core import BusinessService, setting, target
from iop_core.errors import IopError, ProductionTypeError
from iop_production import GraphEdge, Production


class Typed(BusinessService):
    __module__ = "demo_app"
    Output = target()
    Preset = target("B")
    Limit: int = 5
    Ratio = setting(1.0)
    On = setting(True)
    Note = setting("")
    Mode = setting("A")


def two_items(**host: object) -> Production:
    prod = Production("P")
    prod.service("A", Typed, settings=host)
    prod.operation("B", class_name="X")
    return prod


def changes(desired: Production, current: object) -> list[tuple[str, str, object, object]]:
    return [(entry.action, entry.path, entry.before, entry.after) for entry in desired.diff(current).changes]


@pytest.fixture
def old() -> Production:
    """An earlier deployment of the production of the user documentation."""
    old = Production("Demo.Production")
    file = old.component("FileInput", class_name="Demo.OldFileService", settings={"Gone": "x"})
    file.connect("Output", old.component("OldOrderOperation", class_name="Demo.Old"))
    return old


def test_text_of_all_kinds_of_changes(prod, old) -> None:
    prod.timeouts(shutdown=300).item("FileInput").other_setting("X", "Y", "z")
    empty = '"host_settings": {}, "log_trace_events": "false", "other_settings": [], "pool_size": "1", "schedule": ""}'
    assert str(prod.diff(old)) == (
        "Production diff: Demo.Production\n"
        "  change production production.shutdown_timeout: '120' -> '300'\n"
        '  remove item items.OldOrderOperation: {"adapter_settings": {}, "category": "", "class_name": "Demo.Old", '
        f'"comment": "", "enabled": "true", "foreground": "false", {empty}\n'
        '  add item items.OrderOperation: {"adapter_settings": {}, "category": "", '
        '"class_name": "Python.demoapp.OrderOperation", "comment": "", "enabled": "true", "foreground": "false", '
        f"{empty}\n"
        "  change item items.FileInput.class_name: 'Demo.OldFileService' -> 'Python.demoapp.FileService'\n"
        "  remove setting items.FileInput.settings.Host.Gone: 'x'\n"
        '  change setting items.FileInput.settings.Other: [] -> [{"#text": "z", "@Name": "Y", "@Target": "X"}]\n'
        '  change connection connections.FileInput.Output: ["OldOrderOperation"] -> ["OrderOperation"]'
    )


def test_no_changes(prod) -> None:
    diff = prod.diff(prod.to_dict())
    assert str(diff) == "Production diff: Demo.Production\n  no changes"
    assert json.dumps(diff.to_dict()) == '{"production": "Demo.Production", "has_changes": false, "changes": []}'
    assert not diff.has_changes


def test_changes_as_data_say_only_what_there_is(prod) -> None:
    other = Production.from_dict(prod.to_dict())
    other.item("FileInput").host_setting("Zed", 1).pool(2)
    diff = other.diff(prod)
    assert diff.to_dict()["changes"] == [
        {"action": "change", "kind": "item", "path": "items.FileInput.pool_size", "before": "1", "after": "2"},
        {"action": "add", "kind": "setting", "path": "items.FileInput.settings.Host.Zed", "after": "1"},
    ]
    entry = diff.changes[1]
    assert (entry.item, entry.target, entry.name) == ("FileInput", "Host", "Zed")


def test_order_of_the_changes() -> None:
    def build(value: str, *names: str) -> Production:
        prod = Production("P", description=value, alert_action_window=value)
        for name in names:
            ref = prod.component(name, class_name="X", comment=value, category=value)
            ref.host_settings_update({f"h{value}": 1, "b": value, "a": value}).adapter_setting("x", value)
        return prod

    paths = [path for _, path, _, _ in changes(build("2", "C", "Z", "Y", "N"), build("1", "Z", "O", "C", "M"))]
    assert paths[:6] == [
        *("production.alert_action_window", "production.description"),
        *("items.M", "items.O", "items.N", "items.Y"),
    ]
    assert paths[6:13] == [
        *("items.C.category", "items.C.comment"),
        *(f"items.C.settings.Host.{name}" for name in ("h1", "h2", "a", "b")),
        "items.C.settings.Adapter.x",
    ]
    assert paths[13].startswith("items.Z.")


def test_name_and_unknown_production_settings() -> None:
    old, both = ({"@Name": name, "#text": "1"} for name in ("Old", "Both"))
    current = Production.from_dict({"P": {"Setting": [old, both]}})
    desired = Production.from_dict({"Q": {"Setting": [{"@Target": "T", "@Name": "New"}, {"@Name": "Both"}]}})
    assert changes(desired, current) == [
        ("change", "production.name", "P", "Q"),
        ("remove", "production.settings.Old", "1", None),
        ("add", "production.settings.T.New", None, ""),
        ("change", "production.settings.Both", "1", ""),
    ]


@pytest.mark.parametrize(
    ("name", "desired", "deployed", "is_same"),
    [
        ("On", True, "1", True),
        ("On", True, "0", False),
        ("Ratio", 1.0, "1", True),
        ("Limit", 5, "05", True),
        ("Limit", 5, "x", False),
        ("Note", None, None, True),
        ("Note", "", None, True),
        ("Mode", "", None, False),
        ("Mode", "1", "01", False),
        ("Unknown", True, "1", False),
    ],
)
def test_settings_are_compared_in_their_type(name, desired, deployed, is_same) -> None:
    current = {} if deployed is None else {name: deployed}
    assert bool(changes(two_items(**{name: desired}), two_items(**current).to_dict())) is not is_same
    assert bool(changes(two_items(**current), two_items(**{name: desired}).to_dict())) is not is_same


def test_fields_are_compared_as_what_they_mean() -> None:
    desired = Production("P", testing_enabled=True, actor_pool_size=4)
    current = {"P": {"@TestingEnabled": "1", "ActorPoolSize": "4"}}
    assert changes(desired, current) == []


def test_setting_that_happens_to_name_an_item_is_no_route() -> None:
    desired = two_items(Mode="B")
    assert changes(desired, desired.to_dict()) == []
    deployed = two_items(Mode="A").to_dict()
    assert changes(desired, deployed) == [("change", "items.A.settings.Host.Mode", "A", "B")]
    assert changes(two_items(), deployed) == [("remove", "items.A.settings.Host.Mode", "A", None)]


def test_route_is_one_change() -> None:
    connected = two_items()
    connected.connect("A.Output", "B")
    assert changes(connected, two_items()) == [("add", "connections.A.Output", None, ["B"])]
    assert changes(two_items(), connected.to_dict()) == [("remove", "connections.A.Output", ["B"], None)]
    new_item = Production("P")
    new_item.operation("B", class_name="X")
    assert [path for _, path, _, _ in changes(connected, new_item)] == ["items.A"]


def test_order_of_targets_is_a_change() -> None:
    assert changes(two_items(Output="B,A"), two_items(Output="A, B").to_dict()) == [
        ("change", "connections.A.Output", ["A", "B"], ["B", "A"])
    ]
    assert changes(two_items(Output="A,B"), two_items(Output="A , B").to_dict()) == []


def test_targets_that_are_no_items_count() -> None:
    assert changes(two_items(Output="B,X"), two_items(Output="B,Y").to_dict()) == [
        ("change", "connections.A.Output", ["B", "Y"], ["B", "X"])
    ]


def test_cleared_default_target_is_a_route_to_nothing() -> None:
    cleared = two_items(Preset="")
    assert changes(cleared, cleared.to_dict()) == []
    assert changes(cleared, two_items()) == [("change", "connections.A.Preset", ["B"], [])]
    assert changes(two_items(Output=""), {"P": {"Item": two_items().to_dict()["P"]["Item"]}}) == []


def test_reported_route_without_a_port_is_the_same_as_the_set_one() -> None:
    desired = two_items(Output="B")
    deployed = desired.to_dict()
    del deployed["P"]["Item"][0]["Setting"]
    current = Production.from_dict(deployed, connections={"A": ["B"]})
    assert changes(desired, current) == [
        ("add", "connections.A.Output", None, ["B"]),
        ("add", "connections.A.Preset", None, ["B"]),
    ]
    alone = two_items(Preset="A")
    assert ("remove", "connections.A", ["B"], None) in changes(alone, current)


def test_metadata_of_an_import_makes_no_changes() -> None:
    desired = two_items(Output="B", Limit=7)
    said = {"item": "A", "connections": ["B"], "iop": 1, "module": "m", "classname": "C", "classpaths": "/x"}
    assert changes(desired, Production.from_dict(desired.to_dict(), connections={"items": [said]})) == []


def test_graph_diff_compares_where_routes_are_known_from(prod) -> None:
    current = Production.from_dict(prod.to_dict())
    (entry,) = prod.graph_diff(current).changes
    assert (entry.action, entry.path) == ("change", "connections.FileInput.Output")
    assert entry.before == [
        {
            "target": "OrderOperation",
            "origin": "inferred",
            "interaction": "request",
            "metadata": {"source": "Host setting fallback"},
        }
    ]
    assert entry.after == [{"target": "OrderOperation", "origin": "authored", "interaction": "request"}]
    assert not prod.graph_diff(prod).has_changes


def test_graph_diff_shows_routes_of_new_items_and_reported_ones(prod) -> None:
    current = Production.from_dict(prod.to_dict(), connections=[{"source": "OrderOperation", "target": "Gone"}])
    paths = [entry.path for entry in Production("Demo.Production").graph_diff(current).changes]
    assert paths[-2:] == ["connections.FileInput.Output", "connections.OrderOperation"]


def test_warnings_of_both_sides(prod) -> None:
    current = Production.from_dict(prod.to_dict(), connections={"warnings": ["w\nx"]})
    diff = prod.diff(current)
    assert diff.to_dict()["warnings"] == ["current: w\nx"]
    assert str(diff).endswith("  no changes\n  warnings:\n    current: w x")
    assert current.diff(prod).warnings == ("desired: w\nx",)


def test_other_things_are_refused(prod, no_director) -> None:
    with pytest.raises(ProductionTypeError, match="other must be a Production, production dictionary, or None"):
        prod.diff("Demo.Production")
    with pytest.raises(IopError, match=no_director):
        prod.diff()


def test_deployed_production_is_the_other_by_default(prod) -> None:
    class Deployed:
        def export_production(self, name: str) -> object:
            return {name: {"Item": []}}

    assert [entry.path for entry in prod.with_director(Deployed()).diff().changes] == [
        "items.FileInput",
        "items.OrderOperation",
    ]


NAMES = ("A", "B", "C.D")
WORDS = st.sampled_from(("", "A", "B,A", "C.D", "x", "1"))


@st.composite
def small_productions(draw: st.DrawFn) -> Production:
    prod = Production("P", description=draw(WORDS))
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True)):
        ref = prod.service(name, draw(st.sampled_from((Typed, "D.X"))), category=draw(WORDS))
        keys = st.sampled_from(("Output", "Preset", "Mode", "Limit", "TargetConfigNames", "Zed"))
        ref.host_settings_update(draw(st.dictionaries(keys, WORDS, max_size=4)))
        ref.adapter_settings_update(draw(st.dictionaries(keys, WORDS, max_size=2)))
    return prod


@given(small_productions(), small_productions())
@settings(max_examples=100, deadline=None)
def test_diff_is_empty_with_the_own_export_and_turns_around(first: Production, second: Production) -> None:
    for prod in (first, second):
        assert prod.diff(prod.to_dict()).changes == ()
        assert prod.graph_diff(prod).changes == ()
    turned = {"add": "remove", "remove": "add", "change": "change"}
    forth = {(entry.action, entry.path) for entry in first.diff(second).changes}
    assert {(turned[entry.action], entry.path) for entry in second.diff(first).changes} == forth
    assert len(first.diff(second).changes) == len(forth)


def test_edges_stay_comparable() -> None:
    assert len({GraphEdge("A", "B", "T"), GraphEdge("A", "B", "T")}) == 1


def test_printed_diffs_show_no_secrets() -> None:
    desired, current = two_items(Password="s3cret", Note="x"), two_items(Password="older", Note="y")
    desired.operation("New", class_name="X", adapter_settings={"ApiToken": "s3cret"})
    text = str(desired.diff(current))
    assert "s3cret" not in text
    assert "older" not in text
    assert "settings.Host.Password: '***' -> '***'" in text
    assert "settings.Host.Note: 'y' -> 'x'" in text
    assert "s3cret" in str(desired.diff(current).to_dict())
