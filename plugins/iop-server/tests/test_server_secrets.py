"""A secret that the server, a production or an upload holds is in nothing that the server says or writes."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from iop_director import Director
from iop_migrate import migrate
from iop_server.openapi import ALL_ROUTES

PLAIN = "canary-plain-4711"  # the value of a setting that sounds secret
REFERRED = "canary-referred-4712"  # an environment variable that a setting names
LOGIN = "canary-login-4713"  # a password of a user of the server
REMOTE = "canary-remote-4714"  # a password in REMOTE_SETTINGS
GIVEN = "canary-given-4715"  # something secret in a request that is refused
CANARIES = (PLAIN, REFERRED, LOGIN, REMOTE, GIVEN)

PRODUCTION = f"""
from dataclasses import dataclass

from iop import BusinessOperation, Message, Production, controls, handler, setting


@dataclass
class Note(Message):
    text: str = ""


class Sender(BusinessOperation):
    Password = ""
    ApiKey = ""
    Port = 1
    Pin = setting("", control=controls.secret())

    @handler(Note)
    def take(self, request):
        assert self.ApiKey.startswith("can")
        return Note("done")


REMOTE_SETTINGS = {{"url": "http://127.0.0.1:1", "password": "{REMOTE}"}}
prod = Production("Demo.Secret", testing_enabled=True)
prod.operation(Sender, settings={{"Password": "{PLAIN}", "Pin": "{PLAIN}", "ApiKey": "env:CANARY_KEY"}})
PRODUCTIONS = [prod]
"""


def found_in(place: str, text: str) -> list[tuple[str, str]]:
    return [(place, canary) for canary in CANARIES if canary in text]


@pytest.fixture
def secretive(director: Director, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, users_file: Path) -> None:
    monkeypatch.setenv("CANARY_KEY", REFERRED)
    monkeypatch.setattr(sys, "path", [*sys.path])
    sys.modules.pop("secret_demo", None)
    source = tmp_path / "project" / "secret_demo.py"
    source.parent.mkdir()
    source.write_text(PRODUCTION)
    migrate(source, director=director)
    from argon2 import PasswordHasher

    from iop_server import Role, UserFile

    UserFile(users_file, hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)).add(
        "carla", Role.DEPLOYER, LOGIN
    )


def test_no_canary_in_anything(
    secretive: None,
    serve: Callable[..., str],
    connect: Callable[..., httpx.Client],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    root = tmp_path / "uploads"
    client = connect(serve(upload_root=root), "", auth=("carla", LOGIN))
    answers: list[tuple[str, httpx.Response]] = []

    def ask(method: str, path: str, **more: object) -> httpx.Response:
        answer = client.request(method, path, **more)  # type: ignore[arg-type]
        answers.append((f"{method} {path}", answer))
        return answer

    assert ask("POST", "start", json={"production": "Demo.Secret"}).status_code == 200
    try:
        export = ask("GET", "export", params={"production": "Demo.Secret"}).json()
        settings = {each["@Name"]: each["#text"] for each in export["Demo.Secret"]["Item"][0]["Setting"]}
        assert settings == {"Password": "***", "Pin": "***", "ApiKey": "env:CANARY_KEY"}
        note = {"target": "Sender", "classname": "secret_demo.Note"}
        assert ask("POST", "test", json={**note, "body": {"text": "x"}}).json()["body"] == '{"text":"done"}'
        upload = [
            {"name": "settings.py", "data": PRODUCTION + "\nimport lib\n"},
            {"name": "lib.py", "data": "class Point:\n    x = 1\n"},
        ]
        assert ask("PUT", "migrate", json={"package": "one", "body": upload}).status_code == 200, answers[-1][1].text
        upload[1]["data"] = "raise ValueError('wrong')"
        assert ask("PUT", "migrate", json={"package": "one", "body": upload}).status_code == 422
        for route in ALL_ROUTES:
            path = f"{client.base_url.copy_with(path=route.bases[0] + route.path.format(space='USER', name='A.cls'))}"
            for given in (
                {},
                {"production": "Demo.Secret"},
                {"component": {"password": GIVEN}, "target": [GIVEN], "production": {"a": GIVEN}, "body": GIVEN},
            ):
                if not route.path.endswith(("/stop", "/kill", "/start", "/restart")) or "component" in path:
                    more = (
                        {"json": given}
                        if route.body is not None
                        else {"params": given if "target" not in given else {}}
                    )
                    ask(route.method, path, **more)
        with httpx.Client(base_url=client.base_url, trust_env=False) as stranger:
            wrong = (("carla", LOGIN + "x"), (GIVEN, GIVEN), ("carla", GIVEN))
            answers += [("wrong log-in", stranger.get("status", auth=login)) for login in wrong]
    finally:
        ask("POST", "kill")

    found: list[tuple[str, str]] = []
    for what, answer in answers:
        found += found_in(what, answer.text + str(answer.headers))
    printed = capfd.readouterr()
    found += found_in("printed", printed.out + printed.err)
    found += found_in("logged", caplog.text)
    written = [tmp_path / "audit.jsonl", tmp_path / "users.json", *(tmp_path / "data").glob("*.log")]
    for path in [*written, *(path for path in root.rglob("*") if path.is_file())]:
        # The setting is written in the code itself, which its author uploaded; all else must not be.
        content = path.read_text(errors="replace").replace(f'"Password": "{PLAIN}", "Pin": "{PLAIN}"', "")
        found += found_in(str(path), content)
    assert found == []
    assert (tmp_path / "audit.jsonl").read_text().count('"done"') >= 2


def test_unexpected_error_tells_its_kind_only(
    serve: Callable[..., str], connect: Callable[..., httpx.Client], caplog: pytest.LogCaptureFixture, folder: Path
) -> None:
    from iop_core.backends import Backend
    from iop_core.plugins import PluginRegistry

    class Broken(Backend):
        name = "local"

        @classmethod
        def open(cls, url: str, *, namespace: str) -> Backend:
            return cls()

        def history(self) -> object:  # type: ignore[override]
            raise OSError(f"cannot log in with {GIVEN}")

        def connect(self) -> object:  # type: ignore[override]
            raise OSError(f"cannot log in with {GIVEN}")

        def run(self, production: object, options: object) -> object:  # type: ignore[override]
            raise NotImplementedError

    class Plugin:
        pass

    registry = PluginRegistry(discover=False)
    from iop_core.hookspecs import hookimpl

    Plugin.iop_backends = staticmethod(hookimpl(lambda: [Broken]))  # type: ignore[attr-defined]
    registry.register(Plugin, name="broken")
    client = connect(serve(plugins=registry))
    answer = client.get("status")
    assert answer.status_code == 500
    assert answer.json() == {
        "error": "the server failed unexpectedly (OSError); its log says where",
        "code": "unexpected",
    }
    assert "OSError" in caplog.text
    assert GIVEN not in caplog.text


def test_command_line_keeps_the_password_of_a_user_for_itself(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "iop_cli", "--debug", "server", "user", "add", "an:n", "--password-stdin"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IOP_")}
    done = subprocess.run(
        command, input=f"{LOGIN}\n", cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    assert found_in("command", json.dumps([done.stdout, done.stderr])) == []
