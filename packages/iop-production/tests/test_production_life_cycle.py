"""Running and inspecting a production through its director."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass

import pytest
from pydantic import BaseModel

from iop_core import Message
from iop_core.errors import IopError, LifeCycleError
from iop_production import Production

STOP = "Stop 'Other' first with `iop --stop`, then "
SELECT = (
    "Select 'Demo.Production' with `prod.set_default()` or start it with `prod.start()` before using this lifecycle "
    "method."
)


@dataclass
class OrderRequest(Message):
    order_id: str = ""


class Model(BaseModel):
    name: str = "é"


@pytest.fixture
def director(director_of, prod):
    return director_of(prod)


@pytest.fixture
def running(prod, director):
    return prod.with_director(director)


@pytest.mark.parametrize(
    ("call", "method"),
    [
        ("stop", "stop_production"),
        ("restart", "restart_production"),
        ("kill", "shutdown_production"),
        ("update", "update_production"),
    ],
)
def test_guarded_calls(running, director, call, method) -> None:
    director.status = {"production": "Demo.Production", "status": "stopped"}
    getattr(running, call)()
    assert director.calls == ["status_production", method]
    director.status = {"Production": "Other.Production", "Status": "running"}
    with pytest.raises(RuntimeError) as raised:
        getattr(running, call)()
    assert str(raised.value) == (
        f"Cannot {call} production 'Demo.Production': current/default production is 'Other.Production'. {SELECT}"
    )
    assert director.calls == ["status_production", method, "status_production"]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({"Status": "stopped"}, f"current status is 'stopped'. {SELECT}"),
        ({}, f"runtime status did not report a current/default production. {SELECT}"),
        (RuntimeError("down"), "could not verify production status (down)."),
        ("junk", "production status response is invalid ('junk')."),
    ],
)
def test_what_is_not_known_to_be_current_is_left_alone(running, director, status, said) -> None:
    director.status = status
    with pytest.raises(LifeCycleError) as raised:
        running.stop()
    assert str(raised.value) == f"Cannot stop production 'Demo.Production': {said}"
    with pytest.raises(LifeCycleError) as raised:
        running.item("OrderOperation").start()
    assert str(raised.value) == f"Cannot start component 'OrderOperation' in production 'Demo.Production': {said}"
    assert director.calls == ["status_production"] * 2


@pytest.mark.parametrize("verb", ["start", "stop", "restart"])
def test_calls_of_items(running, director, verb) -> None:
    getattr(running, f"{verb}_component")(running.item("FileInput").Output)
    getattr(running.item("FileInput"), verb)()
    assert director.calls == ["status_production", f"{verb}_component"] * 2
    assert director.arguments[f"{verb}_component"] == ("FileInput",)
    with pytest.raises(ValueError, match="does not exist: Nope"):
        running.start_component("Nope")


def test_calls_without_a_guard(running, director) -> None:
    running.start()
    running.start(detach=False)
    running.set_default()
    running.log()
    running.log(5)
    assert running.status() == director.status
    assert running.export() == running.to_dict()
    assert director.calls == [
        *("start_production", "start_production_with_log", "set_default_production"),
        *("log_production", "log_production_top", "status_production", "export_production"),
    ]
    assert director.arguments == {
        **dict.fromkeys(
            ("start_production", "start_production_with_log", "set_default_production"), ("Demo.Production",)
        ),
        "log_production": (),
        "log_production_top": (5,),
    }


def test_a_director_that_was_given_is_used_as_it_is(running, director) -> None:
    running.in_namespace("OTHER").start()
    assert not hasattr(director, "namespace")
    assert director.arguments["start_production"] == ("Demo.Production",)


def test_without_a_director(prod, no_director) -> None:
    with pytest.raises(IopError, match=no_director):
        prod.start()
    with pytest.raises(IopError, match=no_director):
        prod.stop()
    with pytest.raises(IopError, match=no_director):
        prod.test("OrderOperation")


def test_messages_for_tests(running, director) -> None:
    request = OrderRequest("1")
    cases = [
        ((request,), {}, (None, f"{__name__}.OrderRequest", '{"order_id": "1"}')),
        ((Model(),), {}, (None, f"{__name__}.Model", '{"name":"é"}')),
        (("text",), {}, ("text", None, None)),
        ((), {}, (None, None, None)),
        ((), {"classname": "a.B", "body": {"x": 1}}, (None, "a.B", {"x": 1})),
        ((request,), {"body": "{}"}, (request, None, "{}")),
    ]
    for arguments, more, (message, classname, body) in cases:
        assert running.item("OrderOperation").test(*arguments, **more) == "test_component"
        sent = ("OrderOperation", {"message": message, "classname": classname, "body": body})
        assert director.arguments["test_component"] == sent
    running.test("FileInput.Output", request)
    assert director.arguments["test_component"][0] == "OrderOperation"


@pytest.mark.parametrize(
    ("status", "detail", "stop"),
    [
        (
            ("Other", "Running"),
            "currently running production is 'Other'",
            "Stop 'Other' first with `iop --stop`, then ",
        ),
        (("Other", "stopped"), "current default production is 'Other'", "Stop 'Other' first with `iop --stop`, then "),
        (("Demo.Production", "stopped"), "current status is 'stopped'", ""),
        (("", "stopped"), "current status is 'stopped'", ""),
        (("", ""), "runtime status did not report a running production", ""),
    ],
)
def test_only_what_runs_is_tested(running, director, status, detail, stop) -> None:
    director.status = dict(zip(("Production", "Status"), status, strict=True))
    with pytest.raises(LifeCycleError) as raised:
        running.test_component("OrderOperation")
    start = "start" if stop else "Start"
    assert str(raised.value) == (
        f"Production 'Demo.Production' is not running ({detail}). IRIS can run only one production at a time. "
        f"{stop}{start} 'Demo.Production' with `prod.start()`. Do that before calling `prod.test(...)`."
    )
    director.calls.clear()
    with pytest.raises(ValueError, match="does not exist: Nope"):
        running.test_component("Nope")
    assert director.calls == []


def test_queues(running, director) -> None:
    director.queues = {"items": [{"item": "FileInput", "count": 3}]}
    before = running.to_dict(), str(running.graph())
    assert running.queue() == {"FileInput": {"queue_name": "FileInput", "count": 3}}
    director.queues = {"FileInput": {"count": 4}}
    assert running.queue(refresh=False)["FileInput"]["count"] == 3
    assert running.queue_info()["FileInput"]["count"] == 4
    assert (running.to_dict(), str(running.graph())) == before
    director.queues = {"Gone": {"count": 1}}
    with pytest.warns(UserWarning, match="Queue info item does not exist: Gone") as caught:
        assert running.queue() == {}
    assert caught[0].filename == __file__


def test_queues_without_a_director_are_those_of_the_import() -> None:
    prod = Production.from_dict({"P": {"Item": {"@Name": "A"}}}, queue_info={"A": {"count": 1}})
    assert prod.queue() == {"A": {"queue_name": "A", "count": 1}}


def test_inspection(running, director) -> None:
    director.queues = {"OrderOperation": {"count": 2}}
    found = running.inspect_component("FileInput.Output")
    assert list(found) == [
        *("production", "name", "class_name", "adapter_class_name", "kind", "category", "enabled", "pool_size"),
        *("foreground", "comment", "log_trace_events", "schedule", "settings", "target_settings", "outgoing"),
        *("incoming", "runtime"),
    ]
    edge = {
        **{"source": "FileInput.Output", "source_item": "FileInput", "source_target_setting": "Output"},
        **{"target": "OrderOperation", "origin": "authored", "interaction": "request"},
    }
    assert found["incoming"] == [edge]
    assert found["runtime"] == {
        "production_status": {"Production": "Demo.Production", "Status": "running"},
        "current_production": "Demo.Production",
        "status": "running",
        "is_current_production": True,
        "is_running": True,
        "queue": {"queue_name": "OrderOperation", "count": 2},
    }
    file = running.item("FileInput").other_setting("X", "Y", "z").inspect()
    assert (file["outgoing"], file["target_settings"]) == ([edge], ["Output"])
    assert file["settings"] == {
        "Host": {"Output": "OrderOperation"},
        "Adapter": {},
        "Other": [{"@Target": "X", "@Name": "Y", "#text": "z"}],
    }
    assert json.dumps(file)


def test_inspection_never_fails_for_what_is_not_known(running, director) -> None:
    director.status, director.queues = RuntimeError("x"), RuntimeError("q")
    runtime = running.inspect_component("OrderOperation")["runtime"]
    assert runtime == {"warnings": ["Could not fetch production status: x", "Could not fetch queue info: q"]}
    director.queues = {"OrderOperation": {"count": 2}}
    director.calls.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        running.queue()
        assert running.inspect_component("OrderOperation", refresh=False)["runtime"] == {
            "queue": {"queue_name": "OrderOperation", "count": 2}
        }
    assert director.calls == ["export_production_queue_info"]


def test_all_items_are_inspected_with_one_question(running, director) -> None:
    each = {name: running.inspect_component(name) for name in running.item_names}
    director.calls.clear()
    found = running.inspect_components()
    assert found == each
    assert director.calls == ["status_production", "export_production_queue_info"]
    assert list(found["FileInput"])[-4:] == ["target_settings", "outgoing", "incoming", "runtime"]
    found["FileInput"]["runtime"]["production_status"].clear()
    assert found["OrderOperation"]["runtime"]["production_status"]
    assert running.inspect_components(refresh=False)["FileInput"]["outgoing"] == each["FileInput"]["outgoing"]


def test_inspection_says_when_another_production_runs(running, director) -> None:
    director.status = {"Production": "Other", "Status": "Running"}
    runtime = running.inspect_component("OrderOperation")["runtime"]
    assert (runtime["is_current_production"], runtime["is_running"], runtime["status"]) == (False, False, "running")


def test_sync_deploys_all_of_it(director_of, prod, demo) -> None:
    director = director_of(Production("Demo.Production"))
    prod.service("More", demo.FileService, adapter_class=demo.FileInboundAdapter)
    prod.with_director(director).sync(root_path="/src")
    assert director.calls == [
        *["register_component"] * 3,
        *("register_production_definition", "status_production", "update_production"),
    ]
    assert director.exports == prod.to_dict()
    prod.item("More").host_settings["Limt"] = 1
    director.calls.clear()
    with pytest.warns(UserWarning, match="Limt"):
        prod.sync(update=False)
    assert director.calls[-1] == "register_production_definition"


def test_sync_is_local(director_of, prod) -> None:
    with pytest.raises(NotImplementedError, match=r"Production.sync\(\) can only register directly with local IRIS"):
        prod.with_director(director_of(prod, is_remote=True)).sync()
