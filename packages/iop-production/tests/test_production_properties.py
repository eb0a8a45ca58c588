"""What holds for every production, however it was written."""

from __future__ import annotations

import json
import sys
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from iop_core import BusinessOperation, BusinessService, target
from iop_production import OperationItem, Production, Route, ServiceItem

NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp"), exclude_characters=",."), min_size=1)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5))


class Router(BusinessService):
    Output = target()
    Errors = target()


class Plan:
    """A production to be written in different ways: operations, and the targets of each service's ports."""

    def __init__(self, operations: list[str], routes: dict[str, dict[str, list[str]]]) -> None:
        self.operations = operations
        self.routes = routes


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    names = draw(st.lists(NAMES, min_size=2, max_size=8, unique=True))
    split = draw(st.integers(1, len(names) - 1))
    operations, services = names[:split], names[split:]
    targets = st.lists(st.sampled_from(operations), min_size=1, max_size=4, unique=True)
    ports = st.dictionaries(st.sampled_from(["Output", "Errors", "Manual"]), targets, max_size=3)
    return Plan(operations, {name: draw(ports) for name in services})


def write_instance(plan: Plan) -> Production:
    prod = Production("P")
    for name in plan.routes:
        prod.service(name, Router)
    for name in plan.operations:
        prod.operation(name, class_name="X")
    for name, ports in plan.routes.items():
        ref = prod.item(name)
        for port, (first, *others) in ports.items():
            prod.connect(ref.port(port), first)
            for other in others:
                prod.connect_add(f"{name}.{port}", other)
    return prod


def write_fluent(plan: Plan) -> Production:
    prod = Production("P")
    refs = {name: prod.service(name, Router) for name in plan.routes}
    targets = {name: prod.operation(name, class_name="X") for name in plan.operations}
    for name, ports in plan.routes.items():
        for port, names in ports.items():
            for target_name in names:
                refs[name].connect(port, targets[target_name], mode="add")
    return prod


def write_class(plan: Plan) -> Production:
    operations = {name: OperationItem(name, "X") for name in plan.operations}
    services = tuple(
        ServiceItem(
            name,
            Router,
            routes=tuple(Route(port, [operations[target] for target in names]) for port, names in ports.items()),
        )
        for name, ports in plan.routes.items()
    )
    attributes = {"name": "P", "services": services, "operations": tuple(operations.values())}
    return type("Declared", (Production,), attributes)()


def write_settings(plan: Plan) -> Production:
    prod = Production("P")
    for name, ports in plan.routes.items():
        ref = prod.service(name, Router, settings={port: ",".join(names) for port, names in ports.items()})
        for port in ports:
            ref.port(port)
    for name in plan.operations:
        prod.operation(name, class_name="X")
    return prod


@given(plans())
@settings(max_examples=60, deadline=None)
def test_all_ways_to_write_a_production_give_the_same(plan: Plan) -> None:
    productions = [write(plan) for write in (write_instance, write_fluent, write_class, write_settings)]
    first = productions[0]
    assert productions[1].graph() == productions[2].graph() == first.graph()
    for other in productions[1:]:
        assert other.to_dict() == first.to_dict()
        assert other.graph().nodes == first.graph().nodes
        assert set(other.edges) == set(first.edges)
        assert str(other.graph()) == str(first.graph())
        assert other.to_mermaid() == first.to_mermaid()
        assert other.definition() == first.definition()


@given(plans())
@settings(max_examples=60, deadline=None)
def test_settings_and_edges_say_the_same(plan: Plan) -> None:
    prod = write_instance(plan)
    written = {
        (item["@Name"], entry["@Name"], name)
        for item in prod.to_dict()["P"]["Item"]
        for entry in item.get("Setting", ())
        for name in entry["#text"].split(",")
    }
    assert {(edge.source_item, edge.source_port, edge.target) for edge in prod.edges} == written
    assert len(prod.edges) == len(written)
    for edge in prod.edges:
        prod.connect(edge.source, edge.target, mode="remove")
    assert prod.edges == ()
    assert all(ref.host_settings == {} for ref in prod.items)


@given(plans(), st.data())
@settings(max_examples=60, deadline=None)
def test_deleted_items_leave_no_trace(plan: Plan, data: st.DataObject) -> None:
    gone = data.draw(st.sampled_from(plan.operations))
    prod = write_instance(plan)
    prod.delete_component(gone)
    rest = {
        service: {port: [name for name in names if name != gone] for port, names in ports.items()}
        for service, ports in plan.routes.items()
    }
    kept = {service: {port: names for port, names in ports.items() if names} for service, ports in rest.items()}
    expected = write_instance(Plan([name for name in plan.operations if name != gone], kept))
    assert prod.to_dict() == expected.to_dict()
    assert set(prod.edges) == set(expected.edges)


@given(st.dictionaries(NAMES, VALUES, max_size=4), st.dictionaries(NAMES, VALUES, max_size=4))
@settings(max_examples=60, deadline=None)
def test_export_is_text_that_json_keeps(host: dict[str, object], adapter: dict[str, object]) -> None:
    prod = Production("P")
    prod.service("S", class_name="X", settings=host, adapter_settings=adapter)
    data = prod.to_dict()
    assert json.loads(json.dumps(data)) == data
    (item,) = data["P"]["Item"]
    entries = item.get("Setting", [])
    assert [entry["@Name"] for entry in entries] == [*host, *adapter]
    assert all(isinstance(value, str) for entry in entries for value in entry.values())


def count_calls(action) -> int:
    """Return how many Python functions an action calls."""
    calls: Counter[str] = Counter()

    def profile(frame, event, arg) -> None:
        if event == "call":
            calls[frame.f_code.co_name] += 1

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        action()
    finally:
        sys.setprofile(before)
    return sum(calls.values())


def test_work_per_item_does_not_grow_with_the_production() -> None:
    def build(size: int) -> Production:
        prod = Production("P")
        for number in range(size):
            operation = prod.operation(f"O{number}", BusinessOperation)
            prod.connect(prod.service(f"S{number}", Router).Output, operation)
        return prod

    build(1)  # what is remembered of the classes
    small, large = count_calls(lambda: build(50)), count_calls(lambda: build(500))
    assert large < small * 11


def test_work_per_target_does_not_grow_with_the_fan_out() -> None:
    def fan_out(size: int) -> None:
        prod = Production("P")
        router = prod.service(Router)
        for number in range(size):
            router.connect_add(Router.Output, prod.operation(f"O{number}", class_name="X"))

    fan_out(1)
    small, large = count_calls(lambda: fan_out(50)), count_calls(lambda: fan_out(500))
    assert large < small * 11


def test_work_of_views_grows_with_the_production_alone() -> None:
    def view(size: int) -> int:
        prod = Production("P")
        for number in range(size):
            operation = prod.operation(f"O{number}", class_name="X")
            prod.service(f"S{number}", Router).connect("Output", operation)
        return count_calls(
            lambda: (
                *(prod.graph().to_text(), prod.to_mermaid(), prod.to_dict(), prod.definition()),
                *(prod.inspect_components(refresh=False), prod.to_python(), prod.to_class(), prod.to_xml()),
            )
        )

    view(1)
    assert view(400) < view(40) * 12


def test_work_of_reading_and_comparing_grows_with_the_production_alone() -> None:
    def read(size: int) -> int:
        names = [f"O{number}" for number in range(size)]
        fan_out = {"@Name": "All", "Setting": [{"@Name": "Out", "#text": ",".join(names)}]}
        data = {
            "P": {"Item": [fan_out, *({"@Name": name, "Setting": {"@Name": "T", "#text": "All"}} for name in names)]}
        }

        def read_and_compare() -> None:
            prod = Production.from_dict(data, connections={"All": names})
            prod.graph()
            prod.graph_diff(prod)
            prod.diff(Production("P"))
            Production("P").diff(prod)

        return count_calls(read_and_compare)

    read(1)
    assert read(400) < read(40) * 12
