"""A secret never shows up in the output of any command, nor in a file that others can read."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# One that is written down in the production, one that the production only names, one of a class that
# declares it as secret, one of a system default, one of the URL.
PLAIN, NAMED, DECLARED, DEFAULT, ADDRESS = (
    f"canary-{kind}-Zq7" for kind in ("plain", "named", "pin", "default", "url")
)
CANARIES = (PLAIN, NAMED, DECLARED, DEFAULT, ADDRESS)

PRODUCTION = f"""
from dataclasses import dataclass
from iop import BusinessOperation, Message, Production, controls, handler, setting


@dataclass
class Text(Message):
    text: str = ""


class Login(BusinessOperation):
    Password = setting("")
    ApiKey = setting("")
    Pin = setting("", control=controls.secret())
    Host = setting("")
    Token = setting("")
    seen = ""

    def on_init(self):
        assert self.ApiKey == "{NAMED}", "the reference was not resolved"

    @handler(Text)
    def take(self, request):
        self.log_info(f"took {{request.text}}")
        if request.text == "fail":
            raise ValueError("cannot log in")
        return Text("done")


prod = Production("Demo.Canary", testing_enabled=True)
prod.operation(Login, settings={{"Password": "{PLAIN}", "ApiKey": "env:CANARY_KEY", "Pin": "{DECLARED}", "Host": "h"}})
PRODUCTIONS = [prod]
"""

# Every command that reads, writes or fails; {url} has a password in it.
LINES = """
doctor
doctor --json
plugins
check canary.py
check canary.py --json
migrate canary.py --dry-run
migrate canary.py
migrate canary.py --json
settings set Token {default} --item Login
settings set Token {default} --item Login --json
settings list
settings list --json
settings explain canary.py Login
settings explain canary.py Login.Password
settings explain canary.py Login --json
settings explain Demo.Canary Login --json
default Demo.Canary
list
list --json
start Demo.Canary --detach
status
status --json
-x
component list
component list --json
component restart Login
queue
queue Demo.Canary --json
test Login -C canary.Text -B {{"text":"x"}}
test Login -C canary.Text -B {{"text":"fail"}}
test Login -C canary.Absent
messages
messages --json
messages --error --json
trace
trace --json --full
trace --format mermaid
log
log --json
log --format columns
log --level error
audit
audit --json
bindings list
bindings list --json
export canary.py
export canary.py --format python
export canary.py --format class
export canary.py --format xml
export canary.py --format mermaid
export Demo.Canary
export Demo.Canary --format python
-e Demo.Canary
export canary.py --output exported.json
graph canary.py
graph Demo.Canary --json
plan build changed.py --out plan.json
plan build changed.py --json
plan review plan.json
plan review plan.json --json
plan apply plan.json --settings changed.py --allow-destructive --backup-dir backups
plan apply plan.json --settings changed.py --json
plan verify plan.json
plan verify plan.json --json
update
restart
stop
run broken.py
run canary.py --until-idle --data-dir other
export broken.py
migrate broken.py
status --url {url}
doctor --url {url}
--url {url}
status -R remote.py
doctor --remote-settings remote.py --json
log --nonsense
--debug test Nobody
--debug status --url {url}
"""

# These have to hold the value, as productions run and are put back from them; only their owner can read them.
PRIVATE = ("deployments.db", "plan.json", "production.json", "production.xml", "plan_", "user.settings.json")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "canary.py").write_text(PRODUCTION)
    (tmp_path / "changed.py").write_text(PRODUCTION.replace(PLAIN, f"{PLAIN}-new").replace(DECLARED, f"{DECLARED}-new"))
    (tmp_path / "broken.py").write_text(PRODUCTION + "prod.operation('Second', Login, settings={'Bogus': 1}).nothing\n")
    (tmp_path / "remote.py").write_text(
        f"REMOTE_SETTINGS = {{'url': 'http://127.0.0.1:9', 'username': 'u', 'password': '{ADDRESS}'}}\n"
    )
    yield tmp_path
    for control in tmp_path.glob("*/*.control"):
        os.kill(json.loads(control.read_text())["pid"], signal.SIGKILL)


@pytest.mark.slow
def test_no_canary_sings(folder: Path) -> None:
    sources = set(folder.iterdir())
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IOP_")}
    environment |= {"CANARY_KEY": NAMED, "TMPDIR": str(folder)}
    url = f"http://bob:{ADDRESS}@127.0.0.1:9"
    codes: dict[str, int] = {}
    errors: dict[str, str] = {}
    for line in LINES.strip().splitlines():
        args = line.format(default=DEFAULT, url=url).split()
        done = subprocess.run(
            [sys.executable, "-m", "iop_cli", *args],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        codes[line] = done.returncode
        errors[line] = done.stderr
        shown = done.stdout + done.stderr
        assert not [canary for canary in CANARIES if canary in shown], (line, shown)
    # They did what they are for; else silence would prove nothing.
    assert codes["start Demo.Canary --detach"] == 0, errors["start Demo.Canary --detach"]
    expected = {"test Login -C canary.Absent": 1, "log --nonsense": 2, "--debug test Nobody": 4, "run broken.py": 2}
    assert {line: codes[line] for line in expected} == expected, [errors[line] for line in expected]
    for line in ("start Demo.Canary --detach", "migrate canary.py", "export canary.py", "restart", "stop", "audit"):
        assert codes[line] == 0, (line, errors[line])
    assert [line for line, code in codes.items() if "{url}" in line and code not in (0, 2, 3)] == []
    assert sum(code == 0 for code in codes.values()) > 55, errors

    loud: list[str] = []
    for file in folder.rglob("*"):
        if not file.is_file() or file in sources or "__pycache__" in file.parts:
            continue
        found = [canary for canary in CANARIES if canary.encode() in file.read_bytes()]
        if not found:
            continue
        is_private = not stat.S_IMODE(file.stat().st_mode) & 0o077 or not file.parent.stat().st_mode & 0o077
        if NAMED in found or not is_private or not file.name.startswith(PRIVATE):
            loud.append(f"{file.relative_to(folder)} {oct(file.stat().st_mode)}: {', '.join(found)}")
    assert loud == []
