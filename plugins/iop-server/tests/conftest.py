"""A server on a free port of this machine, with three users, and productions it can start."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from iop_core.backends import RunningProduction
from iop_director import Director
from iop_director.deployed_production import load_definition
from iop_migrate import migrate
from iop_server import Application, Listener, Role, ServerOptions, UserFile

# Hashing is slow on purpose; here it need not be.
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORDS = {"vera": "vera-password", "otto": "otto-password", "dora": "dora-password"}
ROLES = {"vera": Role.VIEWER, "otto": Role.OPERATOR, "dora": Role.DEPLOYER}

PRODUCTION = """
from dataclasses import dataclass

from iop import BusinessOperation, BusinessService, Message, Production, handler, target


@dataclass
class Text(Message):
    text: str = ""


class Intake(BusinessService):
    Output = target()

    def on_process_input(self, message_input):
        return self.send_request_sync(self.Output, Text(message_input))


class Upper(BusinessOperation):
    @handler(Text)
    def take(self, request):
        self.log_info(f"took {request.text}")
        return Text(request.text.upper())


prod = Production("Demo.Served", testing_enabled=True)
intake = prod.service(Intake)
upper = prod.operation(Upper)
prod.connect(intake.Output, upper)
CLASSES = {"Python.Spare": Upper}
PRODUCTIONS = [prod]
"""

Serve = Callable[..., str]


@pytest.fixture
def users_file(tmp_path: Path) -> Path:
    path = tmp_path / "users.json"
    users = UserFile(path, hasher=QUICK)
    for name, role in ROLES.items():
        users.add(name, role, PASSWORDS[name])
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The data directory; what was started in it is killed at the end."""
    data = tmp_path / "data"
    yield data
    for control in data.glob("*.control"):
        try:
            os.kill(json.loads(control.read_text())["pid"], signal.SIGKILL)
        except (OSError, ValueError):
            pass


@pytest.fixture
def director(folder: Path) -> Director:
    return Director(f"local://{folder.as_posix()}")


@pytest.fixture
def deployed(director: Director, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A deployed production; its name."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    # Each test is a program of its own: what an earlier one imported is not there.
    sys.modules.pop("served_demo", None)
    project = tmp_path / "project"
    project.mkdir()
    (project / "served_demo.py").write_text(PRODUCTION)
    migrate(project / "served_demo.py", director=director)
    return "Demo.Served"


@pytest.fixture
def serve(users_file: Path, folder: Path, tmp_path: Path) -> Iterator[Serve]:
    """Start a server with other options than usual; returns its URL."""
    listeners: list[Listener] = []

    def start(**options: object) -> str:
        settings: dict[str, object] = {
            "users_file": users_file,
            "audit_file": tmp_path / "audit.jsonl",
            "url": f"local://{folder.as_posix()}",
            **options,
        }
        made = ServerOptions(**settings)  # type: ignore[arg-type]
        users = None if made.users_file is None else UserFile(made.users_file, hasher=QUICK)
        listeners.append(Listener(Application(made, users).asgi, "127.0.0.1", 0).__enter__())
        return listeners[-1].url

    yield start
    for listener in listeners:
        listener.__exit__(None, None, None)


Connect = Callable[..., httpx.Client]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Make a client that asks as a user; an empty name: as nobody."""
    clients: list[httpx.Client] = []

    def make(url: str, user: str = "dora", **options: object) -> httpx.Client:
        login = (user, PASSWORDS[user]) if user else None
        base = f"{url}/api/iop/"
        settings: dict[str, Any] = {"auth": login, "timeout": 60, "trust_env": False, **options}
        clients.append(httpx.Client(base_url=base, **settings))
        return clients[-1]

    yield make
    for each in clients:
        each.close()


@pytest.fixture
def running(director: Director, deployed: str) -> Iterator[RunningProduction]:
    """The deployed production, which runs in this very process."""
    production = load_definition(director.backend.deployments(), deployed)
    run = director.run(production)
    yield run
    run.stop()


@pytest.fixture
def dora(serve: Serve, connect: Connect) -> httpx.Client:
    """A client that asks as a deployer."""
    return connect(serve())


@pytest.fixture
def audit(tmp_path: Path) -> Callable[[], list[dict[str, object]]]:
    """Return the entries of the audit file, without their times."""

    def read() -> list[dict[str, object]]:
        file = tmp_path / "audit.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        return [{key: value for key, value in json.loads(line).items() if key != "time"} for line in lines]

    return read
