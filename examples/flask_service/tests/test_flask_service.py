"""The web application reaches the production that ``iop start`` runs in another process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

FILE = Path(__file__).parents[1] / "flask_production.py"


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """The production runs in a process of its own; this is where."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IOP_")}

    def iop(*args: str) -> None:
        command = [sys.executable, "-m", "iop_cli", *args, "--data-dir", str(tmp_path / "data")]
        subprocess.run(command, env=environment, check=True, timeout=120, stdout=subprocess.DEVNULL)

    iop("start", str(FILE), "--detach")
    yield f"local://{tmp_path.as_posix()}/data"
    iop("stop")


def test_example_answers(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("flask")
    monkeypatch.setenv("IOP_URL", url)
    monkeypatch.delitem(sys.modules, "app", raising=False)
    application = import_module("app")
    client = application.app.test_client()
    for _ in range(2):
        answer = client.get("/")
        assert (answer.status_code, answer.text) == (200, "Hello, World! And hello from the production.")
    assert application.director.status().pid not in (0, os.getpid())
    requests = list(application.director.messages(type="Request"))
    assert [(header.source, header.target) for header in requests] == [("MyBusinessService", "Greeter")] * 2
    assert len({header.session_id for header in requests}) == 2
