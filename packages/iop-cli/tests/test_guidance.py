"""``iop guidance``: one block in each file, other text stays, and changed guidance is not lost."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import iop_core
from iop_cli.guidance import FILES
from iop_cli.main import iop
from iop_core._facade import HOMES


def call(*args: object) -> Result:
    return CliRunner().invoke(iop, list(map(str, args)), prog_name="iop")


def test_block_is_added_and_replaced_in_place(tmp_path: Path) -> None:
    own = tmp_path / "AGENTS.md"
    own.write_text("# Mine\n")
    result = call("--install-agent-guidance", tmp_path)
    assert result.stdout == (
        f"Installed IoP agent guidance in {tmp_path} for: codex, claude, gemini.\n"
        "Updated 3 file(s); 0 already current.\n"
    )
    assert own.read_text().startswith("# Mine\n\n<!-- iop guidance ")
    own.write_text(own.read_text() + "# After\n")
    before = own.read_text()
    again = json.loads(call("guidance", tmp_path, "--json").stdout)
    assert (again["updated"], again["current"]) == ([], list(FILES.values()))
    assert own.read_text() == before


def test_changed_guidance_is_kept_unless_forced(tmp_path: Path) -> None:
    call("guidance", tmp_path, "--agent", "claude")
    file = tmp_path / "CLAUDE.md"
    assert [found.name for found in tmp_path.iterdir()] == ["CLAUDE.md"]
    good = file.read_text()
    file.write_text(good.replace("IoP", "Mine"))
    refused = call("--install-agent-guidance", tmp_path)
    assert (refused.exit_code, "the guidance in CLAUDE.md was changed" in refused.stderr) == (2, True)
    assert [found.name for found in tmp_path.iterdir()] == ["CLAUDE.md"]  # all or nothing
    forced = call("--install-agent-guidance", tmp_path, "--agent", "claude", "--force-agent-guidance")
    assert (forced.exit_code, file.read_text()) == (0, good)


@pytest.mark.parametrize("folder", ["absent", "file"])
def test_place_that_cannot_be_used(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("")
    result = call("guidance", tmp_path / folder)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)


def test_guidance_names_what_is_there(tmp_path: Path) -> None:
    call("guidance", tmp_path, "--agent", "codex")
    text = (tmp_path / "AGENTS.md").read_text()
    named = re.findall(r"`(\w+)`", re.split(r"Import from `iop`:|\n\* A message", text)[1])
    assert len(named) == 9
    assert [name for name in named if name not in {*iop_core.__all__, *HOMES}] == []
    for line in re.findall(r"`?(iop \w+)", text):
        assert line == "iop guidance" or call(*line.split()[1:], "--help").exit_code == 0, line
