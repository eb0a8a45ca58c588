"""``iop verify-durability``: what it prints, what it leaves behind, how it ends."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from iop_core.plugins import installed_plugins
from iop_engine.verification.command import verify_durability


def test_it_is_offered() -> None:
    assert "verify-durability" in installed_plugins().commands()


def test_all_promises_kept(tmp_path: Path) -> None:
    ended = CliRunner().invoke(verify_durability, ["--kills", "8", "--seed", "3", "--data", str(tmp_path), "--json"])
    assert ended.exit_code == 0, ended.output
    report = json.loads(ended.stdout)
    assert report["is_good"]
    assert report["kills"] == 8
    assert report["acknowledged"] > 0
    assert list(tmp_path.iterdir()) == []


def test_a_broken_promise(tmp_path: Path, monkeypatch) -> None:
    """Every child dies at its first commit, so that nothing is ever finished."""
    monkeypatch.setenv("IOP_CRASH_AT", "commit.done")
    ended = CliRunner().invoke(verify_durability, ["--kills", "2", "--data", str(tmp_path)])
    assert ended.exit_code == 1, ended.output
    assert "BROKEN PROMISES" in ended.stdout
    [folder] = tmp_path.iterdir()
    assert str(folder) in ended.stdout
    assert (folder / "round0" / "partner.jsonl").exists()
