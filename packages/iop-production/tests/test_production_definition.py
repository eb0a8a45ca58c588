"""The plain data that engines get."""

from __future__ import annotations

import pytest

from iop_core import BusinessOperation, BusinessService, target
from iop_core.errors import ProductionError, ProductionTypeError
from iop_core.headers import BusinessType
from iop_production import Production


def test_fields_and_items(prod, demo) -> None:
    prod.testing().tracing().actor_pool(3).timeouts(shutdown=7)
    prod.item("FileInput").pool(2).schedule_on("s").trace().host_setting("Limit", 10).adapter_setting("Charset", "x")
    prod.operation("X", class_name="EnsLib.X", enabled=False, foreground=True)
    prod.connect_add("FileInput.Output", "X")
    definition = prod.definition()
    assert (definition.name, definition.actor_pool_size, definition.shutdown_timeout_seconds) == (
        "Demo.Production",
        3,
        7,
    )
    assert (definition.testing_enabled, definition.log_trace_events) == (True, True)
    assert [item.name for item in definition.items] == ["FileInput", "OrderOperation", "X"]
    file, _, iris = definition.items
    assert (file.kind, file.business_type) == ("service", BusinessType.SERVICE)
    assert (file.component_class, file.class_name) == (demo.FileService, "Python.demoapp.FileService")
    assert (file.pool_size, file.enabled, file.log_trace_events, file.schedule) == (2, True, True, "s")
    assert file.host_settings == {"Output": "OrderOperation,X", "Limit": 10}
    assert file.adapter_settings == {"Charset": "x"}
    assert file.targets == {"Output": ("OrderOperation", "X")}
    assert (iris.component_class, iris.class_name, iris.enabled, iris.foreground) == (None, "EnsLib.X", False, True)


def test_definition_does_not_change_with_the_production(prod) -> None:
    definition = prod.definition()
    prod.item("FileInput").host_setting("Limit", 1)
    prod.disconnect("FileInput.Output")
    assert definition.items[0].host_settings == {"Output": "OrderOperation"}


def test_adapter_of_an_item(demo) -> None:
    class WithClass(BusinessService):
        @staticmethod
        def get_adapter_type():
            return demo.FileInboundAdapter

    prod = Production("P")
    prod.service("Named", demo.FileService)
    prod.service("Class", WithClass)
    prod.service("Given", demo.FileService, adapter_class=demo.FileInboundAdapter)
    prod.service("Renamed", WithClass, adapter_class="EnsLib.Other")
    prod.operation("None", demo.OrderOperation)
    adapter, python_name = demo.FileInboundAdapter, "Python.demoapp.FileInboundAdapter"
    assert {item.name: (item.adapter_class, item.adapter_class_name) for item in prod.definition().items} == {
        "Named": (None, "Ens.InboundAdapter"),
        "Class": (adapter, python_name),
        "Given": (adapter, python_name),
        "Renamed": (None, "EnsLib.Other"),
        "None": (None, ""),
    }


def test_default_target_that_was_removed_is_cleared_for_the_component() -> None:
    class Router(BusinessService):
        Output = target("Orders")
        Plain = target()

    prod = Production("P")
    prod.operation("Orders", BusinessOperation)
    ref = prod.service(Router)
    assert prod.definition().items[1].host_settings == {"Output": "Orders"}
    prod.disconnect(ref.Output)
    assert prod.definition().items[1].host_settings == {"Output": ""}
    assert prod.definition().items[1].targets == {}


def test_spaces_in_a_written_route_do_not_reach_the_engine(prod) -> None:
    prod.item("FileInput").host_setting("Output", " OrderOperation , Missing")
    (file, _) = prod.definition().items
    assert file.host_settings == {"Output": "OrderOperation,Missing"}
    assert file.targets == {"Output": ("OrderOperation", "Missing")}


def test_serializers_are_handed_on(prod) -> None:
    assert (prod.definition().serializer, prod.definition().allowed_serializers) == ("json", ())
    prod.serialize_with("msgpack").allow_serializers("pickle", "yaml", "pickle")
    assert (prod.definition().serializer, prod.definition().allowed_serializers) == ("msgpack", ("pickle", "yaml"))


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("serializer", b"json", "serializer of production must be the name of a serializer, got b'json'"),
        ("serializer", "", "serializer of production must be the name of a serializer, got ''"),
        ("allowed_serializers", "pickle", r"must be names such as \('pickle',\), got 'pickle'"),
        ("allowed_serializers", (5,), "allowed_serializers of production must be the name of a serializer, got 5"),
    ],
)
def test_serializer_without_a_name_is_refused(prod, field, value, text) -> None:
    setattr(prod, field, value)
    with pytest.raises(ProductionTypeError, match=text):
        prod.definition()


def test_text_fields_are_read(prod) -> None:
    prod.update_component("FileInput", pool_size="3", enabled="false", foreground=" YES ")
    file = prod.definition().items[0]
    assert (file.pool_size, file.enabled, file.foreground) == (3, False, True)


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("enabled", "maybe", "enabled of item 'FileInput' must be true or false, got 'maybe'"),
        ("pool_size", "two", "pool_size of item 'FileInput' must be a number, got 'two'"),
        ("pool_size", "nan", "pool_size of item 'FileInput' must be a number, got 'nan'"),
        ("pool_size", 1.5, "pool_size of item 'FileInput' must be a whole number, got 1.5"),
    ],
)
def test_field_that_cannot_be_read_is_named(prod, field, value, text) -> None:
    prod.update_component("FileInput", **{field: value})
    with pytest.raises(ProductionError, match=text):
        prod.definition()


def test_size_of_a_pool_is_not_below_zero(demo) -> None:
    prod = Production("Demo.P")
    prod.service("File", demo.FileService).pool(-1)
    with pytest.raises(ProductionError, match=r"pool_size of item 'File' must be a number of jobs, 0 or more, got -1"):
        prod.definition()
    with pytest.raises(ProductionError, match="actor_pool_size of production must be a number of jobs"):
        Production("Demo.P").actor_pool(-2).definition()
