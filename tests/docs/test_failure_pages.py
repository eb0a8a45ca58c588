"""The code on the pages about failures runs, and does what they say."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from iop_core.headers import MessageStatus
from iop_testing import run_production

DOCS = Path(__file__).parents[2] / "docs"


def run_page(page: str, folder: Path) -> dict[str, Any]:
    """Run all code of a page as one program and return its names."""
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    program = folder / "page.py"
    program.write_text("\n".join(blocks), encoding="utf-8")
    return runpy.run_path(str(program), run_name="__main__")


def test_resend_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_page("how-to/resend.md", tmp_path)
    assert capsys.readouterr().out == "COMPLETED r\n"


def test_failures_page(tmp_path: Path) -> None:
    with run_production(run_page("explanation/failures.md", tmp_path)["production"]) as run:
        run.send("Archive", None)
        run.wait_until_idle()
        (header,) = run.messages()
        assert header.status is MessageStatus.SUSPENDED
