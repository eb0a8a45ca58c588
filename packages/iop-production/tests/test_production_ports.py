"""Ports: attributes, defaults, targets and what they refuse."""

from __future__ import annotations

import copy

import pytest

from iop_core import BusinessOperation, BusinessService, target
from iop_core.errors import AmbiguousPortError, UnconnectedPortError, UnknownItemError
from iop_production import OperationItem, Port, Production, TargetSettingRef


def test_port_says_what_it_is(prod) -> None:
    file = prod.item("FileInput")
    port = file.Output
    assert (str(port), port.path, port.item_name, port.name) == (
        *("FileInput.Output", "FileInput.Output"),
        *("FileInput", "Output"),
    )
    assert port.component is file
    assert port.production is prod
    assert port.resolve() == "OrderOperation"
    assert repr(port) == "<Port FileInput.Output>"
    assert TargetSettingRef is Port


def test_ports_compare_and_hash_by_value(prod) -> None:
    file = prod.item("FileInput")
    assert file.Output == file.Output == file.port("Output") == file.target_setting("Output")
    assert file.Output is not file.Output
    assert len({file.Output, file.port("Output"), copy.copy(file.Output), file.port("Other")}) == 2
    assert file.Output != copy.deepcopy(prod).item("FileInput").Output
    assert copy.deepcopy(file.Output).resolve() == "OrderOperation"


def test_text_of_a_port_does_not_depend_on_its_target(demo) -> None:
    prod = Production("P")
    port = prod.service("File", demo.FileService).Output
    before = str(port)
    prod.connect(port, prod.operation(demo.OrderOperation))
    assert str(port) == before == "File.Output"


def test_unconnected_and_ambiguous_ports_do_not_resolve(prod) -> None:
    file = prod.item("FileInput")
    prod.operation("X", class_name="X")
    prod.connect_add(file.Output, "X")
    with pytest.raises(AmbiguousPortError, match=r"FileInput.Output resolves to .* \('OrderOperation', 'X'\)"):
        file.Output.resolve()
    prod.disconnect(file.Output)
    with pytest.raises(UnconnectedPortError, match=r"is not connected: FileInput\.Output"):
        file.Output.resolve()
    with pytest.raises(ValueError, match=r"FileInput.Outptu \(did you mean 'FileInput.Output'\?\)"):
        prod.resolve_target("FileInput.Outptu")


def test_port_to_a_name_that_is_no_item_says_so(prod) -> None:
    file = prod.item("FileInput").host_setting("Output", "OrderOperatoin")
    with pytest.raises(UnknownItemError, match=r"target of FileInput\.Output\) \(did you mean 'OrderOperation'"):
        file.Output.resolve()


def test_unknown_attribute_names_item_ports_and_closest(prod) -> None:
    file = prod.item("FileInput")
    with pytest.raises(AttributeError, match=r"'FileInput' .* 'Outpt' \(did you mean 'Output'\?\); ports: Output"):
        _ = file.Outpt
    assert not hasattr(file, "resolve")
    assert not hasattr(file, "__fspath__")


def test_ports_are_listed_among_the_attributes(prod) -> None:
    file = prod.item("FileInput")
    file.port("Errors")
    assert {"Output", "Errors", "pool", "name"} <= set(dir(file))
    assert file.Errors == file.port("Errors")


def test_inherited_and_overridden_targets() -> None:
    class Base(BusinessService):
        Output = target()
        Errors = target()
        Gone = target()

    class Derived(Base):
        More = target()
        Errors = "Alerts"
        Gone = None

    ref = Production("P").service(Derived)
    assert ref.ports == ("Errors", "More", "Output")
    assert ref.host_settings == {"Errors": "Alerts"}


def test_port_named_like_a_member_is_reached_by_name() -> None:
    class Odd(BusinessService):
        pool = target()

    prod = Production("P")
    with pytest.warns(UserWarning, match=r"'pool' of item 'Odd' has the name of ComponentRef\.pool") as caught:
        ref = prod.service(Odd)
    assert caught[0].filename == __file__
    prod.connect(ref.port("pool"), prod.operation("Op", class_name="X"))
    assert ref.port("pool").resolve() == "Op"
    assert ref.pool(3).pool_size == 3


@pytest.mark.parametrize("default", ["Orders", OperationItem("Orders", "X")])
@pytest.mark.parametrize("target_first", [True, False])
def test_default_target_is_connected_in_any_order(default, target_first) -> None:
    class Router(BusinessService):
        Output = target(default)

    prod = Production("P")
    if target_first:
        prod.operation("Orders", class_name="X")
    ref = prod.service(Router)
    assert ref.host_settings == {"Output": "Orders"}
    if not target_first:
        assert prod.edges == ()
        prod.operation("Orders", class_name="X")
    assert [(edge.source, edge.target) for edge in prod.edges] == [("Router.Output", "Orders")]


def test_default_gives_way_and_does_not_come_back() -> None:
    class Router(BusinessService):
        Output = target("Orders")

    prod = Production("P")
    prod.operation("Orders", class_name="X")
    prod.operation("Audit", class_name="X")
    assert prod.service("A", Router, settings={"Output": "Audit"}).Output.resolve() == "Audit"
    second = prod.service("B", Router).connect_add("Output", "Audit")
    assert second.host_settings == {"Output": "Orders,Audit"}
    second.connect("Output", mode="remove")
    assert second.host_settings == {}
    third = prod.service("C", Router)
    prod.delete_component("Orders")
    prod.operation("Orders", class_name="X")
    assert third.host_settings == {}
    assert [edge.source for edge in prod.edges] == ["A.Output"]


def test_setting_on_a_port_is_a_route(demo) -> None:
    prod = Production("P")
    prod.operation(demo.OrderOperation)
    file = prod.service("File", demo.FileService, settings={"Output": "OrderOperation"})
    other = prod.service("Other", class_name="EnsLib.X", settings={"TargetConfigNames": "OrderOperation"})
    plain = prod.service("Plain", class_name="EnsLib.X", settings={"Mode": "OrderOperation"})
    assert [edge.source for edge in prod.edges] == ["File.Output", "Other.TargetConfigNames"]
    assert other.TargetConfigNames.resolve() == "OrderOperation"
    assert plain.port("Mode").resolve() == "OrderOperation"
    assert len(prod.edges) == 3
    file.host_setting("Output", "Elsewhere")
    assert [edge.source for edge in prod.edges] == ["Other.TargetConfigNames", "Plain.Mode"]
    prod.update_component(other, settings={"TargetConfigNames": None})
    assert [edge.source for edge in prod.edges] == ["Plain.Mode"]


def test_names_of_this_package_are_those_of_the_facade() -> None:
    import iop

    names = (
        *(
            "Production",
            "ComponentRef",
            "ServiceItem",
            "ProcessItem",
            "OperationItem",
            "ComponentItem",
            "Route",
            "target",
        ),
        *("TargetSetting", "TargetSettingRef", "Port", "ProductionChangePlan", "ProductionPlanOperation"),
        *("ProductionApplyResult", "ProductionVerifyResult", "ProductionDiff", "ProductionDiffEntry"),
        *("ProductionGraph", "GraphEdge", "GraphNode", "ProductionValidationError", "ProductionValidationIssue"),
        *("ProductionValidationReport", "ProductionValidationWarning", "PersistentMessageRegistration"),
    )
    assert [name for name in names if not hasattr(iop, name)] == []


def test_port_resolves_for_the_send_methods_of_components(prod) -> None:
    from iop_core.business_host import ResolvableTarget

    assert isinstance(prod.item("FileInput").Output, ResolvableTarget)
    assert not isinstance(prod.item("FileInput"), ResolvableTarget)
    assert issubclass(prod.item("OrderOperation").component_class, BusinessOperation)
