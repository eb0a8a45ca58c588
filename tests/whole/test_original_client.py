"""The command-line client of the original, version 4.1.1, is satisfied with our server.

It is taken from the package index into an environment of its own and driven as a program, as its
users do. What it prints, its exit codes and the requests it makes are those that were recorded.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from iop import Director
from iop_migrate import migrate
from iop_server import Application, Listener, Role, ServerOptions, UserFile

pytestmark = pytest.mark.slow

CLIENT = "iris-pex-embedded-python==4.1.1"
# An environment that has it already, for those who run this often.
READY = "IOP_TEST_ORIGINAL_CLIENT"
PASSWORD = "password-of-u"
SECONDS = 120

PROJECT = """
from dataclasses import dataclass

from iop import BusinessOperation, BusinessService, Message, Production, handler, target


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


prod = Production("Demo.Original", testing_enabled=True)
intake = prod.service(Intake)
upper = prod.operation(Upper)
prod.connect(intake.Output, upper)
CLASSES = {"Python.Spare": Upper}
PRODUCTIONS = [prod]
"""

NAME = "Demo.Original"


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client's program."""
    ready = os.environ.get(READY)
    if ready:
        return Path(ready)
    folder = tmp_path_factory.mktemp("original")
    venv.create(folder, with_pip=True)
    done = subprocess.run(
        [folder / "bin" / "python", "-m", "pip", "install", "-q", CLIENT], capture_output=True, text=True, timeout=600
    )
    if done.returncode:
        pytest.skip(f"NOT TESTED: {CLIENT} could not be installed from the package index: {done.stderr[-300:]}")
    return folder / "bin" / "iop"


@dataclass
class Recorder:
    """An ASGI application that notes what another one is asked."""

    inner: Any
    lines: list[str] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        messages: list[Any] = []
        while not messages or messages[-1].get("more_body"):
            messages.append(await receive())
        body = b"".join(message.get("body", b"") for message in messages).decode()
        query = [f"{name}={value}" for name, value in parse_qsl(scope["query_string"].decode()) if name != "namespace"]
        path = scope["path"].removeprefix("/api/iop") + ("?" + "&".join(query) if query else "")
        self.lines.append(" ".join(part for part in (scope["method"], path, body) if part))

        async def again() -> Any:
            return messages.pop(0) if messages else await receive()

        await self.inner(scope, again, send)


@dataclass
class Client:
    """The client, logged in to a server; ``asked`` is what it asked in the last call."""

    program: Path
    folder: Path
    url: str
    recorder: Recorder
    asked: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        login = {"IOP_URL": self.url, "IOP_USERNAME": "u", "IOP_PASSWORD": PASSWORD, "IOP_NAMESPACE": "USER"}
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONUNBUFFERED": "1", **login}

    def __call__(self, *arguments: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        self.recorder.lines.clear()
        done = subprocess.run(
            [self.program, *arguments],
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        assert PASSWORD not in done.stdout + done.stderr
        self.asked = list(self.recorder.lines)
        return done

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments).stdout)

    def fails(self, *arguments: str) -> str:
        done = self(*arguments, code=1)
        assert re.fullmatch(r"Error: .+\n", done.stderr), done.stderr
        return done.stderr.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    file = tmp_path / "project" / "original_demo.py"
    file.write_text(PROJECT)
    return file


@pytest.fixture
def client(program: Path, tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setattr(sys, "path", [*sys.path])
    data = tmp_path / "data"
    users = UserFile(tmp_path / "users.json")
    users.add("u", Role.DEPLOYER, PASSWORD)
    director = Director(f"local://{data.as_posix()}")
    migrate(project, director=director)
    options = ServerOptions(
        users_file=users.path,
        audit_file=tmp_path / "audit.jsonl",
        url=f"local://{data.as_posix()}",
        upload_root=tmp_path / "uploads",
    )
    recorder = Recorder(Application(options, users).asgi)
    work = tmp_path / "work"
    work.mkdir()
    with Listener(recorder, "127.0.0.1", 0) as listener:  # type: ignore[arg-type]
        yield Client(program, work, listener.url, recorder)
    for control in data.glob("*.control"):
        os.kill(json.loads(control.read_text())["pid"], signal.SIGKILL)


def test_life_of_a_production(client: Client) -> None:
    assert client.json("-x") == {"production": "Not defined", "status": "stopped"}
    assert client.asked == ["GET /status", "GET /default"]
    assert client("-d").stdout == "Not defined\n"
    refused = "Error: no production name provided and no default production is defined."
    assert client.fails("-s", "-D") == refused
    assert client.fails("-q") == refused
    assert client("-d", NAME).stdout == ""
    assert client.asked == [f'PUT /default {{"production": "{NAME}"}}']
    assert client("-d").stdout == f"{NAME}\n"
    assert client("-s", "-D").stdout == f"Production {NAME} started\n"
    assert client.asked == ["GET /default", f'POST /start {{"production": "{NAME}"}}']
    assert client.json("-x") == {"production": NAME, "status": "running"}
    assert client.asked == ["GET /status"]
    assert client.json("-l")[NAME]["Status"] == "Running"
    assert client.asked == ["GET /list"]
    assert "'Nope'" in client.fails("-s", "Nope", "-D")
    assert client.asked == ['POST /start {"production": "Nope"}']
    for flag, path in (("-u", "update"), ("-r", "restart")):
        assert client(flag).stdout == ""
        assert client.asked == [f"POST /{path} {{}}"]
    assert client("-S").stdout == f"Production {NAME} stopped\n"
    assert client.asked == ["POST /stop {}", "GET /default"]
    assert client.fails("-S").startswith("Error: 409 Conflict: ")
    assert client("-s", NAME, "-D").stdout == f"Production {NAME} started\n"
    assert client.asked == [f'POST /start {{"production": "{NAME}"}}']
    assert client("-k").stdout == ""
    assert client.asked == ["POST /kill {}"]
    assert client.json("-x")["status"] == "stopped"


def test_what_a_production_is_made_of(client: Client) -> None:
    rows = client.json("-q", NAME)
    assert client.asked == [f"GET /queues?production={NAME}"]
    assert [(row["item"], row["queue_name"], row["count"]) for row in rows["items"]] == [
        ("Intake", "Intake", 0),
        ("Upper", "Upper", 0),
    ]
    assert list(client.json("-e", NAME)) == [NAME]
    assert client.asked == [f"GET /export?production={NAME}"]
    assert client.fails("-e").startswith("Error: 404 Not Found: no production was named, and there is no default one")
    assert client.asked == ["GET /default", "GET /export?production=Not defined"]
    both = [f"GET /export?production={NAME}", f"GET /connections?production={NAME}"]
    assert client("-e", NAME, "--format", "graph").stdout.splitlines()[:3] == [
        NAME,
        "  Intake [Python.originaldemo.Intake]",
        "    Output -> Upper [runtime]",
    ]
    assert client.asked == both
    for form, start in (("python", "# Generated"), ("class", "# Generated"), ("mermaid", "flowchart LR")):
        assert client("-e", NAME, "--format", form).stdout.startswith(start)
        assert client.asked == both
    assert "'Nope'" in client.fails("-e", "Nope")
    client("-d", NAME)
    client.json("-q")
    assert client.asked == ["GET /default", f"GET /queues?production={NAME}"]


def test_bindings(client: Client) -> None:
    rows = client.json("--bindings")
    assert client.asked == ["GET /bindings"]
    assert {row["class"]: row["used"] for row in rows} == {
        "Python.originaldemo.Intake": True,
        "Python.originaldemo.Upper": True,
        "Python.Spare": False,
    }
    assert [row["class"] for row in client.json("--bindings", "--unused")] == ["Python.Spare"]
    assert client.asked == ["GET /bindings?unused=1"]
    assert client("--unbind", "Python.Spare").stdout == "Removed binding Python.Spare.\n"
    assert client.asked == ["DELETE /binding?class=Python.Spare"]
    assert client.fails("--unbind", "Python.Spare").startswith("Error: 404 Not Found: ")
    assert f"{NAME}/Upper" in client.fails("--unbind", "Python.originaldemo.Upper")
    assert client.fails("--unbind", "") == "Error: IRIS class name is required."
    assert client.asked == []


def test_test_messages(client: Client) -> None:
    client("-s", NAME, "-D")
    text = '{"text": "h\u00e9"}'
    shown = 'classname: original_demo.Text\nbody:\n{\n    "text": "H\\u00c9"\n}\n'
    assert client("-t", "Upper", "-C", "original_demo.Text", "-B", text).stdout == shown
    (line,) = client.asked
    assert json.loads(line.removeprefix("POST /test ")) == {
        "target": "Upper", "classname": "original_demo.Text", "body": text, "restart": True, "namespace": "USER"
    } or json.loads(line.removeprefix("POST /test ")) == {
        "target": "Upper", "classname": "original_demo.Text", "body": text, "restart": True
    }  # fmt: skip
    (client.folder / "body.json").write_text(text)
    assert client("-t", "Upper", "-C", "original_demo.Text", "-B", "@body.json").stdout == shown
    assert "Production item does not exist: Nope" in client.fails("-t", "Nope")
    assert client.fails("-t")
    assert json.loads(client.asked[0].removeprefix("POST /test "))["target"] == ""
    assert client.fails("-t", "Upper", "-C", "original_demo.Text", "-B", "{")
    assert client.fails("-t", "Upper", "-C", "no.Such")


def test_log(client: Client) -> None:
    client("-s", NAME, "-D")
    for number in range(4):
        client("-t", "Upper", "-C", "original_demo.Text", "-B", f'{{"text": "n{number}"}}')
    shown = client("-L", "3").stdout.splitlines()
    assert client.asked == ["GET /log?top=3"]
    assert len(shown) == 3
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \w+ .*", shown[-1])
    took = [line for line in client("-L", "100").stdout.splitlines() if " took n" in line]
    assert [line.rpartition(" ")[2] for line in took] == ["n0", "n1", "n2", "n3"]
    for wrong in ("0", "-5"):
        assert client.fails("-L", wrong).startswith("Error: 4")


def _interrupted(client: Client, arguments: list[str], expected: Callable[[str], bool]) -> tuple[str, list[str]]:
    """Run the client until a line is as expected, interrupt it, and return all that it printed and asked."""
    client.recorder.lines.clear()
    with subprocess.Popen(
        [client.program, *arguments],
        cwd=client.folder,
        env=client.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        printed = ""
        for line in process.stdout:
            printed += line
            if expected(line) and any("since_id" in asked for asked in client.recorder.lines):
                break
            assert len(printed) < 100_000
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, errors
    return printed + rest, list(client.recorder.lines)


def test_start_with_log_until_interrupted(client: Client) -> None:
    noise = subprocess.Popen(
        [sys.executable, "-c", _MAKE_NOISE, str(client.program)], env=client.environment, start_new_session=True
    )
    try:
        printed, asked = _interrupted(client, ["-s", NAME], lambda line: "took" in line)
    finally:
        os.killpg(noise.pid, signal.SIGKILL)
        noise.wait()
    assert printed.startswith(f"Production '{NAME}' started. Streaming log \u2014 Ctrl-C to stop.\n")
    others = [line for line in asked if not line.startswith("POST /test")]
    assert others[:2] == [f'POST /start {{"production": "{NAME}"}}', "GET /log?top=10"]
    assert others[2].startswith("GET /log?since_id=")
    assert others[-1] == "POST /stop {}"
    assert client.json("-x")["status"] == "stopped"


# Sends test messages until it is ended; the production may not run yet.
_MAKE_NOISE = """
import subprocess, sys
while True:
    subprocess.run([sys.argv[1], "-t", "Upper", "-C", "original_demo.Text", "-B", "{}"], capture_output=True)
"""


def test_migrate(client: Client, project: Path) -> None:
    dry = client("-m", str(project), "--dry-run")
    assert client.asked == []
    assert dry.stdout.startswith(f"Migration plan: {project}\nMode: REMOTE\nNamespace: USER\n")
    project.write_text(PROJECT.replace('"Demo.Original"', '"Demo.Uploaded"'))
    done = client("-m", str(project))
    assert done.stdout.endswith(f"Migration succeeded in namespace USER: {project}\n")
    (line,) = client.asked
    sent = json.loads(line.removeprefix("PUT /migrate "))
    assert [file["name"] for file in sent["body"]] == ["original_demo.py"]
    assert "Demo.Uploaded" in client.json("-l")
    assert client("-s", "Demo.Uploaded", "-D").stdout == "Production Demo.Uploaded started\n"
    assert client("-t", "Upper", "-C", "original_demo.Text", "-B", '{"text": "a"}').stdout.endswith('"A"\n}\n')
    client("-k")
    project.write_text(PROJECT + "import sys\nif __file__ != sys.argv[-1]:\n    raise ValueError('only here')\n")
    assert "only here" in client.fails("-m", str(project))
    assert "Demo.Uploaded" in client.json("-l")


def test_plans(client: Client, project: Path) -> None:
    file = client.folder / "plan.json"
    assert (
        client("--plan", str(project), "--out", "plan.json").stdout == "Production change plan written to plan.json\n"
    )
    assert client.asked == [f"GET /export?production={NAME}", f"GET /connections?production={NAME}"]
    printed = client("--plan", str(project)).stdout
    assert re.match(rf"Production change plan: {NAME}\n  id: \w+\n  namespace: USER\n  operations:\n", printed)
    assert client("--review-plan", str(file)).stdout.startswith(f"Production change plan: {NAME}\n")
    assert client.asked == []
    assert client("--verify-plan", str(file)).stdout.startswith(f"Production verify result: {NAME}\n  plan: ")
    assert client.asked == [f"GET /export?production={NAME}", f"GET /connections?production={NAME}"]
    assert "not supported in v1" in client.fails("--apply-plan", str(file), "--settings", str(project))
    assert client.asked == []
    assert client.fails("--apply-plan", str(file)) == "Error: --apply-plan requires --settings."
    assert "not supported in v1" in client.fails("--rollback-backup", ".", "--allow-destructive")
    assert client.asked == []


def test_support_classes_are_taken(client: Client) -> None:
    lines = client("-i").stdout.splitlines()
    assert sum(line.startswith("Uploaded: IOP.") for line in lines) == 29
    assert len(client.asked) == 30
    assert client.asked[-1].startswith("POST /api/atelier/v1/USER/action/compile?flags=cuk ")


def test_namespaces_and_logins(client: Client) -> None:
    assert client("-n").stdout == "not set\n"
    assert client("-v").stdout == "4.1.1\n"
    assert client.asked == []
    assert f"Mode: REMOTE ({client.url})" in client().stdout
    assert client.asked == ["GET /default"]
    assert "'NS'" in client.fails("-xn", "NS")
    for wrong in ({"IOP_PASSWORD": "wrong-password"}, {"IOP_USERNAME": "", "IOP_PASSWORD": ""}):
        assert client("-x", code=1, **wrong).stderr.startswith("Error: 401 Unauthorized: ")
    refused = client("-x", code=1, IOP_URL="http://127.0.0.1:9")
    assert refused.stderr == "Error: Connection error: could not reach 'http://127.0.0.1:9'\n"
