"""The form of exports that backends keep, and who uses a class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_core.backends import Backend
from iop_core.deployments import normal_export
from iop_core.errors import BackendError, DeploymentError

TEXT = st.text(max_size=5)
SETTINGS = st.lists(st.fixed_dictionaries({"@Target": TEXT, "@Name": TEXT, "#text": TEXT}), max_size=3)
ITEMS = st.lists(st.fixed_dictionaries({"@Name": TEXT}, optional={"Setting": SETTINGS}), max_size=3)


@given(ITEMS, SETTINGS)
def test_normal_export_stays_as_it_is(items: list[dict[str, Any]], settings: list[dict[str, str]]) -> None:
    export = {"Demo.P": {"@Name": "Demo.P", "Setting": settings, "Item": items}}
    assert normal_export("Demo.P", export) == export


@given(ITEMS.filter(lambda items: len(items) == 1))
def test_single_entry_is_a_list_of_one(items: list[dict[str, Any]]) -> None:
    alone = dict(items[0])
    if len(alone.get("Setting", [])) == 1:
        alone["Setting"] = alone["Setting"][0]
    assert normal_export("P", {"P": {"Item": alone}}) == normal_export("P", {"P": {"Item": items}})


def test_export_is_copied() -> None:
    given_export: dict[str, Any] = {"P": {"Item": [{"@Name": "A", "Setting": {"@Name": "S"}}]}}
    normal_export("P", given_export)["P"]["Item"][0]["Setting"][0]["@Name"] = "changed"
    assert given_export == {"P": {"Item": [{"@Name": "A", "Setting": {"@Name": "S"}}]}}


@pytest.mark.parametrize(
    ("name", "export", "text"),
    [
        (" ", {"P": {}}, "without a name"),
        ("P", {}, "has 0 productions"),
        ("P", {"P": {}, "Q": {}}, "has 2 productions"),
        ("P", {"P": []}, "is a list, not a dictionary"),
        ("P", {"Q": {}}, "is of 'Q', not of 'P'"),
        ("P", {"P": {"@Name": "Q"}}, "is of 'Q', not of 'P'"),
        ("P", {"P": {"Item": ["x"]}}, "Item of 'P', entry 1 is a str"),
        ("P", {"P": {"Item": {"Setting": 5}}}, "Setting of Item 1 of 'P', entry 1 is a int"),
    ],
)
def test_what_is_no_export_is_refused(name: str, export: Mapping[str, Any], text: str) -> None:
    with pytest.raises(DeploymentError, match=text):
        normal_export(name, export)


def test_key_of_an_unnamed_export() -> None:
    assert normal_export("P", {"Production": {"Item": ""}}) == {"P": {"@Name": "P", "Item": []}}


def test_backend_keeps_no_deployments_unless_it_says_so() -> None:
    class Nowhere(Backend):
        name: ClassVar[str] = "nowhere"
        open = history = run = None  # type: ignore[assignment]

    with pytest.raises(BackendError, match="'nowhere' keeps no deployments"):
        Nowhere().deployments()
