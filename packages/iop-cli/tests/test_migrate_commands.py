"""``iop migrate`` and ``iop bindings``, with the local backend."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from iop_cli.main import iop

TEXT = """
from iop_core import BusinessOperation
from iop_production import Production
print("noise")
class Out(BusinessOperation):
    Limit: int = 5
class Spare(BusinessOperation): pass
prod = Production("Demo.P")
prod.operation("Out", Out, class_name="Demo.Out", settings={SETTINGS})
CLASSES = {"Demo.Spare": Spare}
PRODUCTIONS = [prod]
"""

Invoke = Callable[..., Result]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("iop_engine", reason="needs a backend that keeps deployments")
    for name in ("IOP_URL", "IOP_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return write(tmp_path, "{}")


def write(folder: Path, settings: str) -> Path:
    file = folder / "shop_settings.py"
    file.write_text(TEXT.replace("{SETTINGS}", settings))
    return file


def call(*args: object) -> Result:
    return CliRunner().invoke(iop, [str(arg) for arg in args], prog_name="iop")


def test_migrate_shows_plan_changes_and_success(file: Path) -> None:
    result = call("migrate", file, "--reason", "release")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == (
        f"Migration plan: {file}\nMode: LOCAL\nNamespace: USER\n\n"
        "CLASSES:\n  Demo.Spare -> shop_settings.Spare (component)\n  Demo.Out -> shop_settings.Out (component)\n\n"
        "SCHEMAS:\n  none\n\nPRODUCTIONS:\n  Demo.P\n\nVALIDATION:\n  none\n\n"
        "CHANGES:\n  register Demo.Spare\n  register Demo.Out\n  deploy Demo.P\n\n"
        f"Migration succeeded in namespace USER: {file}\n"
    )
    assert result.stderr == "noise\n"
    again = call("migrate", file)
    assert "CHANGES:\n  none\n" in again.stdout


def test_dry_run_makes_nothing(file: Path, tmp_path: Path) -> None:
    result = call("migrate", "shop_settings.py", "--dry-run")
    assert result.exit_code == 0
    assert "  deploy Demo.P\n" in result.stdout
    assert result.stdout.endswith(f"Dry run in namespace USER: nothing was written for {file}\n")
    assert not (tmp_path / ".iop").exists()


def test_json(file: Path, tmp_path: Path) -> None:
    found = json.loads(call("migrate", file, "--json", "--namespace", "LAB", "--data-dir", tmp_path / "data").stdout)
    assert found["changes"] == ["register Demo.Spare", "register Demo.Out", "deploy Demo.P"]
    assert found["namespace"] == "LAB"
    assert found["classes"] == {"Demo.Spare": "shop_settings.Spare", "Demo.Out": "shop_settings.Out"}
    assert (tmp_path / "data" / "deployments.db").exists()


def test_what_is_wrong_is_one_line_and_exit_code_2(file: Path, tmp_path: Path) -> None:
    write(tmp_path, "{'Bogus': 1}")
    result = call("migrate", file, "--strict")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Unknown setting name" in result.stderr
    assert not (tmp_path / ".iop").exists()
    assert call("migrate", file).exit_code == 0
    file.write_text("CLASSES = []\n")
    result = call("migrate", file)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"Error: {file}: CLASSES is a list; write a dict: CLASSES = {{'Demo.Order': Order}}\n"
    assert call("migrate", "no_such.py").exit_code == 2


def test_bindings_are_listed_and_removed(file: Path) -> None:
    call("migrate", file)
    rows = json.loads(call("bindings", "list", "--json").stdout)
    assert [(row["class"], row["used"]) for row in rows] == [("Demo.Out", True), ("Demo.Spare", False)]
    lines = call("bindings", "list").stdout.splitlines()
    assert lines[1].split() == ["Demo.Out", "shop_settings.Out", str(file.parent), "Demo.P/Out"]
    assert "Demo.Out" not in call("bindings", "list", "--unused").stdout
    refused = call("bindings", "remove", "Demo.Out")
    assert (refused.exit_code, refused.stderr) == (
        2,
        "Error: 'Demo.Out' is in use by Demo.P/Out; remove these items, or give them another class, first\n",
    )
    removed = call("bindings", "remove", "Demo.Spare", "--yes")
    assert (removed.exit_code, removed.stdout) == (0, "Removed binding Demo.Spare.\n")
    assert call("bindings", "remove", "Demo.Spare").exit_code == 2
