"""Names and fields of a production, and its fluent methods."""

from __future__ import annotations

import inspect

import pytest

from iop_core.errors import ProductionError
from iop_production import Production


class Configured(Production):
    testing_enabled = True
    actor_pool_size = 4
    description = "from the class"
    namespace = "DEMO"


def test_defaults_are_those_of_iris() -> None:
    prod = Production("Demo.Production")
    assert prod.name == "Demo.Production"
    assert (prod.testing_enabled, prod.log_general_trace_events, prod.actor_pool_size) == (False, False, 2)
    assert (prod.description, prod.shutdown_timeout, prod.update_timeout) == ("", 120, 10)
    assert (prod.alert_notification_manager, prod.alert_notification_operation) == ("", "")
    assert (prod.alert_notification_recipients, prod.alert_action_window) == ("", 60)
    assert (prod.purge_at, prod.purge_days_to_keep, prod.purge_keep_errors_days) == ("", 7, 0)
    assert prod.namespace is None
    assert prod.director is None


def test_argument_goes_before_class_attribute_before_default() -> None:
    prod = Configured(actor_pool_size=7, testing_enabled=False)
    assert (prod.actor_pool_size, prod.testing_enabled) == (7, False)
    assert (prod.description, prod.namespace, prod.update_timeout) == ("from the class", "DEMO", 10)


def test_subclass_without_a_name_is_called_after_itself() -> None:
    assert Configured().name == f"{__name__}.Configured"
    assert Configured("Given").name == "Given"


@pytest.mark.parametrize(
    "make", [Production, lambda: Production(None), lambda: Production(""), lambda: Production(" ")]
)
def test_production_needs_a_name(make) -> None:
    with pytest.raises(ProductionError, match="needs a name"):
        make()


def test_none_as_description_is_empty_text() -> None:
    class Silent(Production):
        description = None

    assert Production("P", description=None).to_dict()["P"]["Description"] == ""
    assert Silent("P").description == ""


def test_signature_is_made_of_fields_alone() -> None:
    parameters = list(inspect.signature(Production).parameters)
    assert parameters == [
        *("name", "testing_enabled", "log_general_trace_events", "actor_pool_size", "description"),
        *("shutdown_timeout", "update_timeout", "alert_notification_manager", "alert_notification_operation"),
        *("alert_notification_recipients", "alert_action_window"),
        *("purge_at", "purge_days_to_keep", "purge_keep_errors_days", "namespace", "director"),
        *("serializer", "allowed_serializers", "schedules"),
    ]
    with pytest.raises(TypeError, match="unexpected keyword argument 'hydrate'"):
        Production("P", hydrate=False)


def test_fluent_methods_change_and_return_the_production() -> None:
    director = object()
    prod = Production("P")
    same = (
        prod.testing()
        .tracing()
        .actor_pool(3)
        .describe("Order ingestion")
        .timeouts(shutdown=300)
        .alerting(manager="M", operation="O", recipients="a@b", action_window=5)
        .in_namespace("DEMO")
        .with_director(director)
    )
    assert same is prod
    assert (prod.testing_enabled, prod.log_general_trace_events, prod.actor_pool_size) == (True, True, 3)
    assert (prod.description, prod.shutdown_timeout, prod.update_timeout) == ("Order ingestion", 300, 10)
    assert (prod.alert_notification_manager, prod.alert_notification_operation) == ("M", "O")
    assert (prod.alert_notification_recipients, prod.alert_action_window) == ("a@b", 5)
    assert (prod.namespace, prod.director) == ("DEMO", director)
    assert prod.testing(False).testing_enabled is False


def test_serializers_are_named_by_argument_class_or_fluent_method() -> None:
    class Packed(Production):
        serializer = "msgpack"
        allowed_serializers = ["pickle"]

    assert (Production("P").serializer, Production("P").allowed_serializers) == ("json", ())
    assert (Packed("P").serializer, Packed("P").allowed_serializers) == ("msgpack", ["pickle"])
    given = Packed("P", serializer="json", allowed_serializers=())
    assert (given.serializer, given.allowed_serializers) == ("json", ())
    prod = Packed("P")
    assert prod.serialize_with("text").allow_serializers("a", "b") is prod
    assert (prod.serializer, prod.allowed_serializers) == ("text", ("pickle", "a", "b"))
    assert Packed.allowed_serializers == ["pickle"]


def test_serializers_are_not_told_to_iris() -> None:
    plain, packed = Production("P"), Production("P", serializer="msgpack", allowed_serializers=("pickle",))
    assert packed.to_dict() == plain.to_dict()


def test_none_leaves_a_field_and_empty_text_clears_it() -> None:
    prod = Production("P").alerting(manager="M", operation="O").alerting(manager="", operation=None)
    assert (prod.alert_notification_manager, prod.alert_notification_operation) == ("", "O")
