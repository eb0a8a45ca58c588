"""The dictionary that IRIS reads, byte by byte."""

from __future__ import annotations

import json

import pytest

from iop_production import Production


def test_whole_production(demo) -> None:
    prod = (
        Production("Demo.P2")
        .testing()
        .tracing()
        .actor_pool(2)
        .describe("Order ingestion")
        .timeouts(shutdown=300, update=10)
        .alerting(
            manager="Alerts.Manager", operation="Alerts.Operation", recipients="ops@example.com", action_window=60
        )
    )
    (
        prod.service("FileInput", demo.FileService)
        .pool(2)
        .disable()
        .run_foreground()
        .trace()
        .schedule_on("s")
        .comment_as("c")
        .category_as("k")
        .host_setting("Limit", 10)
        .adapter_setting("Charset", "utf-8")
        .adapter_setting("aa", False)
        .other_setting("X", "Y", True)
    )
    expected = (
        '{"Demo.P2": {"@Name": "Demo.P2", "@TestingEnabled": "true", "@LogGeneralTraceEvents": "true", '
        '"Description": "Order ingestion", "ActorPoolSize": "2", '
        '"Setting": [{"@Name": "ShutdownTimeout", "#text": "300"}, '
        '{"@Name": "AlertNotificationManager", "#text": "Alerts.Manager"}, '
        '{"@Name": "AlertNotificationOperation", "#text": "Alerts.Operation"}, '
        '{"@Name": "AlertNotificationRecipients", "#text": "ops@example.com"}], '
        '"Item": [{"@Name": "FileInput", "@Category": "k", "@ClassName": "Python.demoapp.FileService", '
        '"@PoolSize": "2", "@Enabled": "false", "@Foreground": "true", "@Comment": "c", '
        '"@LogTraceEvents": "true", "@Schedule": "s", '
        '"Setting": [{"@Target": "Host", "@Name": "Limit", "#text": "10"}, '
        '{"@Target": "Adapter", "@Name": "Charset", "#text": "utf-8"}, '
        '{"@Target": "Adapter", "@Name": "aa", "#text": "false"}, '
        '{"@Target": "X", "@Name": "Y", "#text": "true"}]}]}}'
    )
    assert json.dumps(prod.to_dict()) == expected


def test_empty_production_has_neither_items_nor_settings() -> None:
    assert json.dumps(Production("P").to_dict()) == (
        '{"P": {"@Name": "P", "@TestingEnabled": "false", "@LogGeneralTraceEvents": "false", '
        '"Description": "", "ActorPoolSize": "2"}}'
    )


def test_every_production_setting_in_its_order() -> None:
    prod = Production("P", alert_action_window=1, alert_notification_recipients="r", update_timeout=2)
    prod.alerting(manager="m", operation="o").timeouts(shutdown=3)
    assert [(entry["@Name"], entry["#text"]) for entry in prod.to_dict()["P"]["Setting"]] == [
        ("ShutdownTimeout", "3"),
        ("UpdateTimeout", "2"),
        ("AlertNotificationManager", "m"),
        ("AlertNotificationOperation", "o"),
        ("AlertNotificationRecipients", "r"),
        ("AlertActionWindow", "1"),
    ]


def test_settings_that_differ_from_the_default_as_text_alone() -> None:
    assert "Setting" not in Production("P", shutdown_timeout="120").to_dict()["P"]


@pytest.mark.parametrize(
    ("value", "boolean", "text"),
    [
        (True, "true", "true"),
        (False, "false", "false"),
        *((word, "true", word) for word in ("1", "yes", "on", "TRUE", " Yes ")),
        *((word, "false", word) for word in ("0", "no", "off")),
        ("maybe", "maybe", "maybe"),
        ("", "", ""),
        (None, "none", ""),
        (1, "true", "1"),
        (0, "false", "0"),
        (1.5, "1.5", "1.5"),
    ],
)
def test_values_as_text(value, boolean, text) -> None:
    prod = Production("P")
    prod.service("S", class_name="X", enabled=value, comment=value, settings={"a": value})
    (item,) = prod.to_dict()["P"]["Item"]
    assert (item["@Enabled"], item["@Comment"]) == (boolean, text)
    assert item["Setting"] == [{"@Target": "Host", "@Name": "a", "#text": text}]


def test_none_in_an_update_removes_and_at_the_start_stays() -> None:
    prod = Production("P")
    ref = prod.service("S", class_name="X", settings={"a": None, "b": 1})
    ref.host_setting("b", None)
    assert prod.to_dict()["P"]["Item"][0]["Setting"] == [{"@Target": "Host", "@Name": "a", "#text": ""}]


def test_adapter_class_is_not_written(demo) -> None:
    prod = Production("P")
    prod.service("S", demo.FileService, adapter_class=demo.FileInboundAdapter)
    assert "Adapter" not in json.dumps(prod.to_dict())
