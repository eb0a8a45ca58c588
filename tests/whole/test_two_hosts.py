"""A server on one host, a director on another: nothing is shared but the address and a login.

Each host is a process with a home, a current directory and an environment of its own. The code of
the production is on the director's host only, and gets to the other by migration.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PASSWORD = "correct-horse-battery"
SECONDS = 90

PROJECT = """
from dataclasses import dataclass

from iop import BusinessOperation, Message, Production, handler

REMOTE_SETTINGS = {"url": "%s", "username": "dora", "password_env": "LAB_PASSWORD", "package": "lab"}


@dataclass
class Text(Message):
    text: str = ""


class Upper(BusinessOperation):
    @handler(Text)
    def take(self, request):
        self.log_info(f"took {request.text}")
        return Text(request.text.upper())


production = Production("Demo.Far", testing_enabled=True)
production.operation(Upper)
PRODUCTIONS = [production]
CLASSES = {"Python.Spare": Upper}
"""

# What the director's host does; it prints what it saw as JSON.
DEEDS = """
import json, threading, time
from pathlib import Path
from iop import Director
from iop_core.errors import IopError
from iop_director.event_log import follow_log
from iop_migrate import migrate

seen = {}
tried = migrate("far_demo.py", dry_run=True, ask_server=True)
seen["tried"], seen["after"] = sorted(tried.changes), Director(remote_settings="far_demo.py").list_productions()
done = migrate("far_demo.py", reason="first")
seen["changes"], seen["mode"] = sorted(done.changes), done.plan.mode
director = Director(remote_settings="far_demo.py")
seen["deployed"] = list(director.list_productions())
director.set_default_production("Demo.Far")
entries = []


def follow():
    for entry in follow_log(director.log, wait=lambda _: time.sleep(0.05)):
        entries.append(entry)
        if entry.text == "took end":
            break


follower = threading.Thread(target=follow)
follower.start()
director.start_production()
seen["status"] = director.status_production()["Status"]
for number in range(5):
    director.test_component("Upper", classname="far_demo.Text", body={"text": f"n{number}"})
seen["reply"] = director.test_component("Upper", classname="far_demo.Text", body={"text": "end"}, restart=True)
follower.join(30)
seen["numbers"] = [entry.entry_id for entry in entries]
seen["took"] = [entry.text for entry in entries if entry.text.startswith("took")]
seen["known"] = [entry.entry_id for entry in director.log() if entry.entry_id <= entries[-1].entry_id]
seen["unused"] = [row["class"] for row in director.list_bindings(True)]
director.unbind_component("Python.Spare")
seen["left"] = [row["class"] for row in director.list_bindings()]
seen["queues"] = director.export_production_queue_info("Demo.Far")["items"]
director.stop_component("Upper")
director.start_component("Upper")
director.restart_production()
seen["again"] = director.status_production()["Status"]
director.stop_production(reason="enough for today")
seen["stopped"] = director.status_production()["Status"]
try:
    director.trace()
except IopError as error:
    seen["refused"] = f"{type(error).__name__}: {error}"
seen["files"] = sorted(str(path) for path in Path.cwd().rglob("*") if "__pycache__" not in path.parts)
print(json.dumps(seen))
"""


def host(folder: Path, **environment: str) -> dict[str, object]:
    """Return how to run a process on a host of its own."""
    home = folder / "home"
    work = folder / "work"
    home.mkdir(parents=True)
    work.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT") if name in os.environ}
    return {"cwd": work, "env": {**kept, "HOME": str(home), "PYTHONUNBUFFERED": "1", **environment}, "text": True}


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """The address of a server on the other host."""
    there = host(tmp_path / "server")
    iop = [sys.executable, "-m", "iop_cli"]
    data = ["--data-dir", "data"]
    subprocess.run(
        [*iop, "server", "user", "add", "dora", "--role", "deployer", "--password-stdin", *data],
        input=PASSWORD + "\n",
        check=True,
        timeout=SECONDS,
        **there,  # type: ignore[arg-type]
    )
    errors = (tmp_path / "errors.txt").open("w+")
    command = [*iop, "serve", "--port", "0", "--upload-root", "uploads", *data]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, **there) as server:  # type: ignore[call-overload]
        found = re.search(r"http://[^/ ]+", server.stdout.readline())
        assert found, (tmp_path / "errors.txt").read_text()
        yield found[0]
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=SECONDS)
    errors.close()
    assert server.returncode in (0, -signal.SIGTERM)
    for control in (tmp_path / "server" / "work" / "data").glob("*.control"):
        os.kill(json.loads(control.read_text())["pid"], signal.SIGKILL)


def test_production_is_managed_from_another_host(url: str, tmp_path: Path) -> None:
    here = host(tmp_path / "director", LAB_PASSWORD=PASSWORD)
    work = tmp_path / "director" / "work"
    (work / "far_demo.py").write_text(PROJECT % url)
    done = subprocess.run(
        [sys.executable, "-c", DEEDS],
        capture_output=True,
        timeout=SECONDS,
        **here,  # type: ignore[call-overload]
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert (seen["mode"], seen["tried"], seen["after"]) == ("REMOTE", seen["changes"], {})
    assert "deploy Demo.Far" in seen["changes"]
    assert seen["deployed"] == ["Demo.Far"]
    assert (seen["status"], seen["again"], seen["stopped"]) == ("running", "running", "stopped")
    assert seen["reply"] == {"classname": "far_demo.Text", "body": '{"text":"END"}', "truncated": False}
    # The log was followed over all of it: whole, in order, and nothing twice.
    assert seen["numbers"] == seen["known"]
    assert seen["took"] == [*(f"took n{number}" for number in range(5)), "took end"]
    assert (seen["unused"], seen["left"]) == (["Python.Spare"], ["Python.fardemo.Upper"])
    assert [(row["item"], row["count"]) for row in seen["queues"]] == [("Upper", 0)]
    assert seen["refused"].startswith("UnsupportedByBackendError: the REST API v1 cannot show a trace; it can start")
    # Nothing was done on this host, and no password got to the other.
    assert seen["files"] == [str(work / "far_demo.py")]
    there = tmp_path / "server"
    audit = (there / "work" / "data" / "server" / "audit.jsonl").read_text()
    assert '"enough for today"' in audit
    assert '"dora"' in audit
    for path in there.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes(), path
    assert (there / "work" / "uploads").is_dir()
