"""``iop doctor``: what it finds, that it works with broken plug-ins, and its exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import Result

from iop_core.checkups import Checkup, CheckupPlace, Finding, Health
from iop_core.errors import StoreError
from iop_core.hookspecs import hookimpl
from iop_core.plugins import PluginRegistry

Invoke = Callable[..., Result]


def offer(registry: PluginRegistry, *checkups: Checkup) -> None:
    registry.register(SimpleNamespace(offer=hookimpl(lambda: list(checkups), specname="iop_checkups")), name="sample")


def test_healthy_installation(invoke: Invoke) -> None:
    result = invoke("doctor")
    assert result.exit_code == 0, result.stdout
    lines = result.stdout.splitlines()
    assert lines[-1].startswith("0 faults, ")
    subjects = {line[8:].partition(":")[0] for line in lines[:-1] if line[:8].strip()}
    assert subjects >= {"interpreter", "package", "plug-in", "clock", "file descriptors", "place", "backend"}
    assert "ok      backend: it answers: production Demo.P is stopped" in lines
    record = json.loads(invoke("doctor", "--json").stdout)
    assert record["is_healthy"] is True
    assert {finding["health"] for finding in record["findings"]} <= {"good", "warning"}


def test_checkups_of_plugins_are_asked(invoke: Invoke, registry: PluginRegistry) -> None:
    asked: list[CheckupPlace] = []

    def find(place: CheckupPlace) -> Iterator[Finding]:
        asked.append(place)
        yield Finding("disk", Health.FAULT, "it\nsmokes", "call somebody")
        yield Finding("air", Health.WARNING, "thin", "breathe")

    offer(registry, Checkup("sample", find))
    result = invoke("doctor", "--namespace", "NS", "--data-dir", "/given")
    assert result.exit_code == 3
    assert "FAULT   disk: it\\nsmokes\n        repair: call somebody\n" in result.stdout
    assert result.stdout.endswith("1 faults, 1 warnings\n")
    assert asked == [CheckupPlace("local:///given", "NS")]


def test_checkup_that_fails_hides_no_other(invoke: Invoke, registry: PluginRegistry) -> None:
    def fail(place: CheckupPlace) -> list[Finding]:
        raise KeyError("oops")

    offer(registry, Checkup("a-bad", fail), Checkup("b-good", lambda place: [Finding("b", Health.GOOD, "fine")]))
    result = invoke("doctor")
    assert result.exit_code == 3
    assert "FAULT   plug-in: the checkup 'a-bad' failed: KeyError: 'oops'" in result.stdout
    assert "ok      b: fine" in result.stdout


def test_backend_that_does_not_answer(invoke: Invoke, memory: type) -> None:
    memory.fails_with = StoreError("broken")  # type: ignore[attr-defined]
    result = invoke("doctor")
    assert (result.exit_code, "FAULT   backend: broken" in result.stdout) == (4, True)


def test_place_that_cannot_be_used(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOP_SETTINGS", "/no/such/file.py")
    result = invoke("doctor")
    assert (result.exit_code, "FAULT   place: " in result.stdout) == (3, True)


@pytest.fixture
def broken(tmp_path: Path) -> dict[str, str]:
    """An environment with a plug-in that cannot be imported, in a package whose needs are not met."""
    (tmp_path / "broken_plugin.py").write_text("raise RuntimeError('no luck')\n")
    record = tmp_path / "iop_broken-9.9.dist-info"
    record.mkdir()
    (record / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: iop-broken\nVersion: 9.9\nRequires-Dist: iop-core<0.0.1\n"
        "Requires-Dist: iop-not-there\nRequires-Dist: never; extra == 'x'\n"
    )
    (record / "entry_points.txt").write_text("[iop.plugins]\nbroken = broken_plugin\n")
    return {**os.environ, "PYTHONPATH": str(tmp_path)}


def test_broken_installation(broken: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "iop_cli", "doctor", "--data-dir", str(tmp_path / "data")]
    done = subprocess.run(command, env=broken, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (3, "")
    assert "FAULT   package: iop-broken 9.9: iop-core 0" in done.stdout
    assert "is not <0.0.1; iop-not-there is not installed\n" in done.stdout
    assert "FAULT   plug-in: broken of iop-broken 9.9 cannot be loaded: RuntimeError: no luck\n" in done.stdout
    assert "IOP_DISABLE_PLUGINS=broken" in done.stdout
    assert "warning backend: it was not looked at" in done.stdout
    without = subprocess.run(
        command, env={**broken, "IOP_DISABLE_PLUGINS": "broken"}, capture_output=True, text=True, timeout=60
    )
    assert "warning plug-in: broken of iop-broken 9.9 is left out by IOP_DISABLE_PLUGINS\n" in without.stdout
