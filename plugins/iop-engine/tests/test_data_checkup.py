"""What ``iop doctor`` finds in a data directory: each fault is planted, and told with its repair."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from iop_core.backends import RunOptions
from iop_core.checkups import CheckupPlace, Finding, Health
from iop_core.definitions import ProductionDefinition
from iop_core.plugins import installed_plugins
from iop_engine.backend import LocalBackend


def look(folder: Path, namespace: str = "USER") -> dict[str, Finding]:
    """Return the worst finding of each subject."""
    place = CheckupPlace(f"local:{folder}", namespace)
    ranks = list(Health)
    found = sorted(installed_plugins().checkups()["local-data"].find(place), key=lambda one: ranks.index(one.health))
    assert all(one.repair for one in found if one.health is not Health.GOOD)
    return {one.subject: one for one in found}


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data directory of a production that ran and stopped."""
    folder = tmp_path / "data"
    backend = LocalBackend.open(f"local:{folder}", namespace="USER")
    backend.run(ProductionDefinition("Demo.P", ()), RunOptions()).stop()
    yield folder
    folder.chmod(0o700)


def change(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "user.db")) as connection:
        connection.execute(statement)
        connection.commit()


def test_sound_directory(data: Path) -> None:
    found = look(data)
    assert {finding.health for finding in found.values()} == {Health.GOOD}
    assert set(found) == {"data directory", "free space", "owner", "database"}
    assert found["owner"].text == "no production runs here"
    assert "user.db is whole: format 1 of 1" in found["database"].text


def test_looking_changes_nothing(data: Path) -> None:
    before = {file.name: file.read_bytes() for file in data.iterdir()}
    look(data)
    # Whoever reads the database may leave its shared memory behind, as SQLite does.
    assert {file.name: file.read_bytes() for file in data.iterdir() if file.name in before} == before
    look(data / "not" / "there")
    assert not (data / "not").exists()


def test_nothing_there_yet(tmp_path: Path) -> None:
    assert "the first run makes it" in look(tmp_path / "none")["data directory"].text
    (tmp_path / "empty").mkdir()
    assert "the first run makes it" in look(tmp_path / "empty")["database"].text


def test_directory_that_cannot_be_used(data: Path) -> None:
    data.chmod(0o500)
    assert look(data)["data directory"].health is Health.FAULT
    data.chmod(0o707)
    assert look(data)["data directory"].health is Health.WARNING
    assert look(data / "user.db")["data directory"].text.endswith("is no directory")
    assert look(data, "no/name")["namespace"].health is Health.FAULT


def test_running_production(data: Path) -> None:
    running = LocalBackend.open(f"local:{data}", namespace="USER").run(
        ProductionDefinition("Demo.P", ()), RunOptions(is_reachable=True)
    )
    try:
        assert "runs a production here" in look(data)["owner"].text
    finally:
        running.stop()
    closed = LocalBackend.open(f"local:{data}", namespace="USER").run(ProductionDefinition("Demo.P", ()), RunOptions())
    try:
        assert look(data)["owner"].health is Health.WARNING
    finally:
        closed.stop()


def test_what_a_killed_production_left_behind(data: Path) -> None:
    (data / "user.control").write_text(json.dumps({"port": 1, "pid": 4711, "token": "00"}))
    (data / "user.pid").write_text("4711")
    assert look(data)["owner"].text == "process 4711 was killed while it ran a production here"
    assert look(data)["owner"].health is Health.WARNING


def test_damaged_database(data: Path) -> None:
    file = data / "user.db"
    content = bytearray(file.read_bytes())
    content[3 * 4096 : 6 * 4096] = b"\xff" * (3 * 4096)
    file.write_bytes(content)
    assert look(data)["database"].health is Health.FAULT
    file.write_bytes(b"no database at all" * 100)
    finding = look(data)["database"]
    assert (finding.health, "restore it from a backup" in finding.repair) == (Health.FAULT, True)


def test_database_of_a_newer_version(data: Path) -> None:
    change(data, "PRAGMA user_version = 99")
    assert (look(data)["database"].health, look(data)["database"].repair) == (Health.FAULT, "upgrade iop-engine")


def test_clock_that_went_back(data: Path) -> None:
    names = [row[1] for row in sqlite3.connect(data / "user.db").execute("PRAGMA table_info(headers)")]
    values = ", ".join("4102444800000000" if name == "created" else "1" for name in names)  # in the year 2100
    change(data, f"INSERT INTO headers ({', '.join(names)}) VALUES ({values})")
    assert look(data)["clock"].health is Health.FAULT


def test_other_backends_are_none_of_its_business() -> None:
    place = CheckupPlace("https://host", "USER")
    assert list(installed_plugins().checkups()["local-data"].find(place)) == []
