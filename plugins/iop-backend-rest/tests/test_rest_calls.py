"""Each call of a director is the request that a server of the REST API v1 expects."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from iop_core.errors import (
    BackendUnavailableError,
    ConfigurationError,
    LifeCycleError,
    RequestTimeoutError,
    UnsupportedByBackendError,
)
from iop_core.headers import EMPTY_BODY
from iop_core.messages import Message
from iop_director import Director, DirectorProtocol
from iop_production import Production

RUNNING = {"production": "Demo.P", "status": "running"}
STOPPED = {"production": "Demo.P", "status": "stopped"}

Make = Callable[..., Director]


@dataclass
class Order(Message):
    text: str = ""


def test_every_request_has_the_namespace_and_a_login(server: Any, director: Make, monkeypatch: Any) -> None:
    server.answers["GET /status"] = RUNNING
    director(namespace="A B&c").status_production()
    assert server.asked[0].query == {"namespace": "A B&c"}
    assert server.asked[0].headers["Authorization"] == "Basic Og=="
    monkeypatch.setenv("IOP_USERNAME", "u")
    monkeypatch.setenv("IOP_PASSWORD", "p\u00e9")
    director().status_production()
    assert server.asked[1].headers["Authorization"] == "Basic " + base64.b64encode("u:p\u00e9".encode()).decode()
    monkeypatch.setenv("IOP_TOKEN", "iop_t")
    director().status_production()
    assert server.asked[2].headers["Authorization"] == "Bearer iop_t"


def test_address_may_have_a_path(server: Any) -> None:
    server.answers["GET /status"] = RUNNING
    assert Director(f"{server.url}/prefix/").status().production == "Demo.P"
    assert server.asked[0].path == "/prefix/api/iop/status"


def test_status_asks_for_the_default_when_there_is_no_name(server: Any, director: Make) -> None:
    server.answers.update({"GET /status": {"production": "", "status": "stopped"}, "GET /default": {"production": "D"}})
    found = director().status_production()
    assert (found["Production"], found["Status"], found["Location"]) == ("D", "stopped", server.url)
    server.answers["GET /default"] = ""
    assert director().get_default_production() == "Not defined"


def test_start(server: Any, director: Make) -> None:
    server.answers.update({"GET /status": STOPPED, "GET /default": {"production": "D"}, "POST /start": {}})
    director().start_production("Demo.P")
    assert (server.lines, server.asked[-1].body) == (["GET /status", "POST /start"], {"production": "Demo.P"})
    director().start_production()
    assert server.asked[-1].body == {"production": "D"}
    server.answers["GET /default"] = {"production": "Not defined"}
    with pytest.raises(ConfigurationError, match="no default one"):
        director().start_production()
    server.answers["GET /status"] = RUNNING
    with pytest.raises(LifeCycleError, match="runs in namespace 'USER' already; stop or"):
        director().start_production("Demo.P")


@pytest.mark.parametrize(
    ("call", "lines"),
    [
        (lambda it: it.stop_production(), ["GET /status", "POST /stop"]),
        (lambda it: it.shutdown_production(), ["POST /kill"]),
        (lambda it: it.restart_production(), ["POST /restart", "GET /status"]),
        (lambda it: it.update_production(), ["GET /status", "POST /update"]),
        (lambda it: it.set_default_production("X"), ["PUT /default"]),
        (lambda it: it.unbind_component("A.B"), ["DELETE /binding"]),
    ],
)
def test_deeds(call: Callable[[Director], object], lines: list[str], server: Any, director: Make) -> None:
    server.answers.update({line: {} for line in lines})
    server.answers["GET /status"] = RUNNING
    call(director())
    assert server.lines == lines
    deed = next(asked for asked in server.asked if asked.method != "GET")
    assert deed.method == "DELETE" or isinstance(deed.body, dict)


@pytest.mark.parametrize("deed", ["start", "stop", "restart"])
def test_components(deed: str, server: Any, director: Make) -> None:
    server.answers.update({"GET /status": RUNNING, f"POST /component/{deed}": {}})
    getattr(director(), f"{deed}_component")("Out", reason="no p\u00e4per")
    assert server.asked[-1].body == {"component": "Out"}
    assert server.asked[-1].query == {"namespace": "USER", "reason": "no p\u00e4per"}


def test_update_tells_what_changed_where_the_server_does(server: Any, director: Make) -> None:
    server.answers.update({"GET /status": RUNNING, "POST /update": {"status": "updated", "added": ["A"]}})
    assert director().update_production().added == ("A",)  # type: ignore[attr-defined]


def test_nothing_runs(server: Any, director: Make) -> None:
    server.answers["GET /status"] = STOPPED
    for call in (director().stop_production, director().update_production, director().connect):
        with pytest.raises(BackendUnavailableError, match="no production runs in namespace 'USER'"):
            call()
    assert set(server.lines) == {"GET /status"}


def test_trial_message_of_a_class_here(server: Any, director: Make) -> None:
    name = f"{Order.__module__}.Order"
    server.answers.update(
        {"GET /status": RUNNING, "POST /test": {"classname": name, "body": '{"text": "\u00e9"}', "truncated": 0}}
    )
    reply = director().test_component("Out", Order("a"))
    assert reply == Order("\u00e9")
    assert server.asked[-1].body == {
        "target": "Out", "classname": name, "body": '{"text":"a"}', "restart": False, "namespace": "USER"
    }  # fmt: skip


def test_trial_message_by_name(server: Any, director: Make) -> None:
    server.answers.update(
        {
            "GET /status": RUNNING,
            "POST /component/restart": {},
            "POST /test": {"classname": "X.Y", "body": "<xml/>", "truncated": 1},
        }
    )
    reply = director().test_component("Out", classname="iris.X.Y", body={"a": 1}, restart=True)
    assert reply == {"classname": "X.Y", "body": "<xml/>", "truncated": True}
    assert server.lines == ["GET /status", "POST /component/restart", "POST /test"]
    sent = server.asked[-1].body
    assert (sent["classname"], sent["body"], sent["restart"]) == ("iris.X.Y", '{"a": 1}', False)


@pytest.mark.parametrize(("told", "session_id"), [({"session_id": 42}, 42), ({}, 0), ({"session_id": "x"}, 0)])
def test_trial_tells_its_session(server: Any, director: Make, told: dict[str, object], session_id: int) -> None:
    server.answers.update({"GET /status": RUNNING, "POST /test": told})
    assert director().backend.connect().call_body("Out", EMPTY_BODY, 5.0).session_id == session_id


def test_trial_without_a_message_and_reply(server: Any, director: Make) -> None:
    server.answers.update({"GET /status": RUNNING, "POST /test": {}})
    assert director().test_component("Out") is None
    assert server.asked[-1].body == {"target": "Out", "restart": False, "namespace": "USER"}


def test_trial_that_gets_no_reply(server: Any, director: Make, answer: Any) -> None:
    server.answers.update({"GET /status": RUNNING, "POST /test": answer({"error": "late", "code": "no-reply"}, 504)})
    with pytest.raises(RequestTimeoutError, match="no reply from 'Out' within 5 s"):
        director().test_component("Out", timeout_seconds=5)


def test_bindings(server: Any, director: Make) -> None:
    row = {"class": "Python.A", "super": "IOP.BusinessOperation", "module": "m", "classname": "A", "classpaths": "/p"}
    server.answers["GET /bindings"] = [{**row, "used": 1, "used_by": [{"production": "P", "item": "I"}]}]
    assert [each["used"] for each in director().list_bindings()] == [True]
    assert server.asked[-1].query == {"namespace": "USER"}
    director().list_bindings(True)
    assert server.asked[-1].query == {"namespace": "USER", "unused": "1"}
    found = director().backend.deployments().components()[0]
    assert (found.iris_name, found.kind, found.python_name) == ("Python.A", "BusinessOperation", "m.A")


def test_production_is_read_with_its_connections(server: Any, director: Make) -> None:
    export = {"@Name": "Demo.P", "Item": [
        {"@Name": "In", "@ClassName": "EnsLib.File.PassthroughService",
         "Setting": {"@Target": "Host", "@Name": "TargetConfigNames", "#text": "Out"}},
        {"@Name": "Out", "@ClassName": "Python.bo.FileOperation"},
    ]}  # fmt: skip
    items = [{"item": "In", "connections": ["Out"], "kind": "service"}, {"item": "Out", "connections": []}]
    server.answers.update(
        {
            "GET /export": {"Demo.P": export},
            "GET /connections": {"production": "Demo.P", "items": items, "warnings": []},
            "GET /queues": {"production": "Demo.P", "items": [{"item": "Out", "queue_name": "Out", "count": 3}]},
            "GET /status": RUNNING,
            "GET /list": {"Demo.P": {"Status": "Running"}},
        }
    )
    found = director()
    assert isinstance(found, DirectorProtocol)
    assert found.export_production("Demo.P")["Demo.P"]["Item"][0]["Setting"] == [
        {"@Target": "Host", "@Name": "TargetConfigNames", "#text": "Out"}
    ]
    production = Production.from_iris("Demo.P", director=found)
    assert [(edge.source_item, edge.target, edge.origin) for edge in production.edges] == [("In", "Out", "runtime")]
    assert found.export_production_queue_info("Demo.P")["items"][0]["count"] == 3
    assert [(queue.name, queue.count) for queue in found.queues()] == [("Out", 3)]
    assert list(found.list_productions()) == ["Demo.P"]


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda it: it.trace(), "show a trace"),
        (lambda it: it.count_messages(), "count messages"),
        (lambda it: it.items(), "list items"),
        (lambda it: it.purge(), "purge"),
        (lambda it: it.abort_messages([1]), "abort"),
        (lambda it: it.apply_production_plan({"production": "P"}), "apply plans"),
        (lambda it: it.run(Production("P")), "run 'P' in this process"),
        (lambda it: it.get_business_service("In"), "run a service outside"),
        (lambda it: it.backend.deployments().schemas(), "schemas"),
    ],
)
def test_what_the_api_cannot_do_says_what_it_can(call: Any, what: str, server: Any, director: Make) -> None:
    server.answers["GET /status"] = RUNNING
    with pytest.raises(UnsupportedByBackendError, match=f"{what}.*it can start, stop, kill"):
        call(director())
    assert set(server.lines) <= {"GET /status"}
