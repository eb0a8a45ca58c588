"""Productions that are declared as classes."""

from __future__ import annotations

import pytest

from iop_core import BusinessService, target
from iop_core.errors import ProductionError
from iop_production import ComponentItem, OperationItem, ProcessItem, Production, Route, ServiceItem


def declare(**attributes: object) -> type[Production]:
    """Return a production class with these attributes."""
    return type("Declared", (Production,), {"name": "D.P", **attributes})


def service(*routes: Route, name: str = "R", **options: object) -> type[Production]:
    """Return a production class with a service that has these routes, and the operations A and B."""
    operations = (OperationItem("A", "X"), OperationItem("B", "X"))
    return declare(services=(ServiceItem(name, "EnsLib.X", routes=routes, **options),), operations=operations)


def test_class_and_instance_give_the_same_production(demo, prod) -> None:
    order = OperationItem("OrderOperation", demo.OrderOperation)

    class DemoProduction(Production):
        name = "Demo.Production"
        services = (ServiceItem("FileInput", demo.FileService, routes=(Route(demo.FileService.Output, order),)),)
        operations = (order,)

    declared = DemoProduction()
    assert declared.to_dict() == prod.to_dict()
    assert declared.graph() == prod.graph()
    assert DemoProduction().to_dict() == prod.to_dict()
    assert DemoProduction("Other").name == "Other"


def test_sections_are_added_in_a_fixed_order() -> None:
    prod = declare(
        operations=(OperationItem("O", "X"),),
        processes=[ProcessItem("P", "X")],
        services=(entry for entry in [ServiceItem("S", "X")]),
        components=ComponentItem("C", "X"),
    )()
    assert [(ref.name, ref.kind) for ref in prod.items] == [
        *(("C", "component"), ("S", "service")),
        *(("P", "process"), ("O", "operation")),
    ]


def test_none_means_none_and_attributes_are_inherited() -> None:
    base = declare(operations=(OperationItem("O", "X"),), services=None)
    derived = type("Derived", (base,), {"processes": ProcessItem("P", "X")})
    assert derived().item_names == ("P", "O")


def test_items_are_added_through_methods_that_can_be_overridden() -> None:
    class Pooled(Production):
        name = "D.P"
        operations = (OperationItem("O", "X", pool_size=2),)

        def operation(self, name, component_class=None, **options):
            return super().operation(f"{name}1", component_class, **options).comment_as(str(options))

    assert [(ref.name, ref.comment) for ref in Pooled().items] == [("O1", "{'pool_size': 2}")]


def test_every_option_reaches_the_item(demo) -> None:
    options = {
        "class_name": "My.Proxy",
        "adapter_class": demo.FileInboundAdapter,
        "adapter_class_name": "My.Adapter",
        "enabled": False,
        "pool_size": 3,
        "category": "c",
        "foreground": True,
        "comment": "n",
        "log_trace_events": True,
        "schedule": "s",
        "settings": {"a": 1},
        "host_settings": {"b": 2},
        "adapter_settings": {"d": 3},
        "other_settings": [{"@Target": "X", "@Name": "Y", "#text": "v"}],
    }
    declared = declare(services=ServiceItem("S", demo.FileService, **options))()
    built = Production("D.P")
    built.service("S", demo.FileService, **options)
    assert declared.to_dict() == built.to_dict()
    assert declared.graph() == built.graph()
    ref = declared.item("S")
    assert (ref.adapter_class, ref.adapter_class_name) == (demo.FileInboundAdapter, "My.Adapter")
    assert (ref.host_settings, ref.adapter_settings) == ({"a": 1, "b": 2}, {"d": 3})


@pytest.mark.parametrize(
    ("targets", "value"),
    [
        ("A", "A"),
        (OperationItem("A", "X"), "A"),
        (("A", "B"), "A,B"),
        (["B", OperationItem("A", "X"), "B"], "B,A"),
        ((name for name in ("A", "B")), "A,B"),
    ],
)
def test_route_takes_names_and_declarations(targets, value) -> None:
    production = service(Route("T", targets))
    for prod in (production(), production()):
        assert prod.item("R").host_settings == {"T": value}


@pytest.mark.parametrize(
    ("port", "name"),
    [
        ("target_config_names", "TargetConfigNames"),
        ("target_config_name", "TargetConfigName"),
        ("TargetConfigNames", "TargetConfigNames"),
        ("out_put", "out_put"),
    ],
)
def test_route_normalises_two_names_alone(port, name) -> None:
    assert service(Route(port, "A"))().item("R").host_settings == {name: "A"}


def test_port_of_a_route_by_keyword() -> None:
    assert Route(port="T", targets="A") == Route("T", "A") == Route(target_setting="T", targets="A")
    assert Route("T", "A").target_setting == "T"
    with pytest.raises(TypeError, match="Route needs one port"):
        Route(targets="A")


def test_route_wins_over_a_default_target() -> None:
    class Router(BusinessService):
        Output = target("A")

    items = (OperationItem("A", "X"), OperationItem("B", "X"))
    prod = declare(services=ServiceItem("R", Router, routes=Route(Router.Output, "B")), operations=items)()
    assert prod.item("R").host_settings == {"Output": "B"}


def test_declarations_are_frozen_and_hashable() -> None:
    item = OperationItem("A", "X", settings={"a": 1})
    with pytest.raises(AttributeError):
        item.name = "B"
    assert {item, OperationItem("A", "X", settings={"a": 1})} == {item}
    assert item != ProcessItem("A", "X", settings={"a": 1})
    with pytest.raises(AttributeError):
        Route("T", "A").port = "U"


class Router(BusinessService):
    Output = target()


class Unrelated(BusinessService):
    OtherOutput = target()


@pytest.mark.parametrize(
    ("production", "error", "text"),
    [
        (service(Route("T", ())), ValueError, "Route 'T' requires at least one target"),
        (service(Route("T")), ValueError, "Route 'T' requires at least one target"),
        (service(Route("T", "")), TypeError, "Route 'T' targets must be item names or production item declarations"),
        (
            service(Route("T", 3)),
            TypeError,
            "Route 'T' targets must be an item name, a production item declaration, or",
        ),
        (service(Route("T", ["A", 3])), TypeError, "Route 'T' targets must be item names or"),
        (
            service(Route("T", Production("Q").operation("A", class_name="X"))),
            TypeError,
            "Route 'T' targets must be an item name, a production item declaration, or an iterable of either",
        ),
        (
            service(Route("target_config_names", "A"), settings={"TargetConfigNames": "A"}),
            ValueError,
            r"Service item 'R' declares route target setting\(s\) in Host settings: 'TargetConfigNames'. "
            "Declare route target settings with Route only.",
        ),
        (
            service(Route("TargetConfigNames", "A"), host_settings={"target_config_names": "A"}),
            ValueError,
            "in Host settings: 'target_config_names'",
        ),
        (service(Route("T", "A"), Route("T", "B")), ValueError, "'R' declares two routes for port 'T'"),
        (service("T"), TypeError, "Service item 'R' routes must be Route instances"),
        (declare(operations=OperationItem("A", "X", routes=5)), TypeError, "'A' routes must be Route instances"),
        (service(Route("T", "Missing")), ValueError, r"item does not exist: Missing \(target of R\.T\)"),
        (
            declare(services=ServiceItem("R", Router, routes=Route(Unrelated.OtherOutput, "A"))),
            ValueError,
            r"Route target setting 'OtherOutput' belongs to .*, not .*\.Router",
        ),
        (service(Route(target(), "A")), ValueError, "Route target setting must be declared on a component class"),
        (declare(services=(OperationItem("A", "X"),)), TypeError, "services must contain ServiceItem declarations"),
        (declare(services=("A",)), TypeError, "services must contain production item declarations"),
        (declare(operations=5), TypeError, "operations must be an iterable of item declarations"),
        (declare(operations="AB"), TypeError, "operations must be an iterable of item declarations"),
        (
            declare(operations=OperationItem("A")),
            ValueError,
            "Operation item 'A' requires a component class or class_name",
        ),
        (
            declare(operations=OperationItem("A", "X", "Y")),
            ValueError,
            "Operation item 'A' declares conflicting component and class_name values",
        ),
        (
            declare(operations=OperationItem("A", "X", settings={"M": 1, "L": 1}, host_settings={"L": 1, "M": 1})),
            ValueError,
            "Operation item 'A' declares duplicate Host setting keys: 'L', 'M'",
        ),
    ],
)
def test_wrong_declarations_are_reported_when_a_production_is_made(production, error, text) -> None:
    with pytest.raises(error, match=text) as caught:
        production()
    assert isinstance(caught.value, ProductionError)


def test_declared_workers_reach_the_item() -> None:
    class Declared(Production):
        operations = OperationItem("Heavy", "Demo.Heavy", workers="processes")

    assert Declared("Demo.P").get_component("Heavy").host_settings == {"Workers": "processes"}
