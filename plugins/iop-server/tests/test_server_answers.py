"""What the routes answer about a production, and what they do to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import httpx
import pytest

from iop_core.backends import RunningProduction
from iop_director import Director
from iop_server.wire import MOST_ENTRIES

Audit = Callable[[], list[dict[str, object]]]


def test_list_names_state_and_times(dora: httpx.Client, running: RunningProduction) -> None:
    (row,) = dora.get("list").json().values()
    assert (row["Status"], row["LastStopTime"], row["AutoStart"]) == ("Running", "", 0)
    assert datetime.fromisoformat(row["LastStartTime"]).tzinfo is not None
    running.stop()
    (row,) = dora.get("list").json().values()
    assert (row["Status"], row["LastStartTime"]) == ("Stopped", "")


def test_items_are_stopped_and_started(dora: httpx.Client, running: RunningProduction) -> None:
    def states() -> dict[str, str]:
        return {item.name: item.state.value for item in running.items()}

    assert dora.post("component/stop", json={"component": "Upper"}).json() == {
        "status": "stopped",
        "component": "Upper",
    }
    assert states() == {"Intake": "Running", "Upper": "Stopped"}
    assert dora.post("component/start", json={"item": "Upper"}).json()["status"] == "started"
    assert dora.post("component/restart", json={"component": "Upper"}).json()["status"] == "restarted"
    assert states() == {"Intake": "Running", "Upper": "Running"}
    unknown = dora.post("component/stop", json={"component": "Uper"})
    assert unknown.status_code == 404
    assert "did you mean 'Upper'" in unknown.json()["error"]
    assert dora.post("component/stop", json={"component": ""}).status_code == 422
    assert dora.post("component/stop", json={}).status_code == 422


def test_audit_of_the_production_names_the_user(
    serve: Callable[..., str], connect: Callable[..., httpx.Client], director: Director, running: RunningProduction
) -> None:
    otto = connect(serve(), "otto", headers={"X-IoP-Reason": "printer is out of paper"})
    assert otto.post("component/stop", json={"component": "Upper"}).status_code == 200
    last = director.audit()[-1]
    assert (last.action, last.actor, last.reason) == ("stop", "otto", "printer is out of paper")


def test_items_of_nothing_cannot_be_stopped(dora: httpx.Client, deployed: str) -> None:
    answer = dora.post("component/stop", json={"component": "Upper"})
    assert (answer.status_code, answer.json()["code"]) == (409, "not-running")


def test_bindings_are_listed_and_removed(dora: httpx.Client, director: Director, deployed: str, audit: Audit) -> None:
    rows = {row["class"]: row for row in dora.get("bindings").json()}
    assert rows["Python.Spare"]["used"] is False
    assert {row["classname"] for row in rows.values() if row["used"]} == {"Intake", "Upper"}
    for word in ("1", "true", "yes", "on"):
        assert [row["class"] for row in dora.get("bindings", params={"unused": word}).json()] == ["Python.Spare"]
    assert len(dora.get("bindings", params={"unused": "0"}).json()) == 3

    used = next(name for name, row in rows.items() if row["used"])
    refused = dora.delete("binding", params={"class": used})
    assert (refused.status_code, refused.json()["code"]) == (409, "in-use")
    gone = dora.delete("binding", params={"classname": "Python.Spare", "reason": "not needed"})
    assert gone.json() == {"status": "unbound", "class": "Python.Spare"}
    assert dora.delete("binding", params={"class": "Python.Spare"}).status_code == 404
    assert dora.delete("binding").status_code == 400
    last = director.backend.deployments().changes()[-1]
    assert (last.actor, last.reason, last.subject) == ("dora", "not needed", "Python.Spare")
    outcomes = [(entry["subject"], entry["outcome"], entry.get("status")) for entry in audit()]
    assert outcomes == [
        (used, "asked", None),
        (used, "refused", 409),
        ("Python.Spare", "asked", None),
        ("Python.Spare", "done", 200),
        ("Python.Spare", "asked", None),
        ("Python.Spare", "refused", 404),
    ]


def test_log_is_newest_first_or_goes_on_after_an_entry(dora: httpx.Client, running: RunningProduction) -> None:
    for number in range(5):
        running.call("Upper", served_text(f"m{number}"), timeout_seconds=30)
    newest = dora.get("log", params={"top": 3}).json()
    assert [row["text"] for row in newest] == ["took m4", "took m3", "took m2"]
    row = newest[0]
    assert (row["config_name"], row["type"], row["source_method"]) == ("Upper", "Info", "take")
    assert isinstance(row["id"], int)
    assert datetime.fromisoformat(row["time_logged"])
    assert len(row["time_logged"]) == 23

    after = dora.get("log", params={"since_id": newest[2]["id"]}).json()
    assert [row["text"] for row in after] == ["took m3", "took m4"]
    assert dora.get("log", params={"since_id": newest[0]["id"]}).json() == []
    assert dora.get("log", params={"since_id": 2**63 - 1}).json() == []


def test_log_stream_has_no_gaps_and_nothing_twice(dora: httpx.Client, running: RunningProduction) -> None:
    # More than two pages, read while it grows.
    for number in range(600):
        running.send("Upper", served_text(f"m{number}"))
    seen: list[str] = []
    last = pages = 0
    while "took end" not in seen:
        rows = dora.get("log", params={"since_id": last}).json()
        assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
        seen += [row["text"] for row in rows]
        last = rows[-1]["id"] if rows else last
        pages += 1
        if pages == 2:
            for number in range(600, 1700):
                running.send("Upper", served_text(f"m{number}"))
            running.send("Upper", served_text("end"))
            running.wait_until_idle()
    took = [text for text in seen if text.startswith("took m")]
    assert sorted(took) == sorted(f"took m{number}" for number in range(1700))


def test_log_goes_on_behind_a_hole_that_a_purge_left(
    dora: httpx.Client, director: Director, running: RunningProduction
) -> None:
    for number in range(5):
        running.send("Upper", served_text(f"m{number}"))
    running.wait_until_idle()
    first = dora.get("log", params={"top": 1}).json()[0]["id"]
    for _ in range(3 * MOST_ENTRIES):
        running.send("Upper", served_text("goes"))
    running.wait_until_idle()
    director.purge(days_to_keep=0, types=("events",))
    running.call("Upper", served_text("stays"), timeout_seconds=30)
    rows = dora.get("log", params={"since_id": first}).json()
    assert rows[0]["id"] > first + 2 * MOST_ENTRIES
    assert "took stays" in [row["text"] for row in rows]


@pytest.mark.parametrize("query", [{"top": 0}, {"top": -5}, {"top": "x"}, {"top": 10**6}, {"since_id": -1}])
def test_log_range_is_checked(dora: httpx.Client, query: dict[str, object]) -> None:
    answer = dora.get("log", params=query)
    assert answer.status_code == 400
    assert next(iter(query)) in answer.json()["error"]


def test_queues_tell_what_waits(dora: httpx.Client, running: RunningProduction) -> None:
    running.stop_component("Upper")
    for _ in range(3):
        running.send("Upper", served_text("x"))
    answer = dora.get("queues", params={"production": "Demo.Served"}).json()
    assert {row["item"]: row["count"] for row in answer["items"]} == {"Intake": 0, "Upper": 3}
    assert dora.get("queues", params={"production": "Demo.Other"}).status_code == 404


def test_export_and_connections(dora: httpx.Client, deployed: str) -> None:
    assert dora.get("export").status_code == 404  # no default
    assert dora.get("export", params={"production": "Not defined"}).status_code == 404
    dora.put("default", json={"production": deployed})
    export = dora.get("export").json()
    assert list(export) == [deployed]
    assert [item["@Name"] for item in export[deployed]["Item"]] == ["Intake", "Upper"]

    answer = dora.get("connections", params={"production": deployed}).json()
    intake, upper = answer["items"]
    assert (intake["item"], intake["kind"], intake["connections"], intake["iop"]) == ("Intake", "service", ["Upper"], 1)
    assert intake["edges"][0]["source_target_setting"] == "Output"
    assert (upper["kind"], upper["module"], upper["classname"]) == ("operation", "served_demo", "Upper")


def test_test_message_is_answered(dora: httpx.Client, director: Director, running: RunningProduction) -> None:
    order = {"target": "Upper", "classname": "served_demo.Text", "restart": True}
    for body in ('{"text": "é"}', {"text": "é"}):
        answer = dora.post("test", json={**order, "body": body}).json()
        session_id = answer.pop("session_id")
        assert answer == {"classname": "served_demo.Text", "body": '{"text":"É"}', "truncated": 0}
        trace = director.trace(session_id)
        assert trace is not None
        assert [header.session_id for header in trace.messages] == [session_id] * 2
    assert dora.post("test", json={**order, "classname": "iris.served_demo.Text"}).json()["body"] == '{"text":""}'
    assert dora.post("test", json={"target": "Nobody"}).status_code == 404
    assert dora.post("test", json={"target": ""}).status_code == 422
    assert dora.post("test", json={**order, "classname": "os.system"}).json()["code"] == "unknown-class"
    assert dora.post("test", json={**order, "body": "{"}).status_code == 400
    failed = dora.post("test", json={**order, "body": {"text": {}}})
    assert (failed.status_code, failed.json()["code"]) == (422, "item-failed")


def test_item_is_restarted_for_a_test_only_when_asked(
    dora: httpx.Client, director: Director, running: RunningProduction
) -> None:
    order = {"target": "Upper", "classname": "served_demo.Text"}
    for more in ({}, {"restart": False}):
        assert dora.post("test", json={**order, **more}).status_code == 200
    assert "restart" not in [entry.action for entry in director.audit()]
    assert dora.post("test", json={**order, "restart": True}).status_code == 200
    assert ("restart", "dora") in [(entry.action, entry.actor) for entry in director.audit()]


def test_long_reply_is_cut(dora: httpx.Client, running: RunningProduction) -> None:
    order = {"target": "Upper", "classname": "served_demo.Text", "body": {"text": "a" * 1_000_001}}
    answer = dora.post("test", json=order).json()
    assert (len(answer["body"]), answer["truncated"]) == (1_000_000, 1)


def test_atelier_calls_succeed_and_say_that_nothing_was_done(dora: httpx.Client) -> None:
    place = str(dora.base_url).replace("/api/iop", "/api/atelier/v1/%25SYS")
    put = dora.put(f"{place}doc/IOP.Message.cls?ignoreConflict=1", json={"enc": False, "content": ["Class A"]})
    assert (put.status_code, put.json()["status"]["errors"]) == (200, [])
    compiled = dora.post(f"{place}action/compile?flags=cuk", json=["IOP.Message.cls"]).json()
    assert compiled["status"]["errors"] == []
    assert "Nothing was installed" in compiled["console"][0]


def served_text(text: str) -> object:
    import sys

    return sys.modules["served_demo"].Text(text)
