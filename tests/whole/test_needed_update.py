"""A production that runs knows whether an update would take something over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from iop import BusinessOperation, Director, Production
from iop_core.backends import RunOptions

OPERATION = """
from iop import BusinessOperation


class Write(BusinessOperation):
    Port: int = 1

    def on_init(self):
        self.log_info(f"old {self.Port}")
"""
SETTINGS = """
from needed_parts import Write

from iop import Production

prod = Production("Demo.Needed")
prod.operation("Write", Write)
"""
QUIET = ("False", None)

Iop = Callable[..., str]
Needed = tuple[str, object]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "needed_parts.py").write_text(OPERATION)
    (tmp_path / "needed_demo.py").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    for name in ("IOP_URL", "IOP_NAMESPACE", "IOP_SETTINGS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def iop(folder: Path) -> Iterator[Iop]:
    """Run a command that has to succeed; what it started is stopped at the end."""

    def run(*args: str) -> str:
        command = [sys.executable, "-m", "iop_cli", *args]
        result = subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True, timeout=120)
        assert result.returncode == 0, result.stderr
        return result.stdout

    yield run
    if Director().status().pid:
        Director().shutdown_production()


def needed(status: dict[str, object]) -> Needed:
    assert isinstance(status["NeedsUpdate"], bool)
    return str(status["NeedsUpdate"]), status.get("UpdateMessage")


def test_files_and_default_settings(iop: Iop, folder: Path) -> None:
    iop("start", "needed_demo.py", "--detach")
    assert needed(json.loads(iop("-x"))) == needed(Director().status_production()) == QUIET
    assert "Update:" not in iop("status")

    (folder / "needed_parts.py").write_text(OPERATION.replace("old", "later"))
    message = "needed_parts.py was changed since it was read"
    assert needed(json.loads(iop("-x"))) == needed(Director().status_production()) == ("True", message)
    assert f"Update:     needed ('iop update'): {message}\n" in iop("status")
    assert "old 1" in Director().read_top_log(1)[0], "only looking changes nothing"
    iop("update")
    assert needed(Director().status_production()) == QUIET
    assert any(line.endswith("later 1") for line in Director().read_top_log(3))

    iop("settings", "set", "Port", "9", "--item", "Other")
    assert needed(Director().status_production()) == QUIET, "a setting of no item here"
    iop("settings", "set", "Port", "2", "--item", "Write")
    (folder / "needed_demo.py").write_text(SETTINGS + "broken =")
    message = "needed_demo.py, a default setting were changed since they were read"
    assert needed(Director().status_production()) == ("True", message)
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run([sys.executable, "-m", "iop_cli", "update"], cwd=folder, check=True, capture_output=True)
    assert needed(Director().status_production()) == ("True", message), "an update that failed took nothing over"
    (folder / "needed_demo.py").write_text(SETTINGS)
    assert needed(Director().status_production()) == ("True", "a default setting was changed since it was read")
    iop("update")
    assert needed(Director().status_production()) == QUIET
    iop("stop")
    assert needed(Director().status_production()) == QUIET


def test_deployed_production(iop: Iop, folder: Path) -> None:
    iop("migrate", "needed_demo.py")
    iop("start", "Demo.Needed", "--detach")
    assert needed(Director().status_production()) == QUIET
    (folder / "needed_demo.py").write_text(SETTINGS.replace("Write)", 'Write, settings={"Port": 7})'))
    assert needed(Director().status_production()) == QUIET, "the file is not what runs"
    iop("migrate", "needed_demo.py")
    message = "the deployed production 'Demo.Needed' was changed since it was read"
    assert needed(Director().status_production()) == ("True", message)
    Director().update_production()
    assert needed(Director().status_production()) == QUIET


def test_production_that_nobody_can_read_again(iop: Iop) -> None:
    director = Director()
    production = Production("Demo.Needed")
    production.operation("Write", BusinessOperation)
    running = director.backend.run(production.definition(), RunOptions())
    iop("settings", "set", "PoolSize", "3")
    try:
        assert not running.status().needs_update
    finally:
        running.stop()


def test_program_takes_over_what_is_deployed_meanwhile(iop: Iop) -> None:
    director = Director()
    running = director.run(Production("Demo.Needed"))
    try:
        assert not running.status().needs_update
        iop("migrate", "needed_demo.py")
        assert running.status().update_message == "the deployed production 'Demo.Needed' was changed since it was read"
    finally:
        running.stop()
