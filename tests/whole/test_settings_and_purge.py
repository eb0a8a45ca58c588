"""``iop settings``, ``iop messages purge`` and ``index``, ``iop log``: with the local engine, in this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from iop_cli.main import iop

PRODUCTION = """
from dataclasses import dataclass

from iop import BusinessOperation, Message, Production, controls, setting


@dataclass
class Admission(Message, searchable=("mrn",)):
    mrn: str = ""


class Archive(BusinessOperation):
    Port: int = 80
    Password: str = ""
    Pin: str = setting("0000", control=controls.secret())

    def on_init(self):
        self.log_info(f"port {self.Port}, password of {len(self.Password)} characters")

    def on_message(self, request):
        if request.mrn == "bad":
            raise ValueError("no such patient")


production = Production("Demo.Archive")
archive = production.operation(Archive, settings={"Pin": "canary"})
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "archive_settings.py").write_text(PRODUCTION, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("IOP_URL", "IOP_NAMESPACE", "IOP_SETTINGS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(iop, arguments)


def given(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_defaults_are_set_listed_explained_and_deleted(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHIVE_PASSWORD", "canary")
    given(
        "settings", "set", "Port", "2575", "--item", "Archive", "--reason", "go live", "--actor", "kim", "--deployable"
    )
    given("settings", "set", "Password", "env:ARCHIVE_PASSWORD")
    given("settings", "set", "ApiToken", "canary")
    rows = json.loads(given("settings", "list", "--json"))
    assert [(row["name"], row["item"], row["value"]) for row in rows] == [
        ("ApiToken", "*", "***"),
        ("Password", "*", "env:ARCHIVE_PASSWORD"),
        ("Port", "Archive", "2575"),
    ]
    assert (rows[2]["actor"], rows[2]["reason"], rows[2]["deployable"]) == ("kim", "go live", True)
    explained = json.loads(given("settings", "explain", "archive_settings.py", "Archive.Port", "--json"))
    assert [(value["layer"], value["value"]) for value in explained[0]["values"]] == [
        ("system default", "2575"),
        ("class default", "80"),
    ]
    given("run", "archive_settings.py", "--until-idle")
    assert "port 2575, password of 6 characters" in given("log", "--item", "Archive")
    shown = [given("settings", "list"), given("settings", "explain", "archive_settings.py", "Archive"), given("log")]
    assert all("canary" not in text for text in shown)
    given("settings", "delete", "Port", "--item", "Archive")
    assert len(json.loads(given("settings", "list", "--json"))) == 2


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("settings", "delete", "Prot"), "there is no default setting 'Prot'"),
        (("settings", "set", "Port", "1", "--item", "In*"), "no other wildcards"),
        (("settings", "explain", "archive_settings.py", "Archive.Prot"), "did you mean 'Port'"),
        (("settings", "explain", "archive_settings.py", "Archvie"), "Production item does not exist: Archvie"),
        (("log", "--type", "Alrt"), "did you mean 'alert'"),
        (("messages", "purge", "--before", "yesterday"), "is no time"),
    ],
)
def test_mistakes_are_wrong_use(place: Path, arguments: tuple[str, ...], text: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert text in result.stderr


def test_messages_are_searched_and_purged(place: Path) -> None:
    from iop_migrate import load_settings
    from iop_testing import run_production

    settings = load_settings(place / "archive_settings.py")
    admission = settings.module.Admission
    with run_production(settings.productions[0], data_dir=place / ".iop") as running:
        for mrn in ("1", "2", "bad"):
            running.send("Archive", admission(mrn))
        running.wait_until_idle()
    assert given("messages", "--where", "mrn=2", "--count").strip() == "1"
    assert given("messages", "--error-text", "SUCH patient", "--count").strip() == "1"
    assert "no such patient" in given("log", "--level", "error")
    assert "no such patient" not in given("log", "--type", "Info")
    assert given("messages", "index", "archive_settings.Admission").startswith("3 bodies")
    assert json.loads(given("messages", "purge", "--days", "0", "--dry-run", "--json"))["removed"]["headers"] == 3
    assert given("messages", "--count").strip() == "3"
    assert "removed: nothing" in given("messages", "purge")
    done = json.loads(given("messages", "purge", "--days", "0", "--yes", "--reason", "test", "--json"))
    assert (done["removed"]["headers"], done["after"]["bodies"], done["left"]) == (3, 0, 0)
    assert given("messages", "--count").strip() == "0"
    assert given("messages", "--where", "mrn=2", "--count").strip() == "0"
    assert "test" in given("log", "--text", "PURGE OF")


def test_nothing_to_purge_where_nothing_ran(place: Path) -> None:
    result = run("messages", "purge", "--yes")
    assert result.exit_code == 4
    assert "no production ever ran here" in result.stderr
