"""The page about the command line says what the commands are; the page is written from them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "reference" / "command-line.md"


@pytest.fixture(scope="module")
def built() -> str:
    """The page as it has to be, of the plug-ins of this repository."""
    code = (
        "import sys; sys.path.insert(0, 'tools'); from command_line_page import build_page; print(build_page(), end='')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_page_is_as_the_commands_are(built: str) -> None:
    assert PAGE.read_text(encoding="utf-8") == built, "run: python tools/command_line_page.py"


@pytest.mark.parametrize(
    "text",
    ["## iop status", "### iop plan apply", "| `--json` |", "`-x`, `--status` | `iop status --json`", "## iop doctor"],
)
def test_page_has_everything(built: str, text: str) -> None:
    assert text in built
