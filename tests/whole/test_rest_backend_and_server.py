"""The backend for servers and our server, in one process: what a test with a script for a server cannot show."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from iop import BusinessOperation, Director, Message, Production, handler
from iop_core.errors import (
    BackendUnavailableError,
    ComponentInUseError,
    RefusedTestError,
    RequestTimeoutError,
    UnknownItemError,
)
from iop_core.server_errors import AccessDeniedError, ServerError
from iop_director.event_log import follow_log
from iop_server import Application, Listener, Role, ServerOptions, UserFile

PASSWORD = "correct-horse-battery"


@dataclass
class Text(Message):
    text: str = ""


class Upper(BusinessOperation):
    @handler(Text)
    def take(self, request: Text) -> Text:
        self.log_info(f"took {request.text}")
        if request.text == "wait":
            time.sleep(2)
        return Text(request.text.upper())


def production(**options: Any) -> Production:
    made = Production("Demo.Near", **options)
    made.operation("Upper", Upper)
    return made


@pytest.fixture
def local(tmp_path: Path) -> Director:
    return Director(f"local://{(tmp_path / 'data').as_posix()}")


@pytest.fixture
def running(local: Director) -> Iterator[Any]:
    engine = local.run(production(testing_enabled=True))
    yield engine
    engine.stop()


Serve = Callable[..., Listener]


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    users = UserFile(tmp_path / "users.json")
    for role in Role:
        users.add(role.word, role, PASSWORD)
    listeners: list[Listener] = []
    monkeypatch.setenv("IOP_USERNAME", "deployer")
    monkeypatch.setenv("IOP_PASSWORD", PASSWORD)

    def start(port: int = 0, **options: Any) -> Listener:
        made = ServerOptions(
            users_file=users.path,
            audit_file=tmp_path / "audit.jsonl",
            url=f"local://{(tmp_path / 'data').as_posix()}",
            **options,
        )
        listeners.append(Listener(Application(made, users).asgi, "127.0.0.1", port).__enter__())
        return listeners[-1]

    yield start
    for listener in listeners:
        listener.__exit__(None, None, None)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_log_goes_on_when_the_server_was_away(running: Any, local: Director, serve: Serve) -> None:
    port = free_port()
    server = serve(port)
    director = Director(server.url)
    seen: list[Any] = []
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        time.sleep(0.02)

    def follow() -> None:
        for entry in follow_log(director.log, first=3, wait=pause):
            seen.append(entry)
            if entry.text == "took 9":
                return

    for number in range(3):
        running.call("Upper", Text(str(number)), timeout_seconds=30)
    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    while not seen:
        time.sleep(0.01)
    for number in range(3, 6):
        running.call("Upper", Text(str(number)), timeout_seconds=30)
    server.__exit__(None, None, None)
    for number in range(6, 10):
        running.call("Upper", Text(str(number)), timeout_seconds=30)
    while not any(seconds > 1 for seconds in pauses):  # it noticed that nobody answers
        time.sleep(0.01)
    serve(port)
    thread.join(60)
    ids = [entry.entry_id for entry in seen]
    assert ids == [entry.entry_id for entry in local.log() if entry.entry_id >= ids[0]]
    assert [entry.text for entry in seen if entry.text.startswith("took")][-10:] == [
        f"took {number}" for number in range(10)
    ]


def test_pages_of_a_long_log_are_put_together(running: Any, local: Director, serve: Serve) -> None:
    running.send_many("Upper", [Text(str(number)) for number in range(1200)])
    assert running.wait_until_idle(120)
    there = Director(serve().url).log(since_id=1)
    assert [(entry.entry_id, entry.text, entry.item, entry.type) for entry in there] == [
        (entry.entry_id, entry.text, entry.item, entry.type) for entry in local.log(since_id=1)
    ]
    assert len(there) >= 1200


def test_answers_have_the_errors_of_this_machine(running: Any, serve: Serve) -> None:
    director = Director(serve(test_seconds=0.2).url)
    assert director.test_component("Upper", Text("a")) == Text("A")
    with pytest.raises(UnknownItemError, match="Nope"):
        director.test_component("Nope", Text("a"))
    with pytest.raises(RequestTimeoutError, match="'Upper'"):
        director.test_component("Upper", Text("wait"))
    with pytest.raises(ServerError, match=r"no\.Such"):
        director.test_component("Upper", classname="no.Such", body={})
    with pytest.raises(ServerError, match="Nope") as caught:
        director.start_component("Nope")
    assert caught.value.status == 404


def test_production_that_takes_no_test_messages(local: Director, serve: Serve) -> None:
    engine = local.run(production())
    try:
        with pytest.raises(RefusedTestError, match="testing"):
            Director(serve().url).test_component("Upper", Text("a"))
    finally:
        engine.stop()


def test_roles(running: Any, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    url = serve().url
    monkeypatch.setenv("IOP_USERNAME", "viewer")
    assert Director(url).status_production()["Status"] == "running"
    with pytest.raises(AccessDeniedError, match="not allowed for this user") as caught:
        Director(url).restart_component("Upper")
    assert PASSWORD not in str(caught.value)
    monkeypatch.setenv("IOP_PASSWORD", "wrong-password")
    with pytest.raises(AccessDeniedError, match="wants to know who asks"):
        Director(url).status_production()


def test_nothing_runs(local: Director, serve: Serve) -> None:
    director = Director(serve().url)
    assert director.status_production()["Status"] == "stopped"
    assert director.log() == []
    with pytest.raises(BackendUnavailableError, match="no production runs"):
        director.stop_production()
    with pytest.raises(ServerError, match=r"'Demo\.Nope'"):
        director.start_production("Demo.Nope")


def test_class_in_use_stays(local: Director, serve: Serve) -> None:
    local.register_component(__name__, "Upper", str(Path(__file__).parents[2]), 1, "Python.Used")
    definition = {"Production": {"@Name": "Demo.Q", "Item": {"@Name": "I", "@ClassName": "Python.Used"}}}
    local.register_production_definition("Demo.Q", definition)
    director = Director(serve().url)
    assert [row["used_by"] for row in director.list_bindings()] == [[{"production": "Demo.Q", "item": "I"}]]
    with pytest.raises((ServerError, ComponentInUseError), match=r"Demo\.Q/I"):
        director.unbind_component("Python.Used")
    assert [row["class"] for row in local.list_bindings()] == ["Python.Used"]
