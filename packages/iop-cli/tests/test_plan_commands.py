"""``iop plan``, with the local backend."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from iop_cli.main import iop

TEXT = """
from iop_core import BusinessOperation, BusinessService, target
from iop_production import Production
print("noise")
class In(BusinessService):
    Output = target()
class Out(BusinessOperation):
    Password: str = ""
prod = Production("Demo.Plan")
prod.connect(prod.service("In", In).Output, prod.operation("Out", Out, settings={"Password": "hunter2"}))
"""
CHANGED = (
    TEXT.replace("hunter2", "other")
    + 'prod.delete_component("Out")\nprod.item("In").connect("Output", prod.operation("New", Out)).pool(2)\n'
)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("iop_engine", reason="needs a backend that keeps deployments")
    for name in ("IOP_URL", "IOP_NAMESPACE", "IOP_SETTINGS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "plan_settings.py"
    file.write_text(TEXT)
    return file


@pytest.fixture
def deployed(file: Path) -> Path:
    """The file, deployed by a plan and changed since."""
    assert call("plan", "build", file, "--out", "first.json").exit_code == 0
    assert call("plan", "apply", "first.json", "--settings", file).exit_code == 0
    file.write_text(CHANGED)
    return file


def call(*args: object, input: str | None = None) -> Result:
    return CliRunner().invoke(iop, [str(arg) for arg in args], prog_name="iop", input=input)


def exported() -> dict:
    from iop_director import Director

    return Director("local:").export_production("Demo.Plan")


def test_build_and_review_show_the_same(file: Path) -> None:
    written = call("plan", "build", file, "--out", "plans/p.json")
    assert (written.exit_code, written.stdout) == (0, "Production change plan written to plans/p.json\n")
    assert written.stderr == "noise\n"
    shown = call("plan", "review", "plans/p.json").stdout
    assert shown.splitlines()[0] == "Production change plan: Demo.Plan"
    assert shown.splitlines()[2:6] == [
        "  namespace: USER",
        "  operations:",
        "    0001-add_item add_item items.In [safe]",
        "    0002-add_item add_item items.Out [safe]",
    ]
    assert call("plan", "build", file).stdout == shown
    data = json.loads(call("plan", "review", "plans/p.json", "--json").stdout)
    assert data["operations"][1]["after"]["host_settings"] == {"Password": "***"}
    assert "hunter2" not in call("plan", "build", file, "--json").stdout
    assert "hunter2" in Path("plans/p.json").read_text()


def test_safe_part_is_applied_and_the_rest_verified_as_open(deployed: Path) -> None:
    assert call("plan", "build", deployed, "--out", "p.json").exit_code == 0
    before = call("plan", "verify", "p.json")
    assert (before.exit_code, before.stdout.splitlines()[2]) == (3, "  success: false")
    tried = call("plan", "apply", "p.json", "--settings", deployed, "--dry-run")
    assert (tried.exit_code, tried.stdout.splitlines()[-1]) == (0, "Dry run: nothing was changed.")
    assert call("plan", "verify", "p.json").exit_code == 3
    done = call("plan", "apply", "p.json", "--settings", deployed, "--json", "--actor", "maria", "--reason", "t7")
    assert done.exit_code == 0
    result = json.loads(done.stdout)
    assert (result["applied"], result["skipped"], result["dry_run"]) == (3, 1, False)
    metadata = json.loads((Path(result["backup_path"]) / "metadata.json").read_text())
    assert (metadata["actor"], metadata["reason"]) == ("maria", "t7")
    assert call("plan", "verify", "p.json").exit_code == 0
    assert call("plan", "verify", "p.json", "--allow-destructive").exit_code == 3
    assert json.loads(call("plan", "verify", "p.json", "--json").stdout)["success"] is True


def test_everything_is_applied_and_rolled_back(deployed: Path) -> None:
    before = exported()
    call("plan", "build", deployed, "--out", "p.json")
    done = call("plan", "apply", "p.json", "--settings", deployed, "--allow-destructive", "--backup-dir", "kept")
    assert done.exit_code == 0, done.stderr
    assert call("plan", "verify", "p.json", "--allow-destructive").exit_code == 0
    (backup,) = Path("kept").iterdir()
    refused = call("plan", "rollback", backup)
    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)
    assert "requires allow_destructive" in refused.stderr
    restored = call("plan", "rollback", backup, "--allow-destructive", "--json")
    assert restored.exit_code == 0
    assert json.loads(restored.stdout)["converged_operations"] == ["rollback"]
    assert exported() == before


def test_destructive_deeds_are_confirmed_on_a_terminal(deployed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call("plan", "build", deployed, "--out", "p.json")
    before = exported()
    apply = ("plan", "apply", "p.json", "--settings", deployed, "--allow-destructive", "--backup-dir", "kept")
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda self: True, raising=False)
    refused = call(*apply, input="n\n")
    assert "Apply 1 destructive operation(s) to Demo.Plan? [y/N]" in refused.stderr
    assert (refused.exit_code, exported()) == (130, before)
    assert call(*apply, input="y\n").exit_code == 0
    (backup,) = Path("kept").iterdir()
    assert call("plan", "rollback", backup, "--allow-destructive", input="n\n").exit_code == 130
    assert exported() != before
    assert call("plan", "rollback", backup, "--allow-destructive", "--yes").exit_code == 0
    assert exported() == before


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("review", "missing.json"), 2, "'missing.json' cannot be read as a plan"),
        (("review", "junk.json"), 2, "'junk.json' is not a plan that can be used: a plan must be a dictionary"),
        (("apply", "first.json"), 2, "Missing option '--settings'"),
        (("apply", "first.json", "--settings", "plan_settings.py"), 2, "Plan targets another state of 'Demo.Plan'"),
        (("apply", "first.json", "--settings", "nothing.py"), 2, "there is no file nothing.py"),
        (("apply", "first.json", "--settings", "plan_settings.py", "--production", "X"), 2, "has no production 'X'"),
        (("build", "nothing.py"), 2, "there is no file nothing.py"),
        (("rollback", "nowhere", "--allow-destructive"), 2, "does not exist; give the folder of a backup"),
        (("verify", "first.json", "--data-dir", "empty"), 2, "'Demo.Plan'"),
    ],
)
def test_mistakes_are_told_in_one_line(deployed: Path, arguments: tuple[str, ...], code: int, text: str) -> None:
    Path("junk.json").write_text("[]")
    result = call("plan", *arguments)
    assert text in result.stderr
    lines = [line for line in result.stderr.splitlines() if line != "noise"]
    assert (result.exit_code, len(lines)) == (code, 1)


def test_edited_plan_is_refused(deployed: Path) -> None:
    call("plan", "build", deployed, "--out", "p.json")
    file = Path("p.json")
    file.write_text(file.read_text().replace('"destructive"', '"safe"'))
    result = call("plan", "apply", "p.json", "--settings", deployed)
    assert result.exit_code == 2
    assert "'p.json' is not a plan that can be used" in result.stderr


def test_plan_goes_where_the_file_says(deployed: Path) -> None:
    deployed.write_text(TEXT + "PRODUCTIONS = [prod]\nREMOTE_SETTINGS = {'url': 'nowhere://host'}\n")
    result = call("plan", "build", deployed)
    assert result.exit_code == 2
    assert "unknown backend 'nowhere'" in result.stderr
