"""The flags of older programs do what they did, and print what scripts read, on the local engine."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PRODUCTION = """
from dataclasses import dataclass
from iop import BusinessOperation, BusinessService, Message, Production, handler, target

print("the file was run")


@dataclass
class Text(Message):
    text: str = ""


class Intake(BusinessService):
    Output = target()


class Upper(BusinessOperation):
    @handler(Text)
    def take(self, request):
        self.log_info(f"took {request.text}")
        return Text(request.text.upper())


prod = Production("Demo.Old", testing_enabled=True)
prod.connect(prod.service(Intake).Output, prod.operation(Upper))
CLASSES = {"Python.Spare": Upper}
PRODUCTIONS = [prod]
"""

Iop = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def iop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Iop]:
    """Run a command in a folder with a settings file; what it started is killed at the end."""
    folder = tmp_path_factory.mktemp("old")
    (folder / "old_demo.py").write_text(PRODUCTION, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("IOP_", "IRIS"))}

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "iop_cli", *args]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)

    run.folder = folder  # type: ignore[attr-defined]
    yield run
    for control in (folder / ".iop").glob("*.control"):
        os.kill(json.loads(control.read_text())["pid"], signal.SIGKILL)


def good(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# These run in order, as somebody would use them.


def test_nothing_is_there_yet(iop: Iop) -> None:
    assert good(iop("-n")) == "not set\n"
    assert good(iop("-d")) == "Not defined\n"
    assert json.loads(good(iop("-l"))) == {}
    footer = good(iop()).splitlines()[-5:]
    folder = iop.folder  # type: ignore[attr-defined]
    assert footer == [f"Mode: LOCAL ({folder}/.iop)", "", "Default production: Not defined", "", "Namespace: USER"]
    assert good(iop("-n", "DEV")).endswith("\nNamespace: DEV\n")
    for flag in ("-s", "-q", "-e"):
        done = iop(flag)
        assert (done.returncode, done.stdout) == (2, ""), flag
        assert re.match("Error: no production .*no default", done.stderr.replace("there is ", "")), done.stderr
    assert "nothing has to be set up" in good(iop("-i"))


def test_migrate(iop: Iop) -> None:
    dry = iop("-m", "old_demo.py", "--dry-run")
    assert "Migration plan: " in good(dry)
    assert json.loads(good(iop("-l"))) == {}
    done = iop("-m", "old_demo.py", "--strict-production-validation")
    folder = iop.folder  # type: ignore[attr-defined]
    assert good(done).splitlines()[-1] == f"Migration succeeded in namespace USER: {folder}/old_demo.py"
    # What the file prints is no part of the plan, and it is run once.
    assert (done.stdout.count("the file was run"), done.stderr.count("the file was run")) == (0, 1)
    assert json.loads(good(iop("-l")))["Demo.Old"]["Status"] == "stopped"


def test_default(iop: Iop) -> None:
    assert good(iop("-d", "Demo.Old")) == "Demo.Old is the default production.\n"
    assert good(iop("-d")) == "Demo.Old\n"


def test_start_and_look(iop: Iop) -> None:
    assert good(iop("-s", "-D")).startswith("Production Demo.Old started")
    status = json.loads(good(iop("-x")))
    assert (status["Production"], status["Status"]) == ("Demo.Old", "running")
    assert good(iop("-xn", "USER")) == good(iop("--status"))
    queues = json.loads(good(iop("-q")))
    assert queues == json.loads(good(iop("-q", "Demo.Old")))
    assert (queues["production"], queues["warnings"]) == ("Demo.Old", [])
    assert [(entry["item"], entry["count"]) for entry in queues["items"]] == [("Intake", 0), ("Upper", 0)]


def test_test(iop: Iop) -> None:
    shown = good(iop("-t", "Upper", "-C", "old_demo.Text", "-B", '{"text": "é"}'))
    assert shown == 'classname: old_demo.Text\nbody:\n{\n    "text": "É"\n}\n'
    (iop.folder / "body.json").write_text('{"text": "file"}')  # type: ignore[attr-defined]
    assert '"FILE"' in good(iop("-t", "Upper", "-C", "old_demo.Text", "-B", "@body.json"))


def test_log_in_columns(iop: Iop) -> None:
    lines = good(iop("-L", "2")).splitlines()
    assert [line.rpartition(" ")[2] for line in lines] == ["é", "file"]
    # time, type, item, no job, message, session, no class, method, text
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} Info Upper  \d+ \d+  \w* took file", lines[1]), lines[1]
    assert iop("-L", "abc").returncode == 2
    assert iop("-L", "-5").returncode == 2


@pytest.mark.parametrize(
    ("form", "begin"),
    [
        ("json", '{\n    "Demo.Old": {'),
        ("python", ""),
        ("class", ""),
        ("graph", "Demo.Old\n"),
        ("mermaid", "flowchart LR\n"),
    ],
)
def test_export(iop: Iop, form: str, begin: str) -> None:
    shown = good(iop("-e", "Demo.Old", "--format", form))
    assert shown.startswith(begin)
    assert good(iop("-e", f"--format={form}")) == shown
    assert "Upper" in shown


def test_bindings(iop: Iop) -> None:
    rows = {row["class"]: row for row in json.loads(good(iop("--bindings")))}
    assert "Python.Spare" in rows
    unused = json.loads(good(iop("--bindings", "--unused")))
    assert [row["class"] for row in unused] == ["Python.Spare"]
    assert good(iop("--unbind", "Python.Spare")) == "Removed binding Python.Spare.\n"
    used = next(name for name in rows if name != "Python.Spare")
    refused = iop("--unbind", used)
    assert (refused.returncode, "is in use by Demo.Old/" in refused.stderr) == (2, True)
    assert iop("--unbind", "").returncode == 2


def test_plans(iop: Iop) -> None:
    folder: Path = iop.folder  # type: ignore[attr-defined]
    (folder / "new_demo.py").write_text(
        PRODUCTION.replace("prod.operation(Upper)", "prod.operation(Upper, pool_size=2)")
    )
    built = good(iop("--plan", "new_demo.py", "--production", "Demo.Old", "--out", "plan.json"))
    assert built == "Production change plan written to plan.json\n"
    shown = good(iop("--plan", "new_demo.py", "--production", "Demo.Old"))
    assert shown.startswith("Production change plan: Demo.Old\n  id: ")
    assert good(iop("--review-plan", "plan.json")) == shown
    before = iop("--verify-plan", "plan.json")
    assert (before.returncode, before.stdout.splitlines()[0]) == (3, "Production verify result: Demo.Old")
    missing = iop("--apply-plan", "plan.json")
    assert (missing.returncode, "--settings" in missing.stderr) == (2, True)
    good(iop("--apply-plan", "plan.json", "--settings", "new_demo.py", "--backup-dir", "backups"))
    assert iop("--verify-plan", "plan.json").returncode == 0
    (backup,) = (folder / "backups").iterdir()
    refused = iop("--rollback-backup", f"backups/{backup.name}")
    assert (refused.returncode, "allow_destructive" in refused.stderr) == (1, True), refused.stderr
    good(iop("--rollback-backup", f"backups/{backup.name}", "--allow-destructive"))
    assert iop("--verify-plan", "plan.json").returncode == 3


def test_update_restart_and_stop(iop: Iop) -> None:
    assert good(iop("-u")).startswith("Production Demo.Old updated")
    assert good(iop("-r")).startswith("Production Demo.Old restarted")
    assert good(iop("-S")) == "Production Demo.Old stopped.\n"
    assert good(iop("-s", "Demo.Old", "-D")).startswith("Production Demo.Old started")
    assert good(iop("-k")) == "Production Demo.Old ended.\n"
    for flag in ("-S", "-k", "-r", "-u"):
        done = iop(flag)
        assert (done.returncode, done.stdout) == (4, ""), (flag, done.stderr)
