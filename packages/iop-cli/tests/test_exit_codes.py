"""The table of exit codes is complete, documented and used."""

from __future__ import annotations

from pathlib import Path

import pytest

from iop_cli.exit_codes import MEANINGS, ExitCode
from iop_cli.failures import exit_code_of
from iop_core.errors import (
    BackendUnavailableError,
    ComponentStartError,
    IopError,
    MissingPackageError,
    PluginError,
    ProductionError,
    SettingsFileError,
    StoreError,
    StoreLockedError,
    UnknownItemError,
    UnknownPluginError,
)

README = Path(__file__).parents[1] / "README.md"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ComponentStartError("Out", "no"), 1),
        (StoreError("full"), 1),
        (StoreLockedError("locked"), 1),
        (PluginError("broken"), 1),
        (IopError("any"), 1),
        (KeyError("x"), 1),
        (SettingsFileError("bad"), 2),
        (ProductionError("bad"), 2),
        (UnknownItemError("X", ["Y"]), 2),
        (UnknownPluginError("backend", "iris", []), 2),
        (MissingPackageError("x", "iop-x"), 2),
        (BackendUnavailableError("no data"), 4),
    ],
)
def test_code_of_an_error(error: Exception, code: int) -> None:
    assert exit_code_of(error) == code


def test_every_code_has_a_meaning() -> None:
    assert list(MEANINGS) == list(ExitCode)
    assert {code.value for code in ExitCode} == {0, 1, 2, 3, 4, 5, 130}


def test_readme_has_the_same_table() -> None:
    rows = [f"| {code.value} | {meaning} |" for code, meaning in MEANINGS.items()]
    assert [line for line in README.read_text(encoding="utf-8").splitlines() if line[:3].strip("| ").isdigit()] == rows
