"""Connecting and disconnecting ports."""

from __future__ import annotations

import pytest

from iop_core import BusinessService, setting, target
from iop_core.errors import ProductionError
from iop_production import OperationItem, Production


class Rest(BusinessService):
    Output = target()
    Path = setting("/")


class OtherRest(BusinessService):
    other_target = target()


@pytest.fixture
def routed() -> Production:
    prod = Production("P")
    prod.service("In", Rest)
    for name in ("First", "Second", "Third"):
        prod.operation(name, class_name="X")
    return prod


def test_every_way_to_name_both_ends(routed) -> None:
    ref, first = routed.item("In"), routed.item("First")
    assert routed.connect(ref.Output, first) is None
    assert ref.connect("Output", "Second") is ref
    assert ref.Output.resolve() == "Second"
    assert ref.connect(Rest.Output, first).Output.resolve() == "First"
    assert ref.connect(ref.Output, "Third").Output.resolve() == "Third"
    assert ref.connect("Output", OperationItem("First", "X")).Output.resolve() == "First"
    routed.connect("In.Output", "Second")
    assert ref.Output.resolve() == "Second"


def test_add_appends_once_without_spaces(routed) -> None:
    ref = routed.item("In")
    assert ref.connect_add("Output", "First").connect_add(Rest.Output, "Second") is ref
    assert routed.connect_add("In.Output", "First") is None
    assert ref.host_settings == {"Output": "First,Second"}
    ref.host_setting("Output", " First , Second").connect_add("Output", "Third")
    assert ref.host_settings == {"Output": "First,Second,Third"}
    ref.host_setting("Output", "First").connect_add("Output", "Second")
    assert ref.host_settings["Output"] == "First,Second"


def test_name_that_is_part_of_another_is_added() -> None:
    prod = Production("P")
    ref = prod.service("In", Rest)
    for name in ("LongName", "Name", "Long"):
        ref.connect_add("Output", prod.operation(name, class_name="X"))
    assert ref.host_settings == {"Output": "LongName,Name,Long"}


def test_add_to_a_value_that_is_no_text(routed) -> None:
    routed.operation("5", class_name="X")
    ref = routed.item("In").host_setting("Output", 5).connect_add("Output", "First")
    assert ref.host_settings == {"Output": "5,First"}


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        *((mode, "Second") for mode in ("replace", "set", " Replace ")),
        *((mode, "First,Second") for mode in ("add", "append", "ADD")),
    ],
)
def test_words_for_the_modes(routed, mode, expected) -> None:
    ref = routed.item("In").connect("Output", "First")
    assert ref.connect("Output", "Second", mode=mode).host_settings == {"Output": expected}


@pytest.mark.parametrize("mode", ["remove", "delete", "disconnect", "Remove"])
def test_remove_one_or_all(routed, mode) -> None:
    ref = routed.item("In").connect("Output", "First").connect_add("Output", "Second")
    assert ref.connect("Output", "First", mode=mode).host_settings == {"Output": "Second"}
    assert ref.connect("Output", "Second", mode=mode).host_settings == {}
    ref.connect("Output", "First").connect_add("Output", "Second")
    assert ref.connect("Output", mode=mode).host_settings == {}
    assert routed.edges == ()


def test_remove_takes_a_name_that_is_no_item_any_more(routed) -> None:
    ref = routed.item("In").host_setting("Output", "First,Dead")
    assert ref.connect("Output", "Dead", mode="remove").host_settings == {"Output": "First"}


def test_disconnect_takes_a_port_or_its_path(routed) -> None:
    ref = routed.item("In").connect("Output", "First")
    routed.disconnect(ref.Output)
    assert ref.host_settings == {}
    ref.connect("Output", "First")
    routed.disconnect("In.Output")
    assert ref.host_settings == {}
    with pytest.raises(ValueError, match=r"Production target setting is not connected: In\.Output"):
        routed.disconnect("In.Output")


def test_python_spelling_of_the_route_settings_of_iris(routed) -> None:
    ref = routed.service("Iris", class_name="EnsLib.X").connect("target_config_names", "First")
    assert ref.host_settings == {"TargetConfigNames": "First"}
    assert ref.port("target_config_name").path == "Iris.TargetConfigName"
    assert ref.connect("other_name", "First").host_settings["other_name"] == "First"


@pytest.mark.parametrize(
    ("connect", "error", "text"),
    [
        (lambda prod, ref: prod.connect(5, "First"), TypeError, "source must be a port .* got 5"),
        (lambda prod, ref: prod.connect(Rest.Output, "First"), TypeError, "source must be bound to a production item"),
        (lambda prod, ref: prod.connect("Output", "First"), ValueError, "item does not exist: Output"),
        (lambda prod, ref: prod.connect("Frist.T", "First"), ValueError, r"Frist \(did you mean 'First'"),
        (
            lambda prod, ref: ref.connect(OtherRest.other_target, "First"),
            ValueError,
            r"'other_target' belongs to .*\.OtherRest, not .*\.Rest$",
        ),
        (lambda prod, ref: ref.connect(target(), "First"), ValueError, "must be declared on a component class"),
        (lambda prod, ref: ref.connect(Rest.Path, "First"), TypeError, "must be a port, its name or"),
        (lambda prod, ref: ref.connect(" ", "First"), ValueError, "name of a port is empty"),
        (
            lambda prod, ref: prod.item("First").connect(ref.Output, "First"),
            ValueError,
            "to a different component: In",
        ),
        (lambda prod, ref: prod.connect(ref.Output, "Frist"), ValueError, r"Frist \(target of In\.Output\) .*'First'"),
        (lambda prod, ref: prod.connect(ref.Output), ValueError, r"target_component is required .*port In\.Output"),
        (lambda prod, ref: prod.connect(ref.Output, 5), TypeError, "target component must be .* got 5"),
        (lambda prod, ref: prod.connect(ref.Output, ref.Output), TypeError, "target component must be"),
        (
            lambda prod, ref: prod.connect(ref.Output, "First", mode="zap"),
            ValueError,
            "Unsupported connection mode: 'zap'. Expected 'replace', 'add', or 'remove'.",
        ),
        (
            lambda prod, ref: prod.connect(ref.Output, "First", mode="remove"),
            ValueError,
            r"is not connected: In\.Output -> First",
        ),
        (lambda prod, ref: prod.connect(ref.Output, "First", message=1), TypeError, "unexpected keyword"),
    ],
)
def test_what_cannot_be_connected_changes_nothing(routed, connect, error, text) -> None:
    with pytest.raises(error, match=text):
        connect(routed, routed.item("In"))
    assert routed.item("In").host_settings == {}
    assert routed.edges == ()


def test_both_ends_must_be_of_this_production(routed) -> None:
    other = Production("Q")
    ref, item = other.service("In", Rest), other.operation("First", class_name="X")
    with pytest.raises(ProductionError, match="source target setting belongs to a different Production"):
        routed.connect(ref.Output, "First")
    with pytest.raises(ProductionError, match="target component belongs to a different Production"):
        routed.connect("In.Output", item)


def test_descriptor_of_a_base_class_belongs_to_the_derived(routed) -> None:
    class Derived(Rest):
        pass

    assert routed.service(Derived).connect(Rest.Output, "First").Output.resolve() == "First"


def test_edges_come_in_the_order_in_which_they_were_made(routed) -> None:
    routed.operation("Zero", Rest).connect("Output", "Third")
    routed.item("In").connect("Output", "Second").connect_add("Output", "First")
    assert [(edge.source, edge.target) for edge in routed.edges] == [
        ("Zero.Output", "Third"),
        ("In.Output", "Second"),
        ("In.Output", "First"),
    ]
    routed.connect("Zero.Output", "Third")
    assert [edge.source_item for edge in routed.edges] == ["In", "In", "Zero"]
