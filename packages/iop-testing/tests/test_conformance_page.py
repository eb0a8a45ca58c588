"""The page that lists conformance tests names those that exist, and leaves none out."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import iop_testing.conformance
from iop_testing.conformance.trial import BackendSuite

PAGE = Path(__file__).parents[3] / "docs/explanation/conformance.md"
MODULES = [found.name for found in pkgutil.iter_modules(iop_testing.conformance.__path__)]
SUITES = {
    name: value
    for module in MODULES
    for name, value in vars(importlib.import_module(f"iop_testing.conformance.{module}")).items()
    if isinstance(value, type) and issubclass(value, BackendSuite) and value is not BackendSuite
}
ROWS = [
    line.strip("|").split("|")
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| Row"))
]


def named_tests(cell: str) -> list[str]:
    return re.findall(r"`(\w+Suite\.test_\w+)`", cell)


def test_page_was_read() -> None:
    assert len(ROWS) >= 130, "rows are missing"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip())
def test_row_has_a_test_or_a_reason(row: list[str]) -> None:
    tests = named_tests(row[1])
    assert tests or re.match(r" none: \w.{30,}", row[1]), f"{row[0].strip()}: neither a test nor why there is none"
    for name in tests:
        suite, _, test = name.partition(".")
        assert hasattr(SUITES[suite], test), f"{name} does not exist"


LISTED = {name for row in ROWS for name in named_tests(row[1])}


def test_all_suites_are_on_the_page() -> None:
    assert {name.partition(".")[0] for name in LISTED} == set(SUITES)


@pytest.mark.parametrize("suite", sorted({name.partition(".")[0] for name in LISTED}))
def test_every_test_is_listed(suite: str) -> None:
    tests = {f"{suite}.{name}" for name in dir(SUITES[suite]) if name.startswith("test_")}
    assert tests - LISTED == set()
