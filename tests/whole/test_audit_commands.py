"""``iop audit`` and the deeds that it shows: with the local engine, in this process."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from iop import BusinessOperation, Director, Message, Production
from iop_cli.main import iop


@dataclass
class Order(Message):
    number: str = ""


class Out(BusinessOperation):
    def on_message(self, request: Order) -> None:
        if request.number == "bad":
            raise ValueError("no such order")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory in which a production runs that failed once."""
    for name in ("IOP_URL", "IOP_NAMESPACE", "IOP_SETTINGS"):
        monkeypatch.delenv(name, raising=False)
    production = Production("Demo.Audited")
    production.operation("Out", Out)
    running = Director(f"local:{tmp_path}").run(production)
    try:
        running.send_many("Out", [Order("good"), Order("bad")])
        running.wait_until_idle(30)
        yield tmp_path
    finally:
        running.stop()


def run(place: Path, *arguments: str) -> Result:
    return CliRunner().invoke(iop, [*arguments, "--data-dir", str(place)])


def given(place: Path, *arguments: str) -> str:
    result = run(place, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_deeds_on_items_and_messages_are_shown(place: Path) -> None:
    who = ("--actor", "kim", "--reason", "partner is down")
    for deed in ("stop", "start", "restart", "disable", "enable"):
        given(place, "component", deed, "Out", *who)
    given(place, "messages", "delete", "--status", "Error", "--yes", *who)
    rows = json.loads(given(place, "audit", "--json", "--limit", "6"))
    assert [row["action"] for row in rows] == ["stop", "start", "restart", "disable", "enable", "delete"]
    assert {(row["actor"], row["reason"]) for row in rows} == {("kim", "partner is down")}
    assert [row["selection"] for row in rows] == [{"item": "Out"}] * 5 + [[2]]
    shown = given(place, "audit")
    assert "partner is down" in shown
    assert "kim" in shown
    assert json.loads(given(place, "messages", "--count", "--json")) == {"count": 1}


def test_audit_is_verified(place: Path) -> None:
    given(place, "component", "stop", "Out", "--reason", "night")
    checkpoint = given(place, "audit", "verify").splitlines()[-1]
    assert given(place, "audit", "verify", "--checkpoint", checkpoint)
    number = checkpoint.partition(":")[0]
    other = run(place, "audit", "verify", "--checkpoint", f"{number}:{'0' * 64}")
    assert (other.exit_code, f"entry {number} is wrong" in other.output) == (1, True)
    assert run(place, "audit", "verify", "--checkpoint", "latest").exit_code == 2
    (database,) = place.glob("user.db")
    with closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        connection.execute("UPDATE audit SET actor = 'lee' WHERE id = 1")
    found = run(place, "audit", "verify", "--json")
    assert (found.exit_code, json.loads(found.stdout)["broken_id"]) == (1, 1)


def test_errors_are_kept_longer(place: Path) -> None:
    purged = json.loads(given(place, "messages", "purge", "--days", "0", "--keep-errors", "9", "--yes", "--json"))
    assert (purged["removed"]["headers"], purged["kept_errors"]) == (1, 1)
