"""Productions are started, seen and stopped over HTTP."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from iop_director import Director


def test_production_is_started_seen_and_stopped(dora: httpx.Client, deployed: str, director: Director) -> None:
    assert dora.get("status").json() == {"production": "", "status": "stopped"}
    started = dora.post("start", json={"production": deployed})
    assert (started.status_code, started.json()) == (200, {"status": "started", "production": deployed})
    assert director.status().state == "Running"
    assert dora.get("v1/status").json() == {"production": deployed, "status": "running"}

    again = dora.post("start", json={"production": deployed})
    assert (again.status_code, again.json()["code"]) == (409, "wrong-state")
    first = director.status().pid
    assert dora.post("restart", params={"reason": "new licence"}).json() == {"status": "restarted"}
    assert director.status().pid != first
    assert ("stop", "dora", "new licence") in [(entry.action, entry.actor, entry.reason) for entry in director.audit()]
    assert dora.post("stop", content=b"").json() == {"status": "stopped"}
    assert dora.get("status").json() == {"production": deployed, "status": "stopped"}
    assert dora.post("stop", json={}).status_code == 409


def test_default_production_is_started_when_none_is_named(dora: httpx.Client, deployed: str) -> None:
    assert dora.get("default").json() == {"production": ""}
    nothing = dora.post("start", json={})
    assert (nothing.status_code, nothing.json()["code"]) == (409, "no-default")
    assert dora.put("default", json={"production": deployed}).json() == {"production": deployed}
    assert dora.get("default").json() == {"production": deployed}
    assert dora.post("start", json={}).json()["production"] == deployed
    assert dora.post("kill").json() == {"status": "killed"}


@pytest.mark.parametrize("path", ["start", "default"])
def test_unknown_production_is_not_found(dora: httpx.Client, deployed: str, path: str) -> None:
    answer = dora.request("PUT" if path == "default" else "POST", path, json={"production": "Demo.Serve"})
    assert answer.status_code == 404
    assert "Demo.Serve" in answer.json()["error"]


def test_data_of_another_directory_is_not_touched(dora: httpx.Client, tmp_path: Path) -> None:
    assert dora.get("status", params={"namespace": "OTHER"}).status_code == 404
    assert dora.post("start", json={"namespace": "OTHER"}, params={"namespace": "USER"}).status_code == 404
    assert not (tmp_path / "data").exists()
