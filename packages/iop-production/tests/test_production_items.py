"""Adding, finding, changing and removing items."""

from __future__ import annotations

import copy
import gc

import pytest

from iop_core import BusinessOperation, BusinessService, setting, target
from iop_core.errors import ProductionError, UnknownItemError
from iop_production import ComponentRef, Production


def test_class_alone_gives_the_item_its_name(demo) -> None:
    ref = Production("P").operation(demo.OrderOperation)
    assert (ref.name, ref.class_name, ref.kind) == ("OrderOperation", "Python.demoapp.OrderOperation", "operation")
    assert ref.component_class is demo.OrderOperation


def test_iris_class_is_given_by_keyword_or_in_place_of_the_class() -> None:
    prod = Production("P")
    first = prod.operation("One", class_name="EnsLib.File.PassthroughOperation")
    second = prod.operation("Two", "EnsLib.File.PassthroughOperation")
    assert first.class_name == second.class_name == "EnsLib.File.PassthroughOperation"
    assert first.component_class is second.component_class is None


def test_proxy_class_can_be_named(demo) -> None:
    ref = Production("P").operation("Z", demo.OrderOperation, class_name="My.Proxy")
    assert (ref.class_name, ref.component_class) == ("My.Proxy", demo.OrderOperation)


def test_component_takes_any_kind() -> None:
    prod = Production("P")
    assert prod.component("A", class_name="X").kind == "component"
    assert prod.add_component("B", class_name="X", kind="process").kind == "process"
    with pytest.raises(ProductionError, match="kind 'thing' does not exist"):
        prod.component("C", class_name="X", kind="thing")


@pytest.mark.parametrize(
    ("add", "error", "text"),
    [
        (lambda prod, demo: prod.operation("Nope"), ValueError, "'Nope' requires a component class or class_name"),
        (lambda prod, demo: prod.operation("", class_name="X"), ValueError, "Production item name is required"),
        (lambda prod, demo: prod.operation(" A", class_name="X"), ValueError, "' A' holds a comma or spaces"),
        (lambda prod, demo: prod.operation("A,B", class_name="X"), ValueError, "'A,B' holds a comma or spaces"),
        (lambda prod, demo: prod.operation(5, class_name="X"), TypeError, "name of an item is text, got 5"),
        (lambda prod, demo: prod.operation("A", 5), TypeError, "item 'A' must be a class .* got 5"),
        (
            lambda prod, demo: prod.operation(demo.OrderOperation, demo.FileService),
            TypeError,
            "OrderOperation stands where the name",
        ),
        (lambda prod, demo: prod.operation("A", "X", class_name="Y"), ValueError, "'A' declares conflicting component"),
        (lambda prod, demo: prod.operation("A", "X", foo=1), TypeError, "unexpected keyword argument 'foo'"),
        (
            lambda prod, demo: prod.operation("A", "X", settings={"L": 1, "M": 2}, host_settings={"M": 3, "L": 4}),
            ValueError,
            "Operation item 'A' declares duplicate Host setting keys: 'L', 'M'",
        ),
        (lambda prod, demo: prod.operation("A", "X", settings={5: 1}), TypeError, "setting is named by text"),
        (lambda prod, demo: prod.operation("A", "X", settings={target(): 1}), ValueError, "must be declared on a"),
        (
            lambda prod, demo: prod.operation("A", "X", other_settings=[{"@Name": "L"}]),
            ValueError,
            "item 'A' must have",
        ),
    ],
)
def test_what_cannot_be_an_item_is_refused_and_not_added(demo, add, error, text) -> None:
    prod = Production("P")
    with pytest.raises(error, match=text):
        add(prod, demo)
    assert prod.items == ()


def test_name_is_given_once(prod) -> None:
    with pytest.raises(ValueError, match="Production item already exists: OrderOperation"):
        prod.operation("OrderOperation", class_name="X")


def test_two_classes_cannot_share_a_proxy_class() -> None:
    one = type("C", (BusinessOperation,), {"__module__": "a_b"})
    two = type("C", (BusinessOperation,), {"__module__": "ab"})
    prod = Production("P")
    prod.operation("One", one)
    prod.operation("OneMore", one)
    with pytest.raises(ProductionError, match=r"a_b\.C and ab\.C .* 'Python\.ab\.C': rename .* class_name="):
        prod.operation("Two", two)
    prod.operation("Two", two, class_name="Python.ab.Other")
    with pytest.raises(ProductionError, match=r"'Python\.ab\.C'"):
        prod.update_component("Two", class_name="Python.ab.C")
    assert prod.item("Two").class_name == "Python.ab.Other"
    prod.delete_component("One")
    with pytest.raises(ProductionError, match=r"'Python\.ab\.C'"):
        prod.update_component("Two", class_name="Python.ab.C")
    prod.delete_component("OneMore")
    assert prod.operation("Three", two).class_name == "Python.ab.C"
    assert prod.update_component("Two", class_name="Python.ab.C").class_name == "Python.ab.C"


def test_settings_go_by_name_or_descriptor(demo) -> None:
    class Operation(BusinessOperation):
        Path = setting("/tmp")

    prod = Production("P")
    file = prod.service("File", demo.FileService, settings={demo.FileService.Output: "Op"}, host_settings={"Limit": 1})
    prod.operation("Op", Operation, settings={Operation.Path: None}, adapter_settings={"Charset": "utf-8"})
    assert file.host_settings == {"Output": "Op", "Limit": 1}
    assert prod.item("Op").host_settings == {"Path": None}
    assert prod.item("Op").adapter_settings == {"Charset": "utf-8"}


def test_adapter_is_named_by_the_best_source(demo) -> None:
    class WithClass(BusinessService):
        @staticmethod
        def get_adapter_type():
            return demo.FileInboundAdapter

    prod = Production("P")
    adapter = demo.FileInboundAdapter
    python_name = "Python.demoapp.FileInboundAdapter"
    assert prod.service("A", demo.FileService).adapter_class_name == "Ens.InboundAdapter"
    assert prod.service("B", WithClass).adapter_class_name == python_name
    assert prod.service("C", demo.FileService, adapter_class=adapter).adapter_class_name == python_name
    assert prod.item("C").adapter_class is adapter
    assert prod.service("D", demo.FileService, adapter_class="My.Adapter").adapter_class_name == "My.Adapter"
    named = prod.service("E", demo.FileService, adapter_class=adapter, adapter_class_name="My.Name")
    assert (named.adapter_class, named.adapter_class_name) == (adapter, "My.Name")
    assert prod.service("F", class_name="X").adapter_class_name == ""
    assert prod.operation(demo.OrderOperation).adapter_class_name == ""


@pytest.mark.parametrize(
    ("method", "text"),
    [
        (lambda self, other: "X", "must be callable on the class: make it a @staticmethod"),
        (staticmethod(lambda: 1 / 0), r"get_adapter_type\(\) failed: ZeroDivisionError"),
        (staticmethod(lambda: 5), "must give a class, its name or None, got 5"),
    ],
)
def test_wrong_get_adapter_type_is_reported(method, text) -> None:
    service = type("Wrong", (BusinessService,), {"get_adapter_type": method})
    with pytest.raises(ProductionError, match=text):
        Production("P").service(service)


def test_component_ref_finds_by_name_handle_port_and_path(prod) -> None:
    file, orders = prod.items
    assert prod.item("OrderOperation") is orders
    for target_ in ("OrderOperation", orders, file.Output, "FileInput.Output"):
        assert prod.component_ref(target_) is orders
        assert prod.get_component(target_) is orders
        assert prod.resolve_target(target_) == "OrderOperation"


def test_item_name_goes_before_port_and_the_last_dot_divides(prod) -> None:
    dotted = prod.operation("FileInput.Output", class_name="X")
    assert prod.component_ref("FileInput.Output") is dotted
    prod.connect(dotted.port("T"), "OrderOperation")
    assert prod.resolve_target("FileInput.Output.T") == "OrderOperation"


@pytest.mark.parametrize("name", ["Nope", "Nope.Output", "", ".", "Nope."])
def test_unknown_item_is_an_error(prod, name) -> None:
    with pytest.raises(UnknownItemError, match="Production item does not exist: "):
        prod.component_ref(name)
    with pytest.raises(UnknownItemError):
        prod.item(name)


def test_unknown_item_comes_with_the_closest_name(prod) -> None:
    with pytest.raises(ValueError, match=r"OrderOperatoin \(did you mean 'OrderOperation'\?\)"):
        prod.item("OrderOperatoin")


def test_handle_of_another_production_or_deleted_item_is_refused(prod, demo) -> None:
    other = Production("Other").operation(demo.OrderOperation)
    with pytest.raises(ValueError, match="component belongs to a different Production"):
        prod.component_ref(other)
    orders = prod.item("OrderOperation")
    prod.delete_component(orders)
    with pytest.raises(ValueError, match="or its item was deleted: 'OrderOperation'"):
        prod.delete_component(orders)


def test_update_sets_merges_and_replaces(prod, demo) -> None:
    file = prod.item("FileInput")
    file.host_settings_update({"Limit": 1, "Gone": 2}).adapter_setting("A", 1).other_setting("X", "Y", 1)
    same = prod.update_component(
        "FileInput",
        kind="component",
        category="c",
        pool_size=3,
        enabled=False,
        foreground=True,
        comment="note",
        log_trace_events=True,
        schedule="s",
        settings={"Limit": 2, "Gone": None},
        adapter_settings={"A": None, "B": 2},
        other_settings=[{"@Target": "Z", "@Name": "N", "#text": "v"}],
        target_settings=["Extra"],
    )
    assert same is file
    assert (file.kind, file.category, file.pool_size, file.enabled) == ("component", "c", 3, False)
    assert (file.foreground, file.comment, file.log_trace_events, file.schedule) == (True, "note", True, "s")
    assert file.host_settings == {"Output": "OrderOperation", "Limit": 2}
    assert file.adapter_settings == {"B": 2}
    assert file.other_settings == [{"@Target": "Z", "@Name": "N", "#text": "v"}]
    assert file.ports == ("Extra", "Output")


def test_update_of_the_class_brings_its_names_and_ports(prod, demo) -> None:
    class Other(BusinessService):
        Errors = target("OrderOperation")

    file = prod.update_component("FileInput", component_class=Other)
    assert file.class_name.endswith(".Other")
    assert (file.adapter_class_name, file.ports) == ("", ("Errors",))
    assert file.Errors.resolve() == "OrderOperation"
    prod.update_component(file, adapter_class=demo.FileInboundAdapter)
    assert file.adapter_class_name == "Python.demoapp.FileInboundAdapter"


def test_update_refuses_unknown_fields_and_changes_nothing(prod) -> None:
    before = prod.to_dict()
    with pytest.raises(ValueError, match="Unsupported component update fields: zap"):
        prod.update_component("FileInput", zap=1, pool_size=9)
    with pytest.raises(TypeError, match="must be a class"):
        prod.update_component("FileInput", component_class="X", pool_size=9)
    with pytest.raises(ValueError, match="kind 'x' does not exist"):
        prod.update_component("FileInput", kind="x", pool_size=9)
    assert prod.to_dict() == before


def test_delete_takes_every_route_to_the_item(prod) -> None:
    file = prod.item("FileInput")
    prod.operation("X", class_name="X")
    file.connect_add("Output", "X").host_setting("Mode", "X")
    prod.delete_component("X")
    assert file.host_settings == {"Output": "OrderOperation", "Mode": "X"}
    prod.delete_component("OrderOperation")
    assert file.host_settings == {"Mode": "X"}
    assert prod.edges == ()
    with pytest.raises(ValueError, match=r"is not connected: FileInput\.Output"):
        file.Output.resolve()


def test_fluent_methods_change_and_return_the_handle() -> None:
    ref = Production("P").service("S", class_name="X")
    same = (
        ref.pool(2)
        .disable()
        .run_foreground()
        .trace()
        .schedule_on("s")
        .comment_as("c")
        .category_as("k")
        .host_setting("Limit", 10)
        .host_settings_update({"a": 1, "Limit": 11})
        .setting("b", 2)
        .settings_update({"a": None})
        .adapter_setting("Charset", "utf-8")
        .adapter_settings_update({"aa": False})
        .other_setting("X", "Y", True)
    )
    assert same is ref
    assert (ref.pool_size, ref.enabled, ref.foreground, ref.log_trace_events) == (2, False, True, True)
    assert (ref.schedule, ref.comment, ref.category) == ("s", "c", "k")
    assert ref.host_settings == {"Limit": 11, "b": 2}
    assert ref.adapter_settings == {"Charset": "utf-8", "aa": False}
    assert ref.enable().enabled is True


def test_other_setting_moves_to_the_end_and_host_means_host() -> None:
    ref = Production("P").service("S", class_name="X")
    ref.other_setting("T", "A", 1).other_setting("T", "B", 2).other_setting("T", "A", 3)
    assert [(entry["@Name"], entry["#text"]) for entry in ref.other_settings] == [("B", 2), ("A", 3)]
    ref.other_setting("T", "B", None).other_setting("Host", "H", 1).other_setting("Adapter", "A", 2)
    assert [entry["@Name"] for entry in ref.other_settings] == ["A"]
    assert (ref.host_settings, ref.adapter_settings) == ({"H": 1}, {"A": 2})


def test_copies_are_independent_and_keep_the_director(prod) -> None:
    director = object()
    prod.with_director(director)
    for clone in (copy.deepcopy(prod), copy.copy(prod)):
        assert clone.to_dict() == prod.to_dict()
        assert clone.director is director
        assert all(ref.production is clone for ref in clone.items)
        clone.connect_add("FileInput.Output", clone.operation("New", class_name="X"))
        assert clone.item("FileInput").Output.targets == ("OrderOperation", "New")
    assert prod.item("FileInput").Output.targets == ("OrderOperation",)
    assert prod.item_names == ("FileInput", "OrderOperation")


def test_handles_are_hashed_by_identity_and_can_be_copied(prod) -> None:
    file = prod.item("FileInput")
    clone = copy.copy(file)
    assert {file, file, clone} == {file, clone}
    assert file != clone
    assert clone.host_settings == file.host_settings
    assert isinstance(copy.deepcopy(file), ComponentRef)


def test_repr_is_short(prod) -> None:
    assert repr(prod) == "<Production 'Demo.Production', 2 items>"
    assert repr(prod.item("FileInput")) == "<service 'FileInput' Python.demoapp.FileService>"


def test_classes_are_not_kept_alive_by_what_is_remembered_of_them() -> None:
    def make() -> None:
        class Temporary(BusinessService):
            Output = target()

        Production("P").service(Temporary)

    make()
    gc.collect()
    assert "Temporary" not in {cls.__name__ for cls in BusinessService.__subclasses__()}


def test_workers_is_a_host_setting() -> None:
    production = Production("Demo.P")
    ref = production.operation("Heavy", BusinessOperation, pool_size=2, workers="processes", settings={"Limit": 3})
    assert ref.host_settings == {"Limit": 3, "Workers": "processes"}
    production.update_component("Heavy", workers="threads")
    assert ref.host_settings == {"Limit": 3, "Workers": "threads"}
    production.update_component("Heavy", workers=None)
    assert ref.host_settings == {"Limit": 3}


@pytest.mark.parametrize(
    ("kind", "options", "text"),
    [
        ("operation", {"workers": "fibers"}, "has workers='fibers'; use 'threads' or 'processes'"),
        ("process", {"workers": "processes"}, "only operations run in processes of their own"),
        ("service", {"workers": "processes"}, "only operations run in processes of their own"),
        (
            "operation",
            {"workers": "threads", "settings": {"Workers": "threads"}},
            "duplicate Host setting keys: 'Workers'",
        ),
    ],
)
def test_workers_that_cannot_be_are_refused(kind, options, text) -> None:
    with pytest.raises(ProductionError, match=text):
        getattr(Production("Demo.P"), kind)("Heavy", class_name="Demo.Heavy", **options)
