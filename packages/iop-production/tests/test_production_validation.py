"""Mistakes that are found without running a production."""

from __future__ import annotations

import json
import pickle
import warnings

import pytest

from iop_core import BusinessOperation, BusinessService, InboundAdapter, setting, target
from iop_production import (
    Production,
    ProductionValidationError,
    ProductionValidationReport,
    ProductionValidationWarning,
)


class PathAdapter(InboundAdapter):
    __module__ = "demo_app"
    FilePath: str = ""


class Reader(BusinessService):
    __module__ = "demo_app"
    Output = target()
    Limit: int = 5
    Folder = setting("", required=True)
    Hidden = setting(1, exclude=True)

    @staticmethod
    def get_adapter_type() -> type:
        return PathAdapter


class Writer(BusinessOperation):
    __module__ = "demo_app"
    Errors = setting("", iris_type="Ens.DataType.ConfigName")


def report_of(prod: Production) -> ProductionValidationReport:
    """Return the report, however many issues there are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ProductionValidationWarning)
        return prod.validate()


def issues(prod: Production) -> list[str]:
    return [str(issue) for issue in report_of(prod).issues]


def reader(**host: object) -> Production:
    prod = Production("P")
    prod.service("R", Reader, settings={"Folder": "/x", **host})
    return prod


def test_text_of_all_kinds_of_issues(demo) -> None:
    prod = Production("D.P")
    prod.unexpected = 1
    prod.service("F", demo.FileService, settings={"Zed": 1, "Output": "MissingOperation"})
    prod.operation("R", class_name="D.R", settings={"target_config_name": "F"})
    prod.process("Pr", demo.OrderProcess, adapter_settings={"x": 1})
    prod.service("In", demo.FileService, adapter_class=demo.FileInboundAdapter, adapter_settings={"Nope": 1})
    report = report_of(prod)
    assert str(report) == (
        "Production validation: D.P\n"
        "  production production.unexpected: Unknown public Production attribute. Only documented Production fields "
        "are serialized.\n"
        "  setting items.F.settings.Host.Zed: Unknown setting name.\n"
        "  setting items.R.settings.Host.target_config_name: Setting name is accepted as a known alias for validation, "
        "but IoP will emit the original name. Use 'TargetConfigName'.\n"
        "  setting items.Pr.settings.Adapter: Business process items do not support adapter settings.\n"
        "  setting items.In.settings.Adapter.Nope: Unknown setting name.\n"
        "  route items.F.settings.Host.Output: Target setting references missing production item 'MissingOperation'. "
        "Add a production item named 'MissingOperation', or update/remove this target setting."
    )
    assert report.to_dict()["issues"][1] == {
        "kind": "setting",
        "path": "items.F.settings.Host.Zed",
        "message": "Unknown setting name.",
    }


def test_no_issues(prod) -> None:
    report = prod.validate(strict=True)
    assert str(report) == "Production validation: Demo.Production\n  no issues"
    data = Production("ok").validate().to_dict()
    assert json.dumps(data) == '{"production": "ok", "has_issues": false, "issues": []}'


def test_each_issue_is_a_warning_on_the_line_of_the_caller() -> None:
    prod = reader(Zed=1, Output="Gone")
    with pytest.warns(ProductionValidationWarning) as caught:
        report = prod.validate()
    assert [str(warning.message) for warning in caught] == [str(issue) for issue in report.issues]
    assert len(caught) == 2
    assert {warning.filename for warning in caught} == {__file__}


def test_strict_validation_is_an_error_with_the_report() -> None:
    with pytest.raises(ProductionValidationError) as caught:
        reader(Zed=1).validate(strict=True)
    assert isinstance(caught.value, ValueError)
    assert str(caught.value) == str(caught.value.report)
    assert pickle.loads(pickle.dumps(caught.value)).report == caught.value.report


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ({"Limt": 5}, "setting items.R.settings.Host.Limt: Unknown setting name. Did you mean 'Limit'?"),
        ({"Limit": "many"}, "setting items.R.settings.Host.Limit: Wrong value: 'many' is not a whole number."),
        ({"Folder": ""}, "setting items.R.settings.Host.Folder: Required setting has no value."),
    ],
)
def test_wrong_settings(host, expected) -> None:
    assert issues(reader(**host)) == [expected]


def test_settings_that_are_right() -> None:
    assert issues(reader(Limit="7", Hidden=2, **{"%custom": 1})) == []


def test_settings_that_the_engine_obeys_need_no_declaration() -> None:
    said = {"RetryInterval": "0.5", "FailureTimeout": -1, "AlertOnError": "1", "OrderBy": len, "RetryOn": ""}
    prod = reader(**said)
    prod.item("R").adapter_settings_update({"CallInterval": 2})
    assert issues(prod) == []


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ({"RetryIntervall": 5}, "RetryIntervall: Unknown setting name. Did you mean 'RetryInterval'?"),
        ({"RetryInterval": "soon"}, "RetryInterval: Wrong value: 'soon' is not a number."),
        ({"QueueCountAlert": "1.5"}, "QueueCountAlert: Wrong value: '1.5' is not a whole number."),
    ],
)
def test_settings_that_the_engine_obeys_are_checked(host, expected) -> None:
    assert issues(reader(**host)) == [f"setting items.R.settings.Host.{expected}"]


def test_adapter_of_the_class_knows_its_settings() -> None:
    prod = reader()
    prod.item("R").adapter_settings_update({"FilePath": "/in", "FilPath": "/in"})
    assert issues(prod) == ["setting items.R.settings.Adapter.FilPath: Unknown setting name. Did you mean 'FilePath'?"]


def test_settings_of_unknown_classes_are_not_checked() -> None:
    prod = Production("P")
    prod.service("S", class_name="EnsLib.X", settings={"Any": "thing"}, adapter_settings={"Other": 1})
    assert issues(prod) == []


def test_class_that_cannot_describe_its_settings_is_an_issue() -> None:
    class Broken(BusinessService):
        Limit = setting("x", data_type=int)

    prod = Production("P")
    prod.service(Broken, settings={"Limit": 1})
    (issue,) = issues(prod)
    assert issue.startswith("setting items.Broken.settings.Host: Failed to build settings metadata")


@pytest.mark.parametrize(
    ("add", "path"),
    [
        (lambda prod: prod.service("A", Reader, settings={"Folder": "x", "Output": "Gone"}), "Output"),
        (lambda prod: prod.component("A", Writer, settings={"Errors": "Gone"}), "Errors"),
        (lambda prod: prod.component("A", "D.A", settings={"TargetConfigNames": "A,Gone"}), "TargetConfigNames"),
        (lambda prod: prod.component("A", "D.A", settings={"BadTargetConfigName": "Gone"}), "BadTargetConfigName"),
    ],
)
def test_routes_to_missing_items(add, path) -> None:
    prod = Production("P")
    add(prod)
    (issue,) = issues(prod)
    text = "Target setting references missing production item 'Gone'."
    assert issue.startswith(f"route items.A.settings.Host.{path}: {text}")


def test_missing_item_with_a_similar_name() -> None:
    prod = reader(Output="Ordes")
    prod.operation("Orders", class_name="X")
    assert issues(prod)[0].endswith("Did you mean 'Orders'?")


def test_targets_that_are_named_twice() -> None:
    prod = reader(Output="O, O,")
    prod.operation("O", class_name="X")
    assert issues(prod) == [
        "route items.R.settings.Host.Output: Target setting names an item twice, or has an empty entry. Use 'O'."
    ]


def test_values_of_fields() -> None:
    prod = Production("P", testing_enabled="maybe", actor_pool_size=-1, shutdown_timeout="soon", update_timeout=-1)
    prod.operation("O", class_name="X", pool_size=1.5, enabled=None)
    prod.item("O").class_name = ""
    assert issues(prod) == [
        "production production.testing_enabled: Value 'maybe' is not true or false.",
        "production production.actor_pool_size: Value -1 is not a whole number from 0 up.",
        "production production.shutdown_timeout: Value 'soon' is not a number from 0 up.",
        "production production.update_timeout: Value -1 is not a number from 0 up.",
        "item items.O.class_name: Item has no class.",
        "item items.O.enabled: Value None is not true or false.",
        "item items.O.pool_size: Value 1.5 is not a whole number from 0 up.",
    ]


def test_misspelt_attribute_of_the_production() -> None:
    prod = Production("P")
    prod.tesing_enabled = True
    assert issues(prod)[0].endswith("Did you mean 'testing_enabled'?")


def test_imported_production_is_checked_too(prod) -> None:
    read = Production.from_dict(prod.to_dict())
    assert issues(read) == []
    read.delete_component("OrderOperation")
    read.item("FileInput").host_setting("Output", "OrderOperation")
    assert len(issues(read)) == 1


def test_text_stays_on_its_line() -> None:
    prod = Production("P")
    prod.component("A", "D.A", settings={"TargetConfigName": "x\ny"})
    assert len(str(report_of(prod)).splitlines()) == 2
