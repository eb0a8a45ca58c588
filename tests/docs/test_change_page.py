"""The page about changing deployed productions shows what really happens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "change-a-deployed-production.md"
BLOCKS = re.findall(r"```(python|)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_code_prints_what_the_page_shows(tmp_path: Path) -> None:
    (tmp_path / "page.py").write_text("".join(text for language, text in BLOCKS if language), encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("IOP_")}
    command = [sys.executable, "page.py"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    shown = "".join(text for language, text in BLOCKS if not language)
    printed = re.sub(r"(  (?:plan|id|backup): ).*", r"\1...", done.stdout)
    assert printed == shown
    assert len(os.listdir(tmp_path / "backups")) == 3
