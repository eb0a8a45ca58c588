"""Productions read from the dictionary that IRIS exports."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_core.errors import IopError, ProductionError, ProductionTypeError
from iop_production import Production

TEXTS = st.text(max_size=6)
NAMES = st.text(st.characters(exclude_characters=","), min_size=1, max_size=5).filter(lambda name: name == name.strip())
VALUES = st.one_of(st.none(), st.booleans(), st.integers(), TEXTS, NAMES)


def export(*items: dict, **body: object) -> dict:
    return {"D.P": {"@Name": "D.P", **body, "Item": list(items)}}


def item(name: str, class_name: str = "D.X", **host: str) -> dict:
    return {
        "@Name": name,
        "@ClassName": class_name,
        "Setting": [{"@Target": "Host", "@Name": key, "#text": value} for key, value in host.items()],
    }


def routes(prod: Production) -> list[tuple[str, str, str]]:
    return [(edge.source, edge.target, edge.origin) for edge in prod.edges]


@st.composite
def productions(draw: st.DrawFn) -> Production:
    prod = Production(draw(NAMES), description=draw(VALUES), testing_enabled=draw(VALUES))
    prod.actor_pool_size, prod.shutdown_timeout, prod.alert_notification_manager = (draw(VALUES) for _ in range(3))
    prod.other_settings += [{"@Name": name, "#text": draw(VALUES)} for name in draw(st.lists(NAMES, max_size=2))]
    names = draw(st.lists(NAMES, max_size=4, unique=True))
    for name in names:
        values = st.one_of(VALUES, st.lists(st.sampled_from(names), min_size=1, max_size=3).map(",".join))
        ref = prod.component(name, class_name=draw(NAMES), pool_size=draw(VALUES), enabled=draw(VALUES))
        ref.comment_as(draw(VALUES)).schedule_on(draw(VALUES)).category_as(draw(VALUES))
        ref.host_settings.update(draw(st.dictionaries(TEXTS, values, max_size=3)))
        ref.adapter_settings.update(draw(st.dictionaries(TEXTS, VALUES, max_size=3)))
        for target in draw(st.lists(NAMES, max_size=2)):
            ref.other_setting(target, draw(TEXTS), draw(VALUES))
    return prod


@given(productions())
@settings(max_examples=100, deadline=None)
def test_what_was_read_is_exported_again(prod: Production) -> None:
    data = prod.to_dict()
    read = Production.from_dict(data)
    assert read.to_dict() == data
    assert read.graph().warnings == ()
    targets = {ref.name for ref in prod.items}
    assert {edge.target for edge in read.edges} <= targets
    assert all(edge.origin == "inferred" for edge in read.edges)


def test_scalars_stay_text_and_unknown_settings_stay() -> None:
    prod = Production.from_dict(
        export(
            {"@Name": "A", "@ClassName": "D.A", "@PoolSize": "3", "@Enabled": "0"},
            Setting=[
                {"@Name": "ShutdownTimeout", "#text": "30"},
                {"@Target": "Production", "@Name": "UpdateTimeout", "#text": "5"},
                {"@Target": "Adapter", "@Name": "UpdateTimeout", "#text": " 7 "},
                {"@Name": "FutureSetting", "#text": "x"},
            ],
            Description="d",
        )
    )
    assert (prod.shutdown_timeout, prod.update_timeout, prod.item("A").pool_size) == ("30", "5", "3")
    assert prod.to_dict()["D.P"]["Setting"] == [
        {"@Name": "ShutdownTimeout", "#text": "30"},
        {"@Name": "UpdateTimeout", "#text": "5"},
        {"@Target": "Adapter", "@Name": "UpdateTimeout", "#text": " 7 "},
        {"@Name": "FutureSetting", "#text": "x"},
    ]
    assert prod.graph().nodes[0].enabled is False


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ({"Production": {"@Name": "A.B"}}, "A.B"),
        ({"Production": {}}, "Production"),
        ({"C.D": {}}, "C.D"),
        ({"C.D": {"@Name": "E.F"}}, "E.F"),
    ],
)
def test_name(data, name) -> None:
    assert Production.from_dict(data).name == name


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({}, "Production data must be a non-empty dictionary."),
        ('{"P": {}}', "Production data must be a non-empty dictionary."),
        ({"P": []}, "Production data must be a dictionary."),
    ],
)
def test_other_data_is_refused(data, text) -> None:
    with pytest.raises(ProductionTypeError, match=f"^{text}"):
        Production.from_dict(data)


def test_production_without_a_name_is_refused() -> None:
    with pytest.raises(ProductionError, match="needs a name"):
        Production.from_dict({"": {}})


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ({"@ClassName": "Python.demoapp.FileService"}, "service"),
        ({"@ClassName": "EnsLib.File.PassthroughOPERATION"}, "operation"),
        ({"@ClassName": "Demo.FooService"}, "component"),
        ({"@ClassName": "Ens.BusinessProcessBPL"}, "component"),
        ({"@ClassName": "Demo.X", "@Kind": "Process"}, "process"),
        ({"role": "service"}, "service"),
    ],
)
def test_kind(entry, kind) -> None:
    assert Production.from_dict(export({"@Name": "A", **entry})).item("A").kind == kind


def test_bad_entries_become_warnings_and_the_rest_is_read() -> None:
    prod = Production.from_dict(
        export(
            item("A"),
            "junk",
            {"@ClassName": "D.B"},
            item("A"),
            {"@Name": "C", "@Zap": "1", "Setting": [7, {"@Name": "s", "#text": {}}]},
        )
    )
    assert prod.item_names == ("A", "C")
    shown = "\n".join(prod.graph().warnings)
    for text in (
        "Ignoring Item 2: it is 'junk', not a dictionary",
        "Ignoring Item 3: Production item name is required",
        "Ignoring Item 4 'A': Production item already exists: A",
        "Ignoring unknown key '@Zap' of Item 5 'C'",
        "Ignoring Setting of Item 5 'C' 1: it is 7",
        "Setting 2 's' of Item 5 'C' should be text",
    ):
        assert text in shown


def test_one_item_and_one_setting_need_no_list() -> None:
    prod = Production.from_dict({"P": {"Item": {"@Name": "A", "Setting": {"@Name": "x", "#text": "1"}}}})
    assert prod.item("A").host_settings == {"x": "1"}


def test_subclass_declares_nothing_in_what_is_read() -> None:
    class Declared(Production):
        name = "Other"
        testing_enabled = True
        components = ()

    read = Declared.from_dict(export(item("A")), namespace="NS")
    assert type(read) is Declared
    assert (read.name, read.testing_enabled, read.namespace) == ("D.P", False, "NS")


def test_reading_imports_nothing(tmp_path, monkeypatch) -> None:
    (tmp_path / "planted.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    Production.from_dict(export(item("A", "Python.planted.Router")))
    assert "planted" not in sys.modules


def test_routes_are_inferred_from_host_settings() -> None:
    prod = Production.from_dict(export(item("A", Output="B,Gone", Limit="5", **{"%classname": "B"}), item("B")))
    (edge,) = prod.edges
    assert edge.to_dict() == {
        "source": "A.Output",
        "source_item": "A",
        "source_target_setting": "Output",
        "target": "B",
        "origin": "inferred",
        "interaction": "request",
        "metadata": {"source": "Host setting fallback"},
        "inferred": True,
    }
    assert prod.item("A").ports == ("Output",)


def test_runtime_routes_are_credited_to_every_setting_that_names_the_target() -> None:
    prod = Production.from_dict(
        export(item("A", P="B", Q="C, B", Z="C"), item("B"), item("C")),
        connections={"items": [{"item": "A", "connections": ["B", "Ens.Alert"]}]},
    )
    assert routes(prod) == [("A.P", "B", "runtime"), ("A.Q", "B", "runtime"), ("A.Q", "C", "inferred")]
    assert prod.edges[2].metadata["reason"] == "runtime discovery did not report this target setting"


def test_items_without_runtime_routes_say_why_they_were_inferred() -> None:
    def reason(report: dict) -> object:
        (edge,) = Production.from_dict(export(item("A", Output="B"), item("B")), connections={"items": [report]}).edges
        return edge.metadata.get("reason")

    assert reason({"item": "A", "connections": []}) == "runtime discovery returned no targets"
    assert reason({"item": "A", "warnings": ["boom"]}) is None
    assert reason({"item": "B"}) is None


@pytest.mark.parametrize(
    "connections",
    [
        {"A": ["B"]},
        {"A": "B"},
        [{"source": "A", "target": "B"}],
        [{"source": "A.Output", "target": "B"}],
        [{"source_item": "A", "to": "B", "source_port": "Output"}],
        [{"source_item": "A", "name": "B", "port": "Output", "logical_name": "x"}],
        {"items": [{"name": "A", "edges": [{"target": "B", "source_target_setting": "Output"}]}]},
    ],
)
def test_shapes_of_reported_connections(connections) -> None:
    prod = Production.from_dict(export(item("A", Output="B"), item("B")), connections=connections)
    (edge,) = prod.edges
    assert (edge.source, edge.target, edge.origin, edge.metadata) == ("A.Output", "B", "runtime", {})


def test_reported_edges_that_no_setting_stands_for() -> None:
    prod = Production.from_dict(
        export(item("A", T="B"), item("B")),
        connections={
            "items": [
                {"item": "A", "connections": ["Gone", {"target": "B", "port": "P1", "interaction": "sync", "n": 1}]}
            ],
            "warnings": ["w1"],
        },
    )
    assert prod.graph().warnings == ("w1", "Runtime connection target does not exist: A -> Gone")
    assert "T" not in {edge.source_port for edge in prod.edges}
    assert [line.strip() for line in str(prod.graph()).splitlines()[2:4]] == [
        "(runtime) -> Gone (unresolved) [runtime]",
        "P1 -> B [runtime, sync]",
    ]
    assert prod.edges[1].metadata == {"n": 1}
    prod.delete_component("B")
    assert routes(prod) == [("A", "Gone", "runtime")]


def test_connecting_an_imported_port_makes_the_route_authored() -> None:
    prod = Production.from_dict(export(item("A", Output="B"), item("B"), item("C")))
    prod.connect("A.Output", "B")
    assert routes(prod) == [("A.Output", "B", "authored")]
    prod.item("A").host_setting("Output", "C")
    assert routes(prod) == [("A.Output", "C", "authored")]


def test_what_a_report_says_about_items_stays_out_of_the_settings() -> None:
    report = {"item": "A", "kind": "process", "adapter": "My.Adapter", "iop": 1, "module": "m", "warnings": ["boom"]}
    data = export(item("A"))
    prod = Production.from_dict(data, connections={"items": [report, {"item": "ZZ", "connections": ["A"]}]})
    ref = prod.item("A")
    assert (ref.kind, ref.adapter_class_name, ref.runtime_metadata["module"]) == ("process", "My.Adapter", "m")
    assert ref.host_settings == {}
    assert prod.to_dict() == Production.from_dict(data).to_dict()
    assert prod.graph().warnings == ("A: boom", "Runtime connection source does not exist: ZZ")


def test_junk_in_the_reports() -> None:
    prod = Production.from_dict(export(item("A")), connections="junk", queue_info="junk")
    assert prod.graph().warnings == (
        "Ignoring invalid queue info: 'junk'",
        "Ignoring invalid runtime connections: 'junk'",
    )
    prod = Production.from_dict(export(item("A")), connections=[5, {"source": "A"}, {"A": {}}], queue_info=[5])
    assert len(prod.graph().warnings) == 4


@pytest.mark.parametrize(
    "queue_info",
    [
        {"items": [{"queue_name": "A", "count": 3}, {"item": "NN"}]},
        {"A": {"count": 3}, "NN": {}},
        [{"name": "A", "count": 3}, {"name": "NN"}],
    ],
)
def test_queue_counters(queue_info) -> None:
    data = export(item("A"))
    prod = Production.from_dict(data, queue_info=queue_info)
    assert prod.queue() == {"A": {"queue_name": "A", "count": 3}}
    assert prod.graph().warnings == ("Queue info item does not exist: NN",)
    assert prod.to_dict() == Production.from_dict(data).to_dict()
    prod.queue()["A"]["count"] = 9
    assert prod.queue()["A"]["count"] == 3


def test_deployed_production_comes_from_the_director() -> None:
    director = SimpleNamespace(
        export_production=lambda name: export(item("A", Output="B"), item("B")),
        export_production_connections=lambda name: {"A": "B"},
    )
    prod = Production.from_iris("D.P", director=director, namespace="NS")
    assert routes(prod) == [("A.Output", "B", "runtime")]
    assert (prod.director, prod.namespace) == (director, "NS")


def test_deployed_production_without_connections() -> None:
    def fail(name: str) -> None:
        raise OSError("boom\nand more")

    director = SimpleNamespace(export_production=lambda name: export(item("A")))
    assert Production.from_iris("D.P", director=director).graph().warnings == ()
    director.export_production_connections = fail
    assert Production.from_iris("D.P", director=director).graph().warnings == (
        "Could not export runtime connections: boom and more",
    )


@pytest.mark.parametrize("director", [None, object()])
def test_deployed_production_needs_a_director(director, no_director) -> None:
    with pytest.raises(IopError, match=no_director):
        Production.from_iris("D.P", director=director)
