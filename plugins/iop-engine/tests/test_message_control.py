"""What operators do to stored messages: resend, resubmit, abort, discard, suspend; with and without an engine."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass

import pytest

from iop import BusinessOperation, BusinessProcess, Director, Message, Production
from iop_core.backends import RunOptions
from iop_core.errors import (
    BackendUnavailableError,
    MessageControlError,
    RequestFailedError,
    StoreError,
    UnknownItemError,
)
from iop_core.events import MessageFilter
from iop_core.headers import MessageStatus
from iop_core.message_control import BulkResult
from iop_engine.control.address_file import AddressFile
from iop_engine.control.client import ControlClient
from iop_engine.control.remote_production import RemoteProduction
from iop_testing import VirtualClock, run_production

PATIENCE_SECONDS = 20


@dataclass
class Job(Message):
    name: str = ""


def until(condition) -> None:
    """Wait for another thread to come so far."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "not reached in time"
        time.sleep(0.001)


class Plant:
    """An operation that can be held up, and that suspends, fails or handles messages by their names."""

    def __init__(self, **settings: str) -> None:
        self.seen: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        plant = self

        class Sink(BusinessOperation):
            def on_message(self, request):
                plant.seen.append(request.name)
                if request.name == "wait":
                    plant.gate.wait(PATIENCE_SECONDS)
                if request.name == "suspend" and plant.seen.count("suspend") == 1:
                    self.suspend_message = True
                if request.name.startswith("fail"):
                    raise ValueError("bad")
                return request

        class Other(BusinessOperation):
            def on_message(self, request):
                plant.seen.append(f"other {request.name}")

        self.production = Production("Test.Plant")
        self.production.operation(Sink, settings=settings)
        self.production.operation(Other)

    def run(self, **options):
        return run_production(self.production, **options)

    def hold(self, run) -> int:
        """Have the operation held up by a message, and return its id."""
        self.gate.clear()
        message_id = run.send("Sink", Job("wait"))
        until(lambda: self.seen[-1:] == ["wait"])
        return message_id


def status_of(run, message_id: int) -> MessageStatus:
    (header,) = run.messages(id=message_id)
    return header.status


# Suspended messages


def test_resubmitted_message_keeps_header_and_place() -> None:
    plant = Plant()
    with plant.run() as run:
        suspended = run.send("Sink", Job("suspend"))
        run.wait_until_idle()
        assert status_of(run, suspended) is MessageStatus.SUSPENDED
        plant.hold(run)
        run.send("Sink", Job("later"))
        result = run.running.resubmit([suspended], actor="kim", reason="fixed")
        assert (result.ids, result.counts) == ((suspended,), {"done": 1, "marked": 0, "refused": 0})
        plant.gate.set()
        run.wait_until_idle()
        assert plant.seen == ["suspend", "wait", "suspend", "later"]
        (header,) = run.messages(id=suspended)
        assert (header.status, header.attempts, header.error) == (MessageStatus.COMPLETED, 2, "")
        assert header.description.startswith("resubmitted by kim: fixed")
        again = run.running.resubmit([suspended])
        assert "Completed" in again.refused[suspended]


def test_resubmit_with_another_body() -> None:
    plant = Plant()
    with plant.run() as run:
        suspended = run.send("Sink", Job("suspend"))
        run.wait_until_idle()
        with pytest.raises(MessageControlError, match="the new body of message"):
            run.running.resubmit([suspended], body='{"name": ')
        run.running.resubmit([suspended], body='{"name": "mended"}')
        run.wait_until_idle()
        assert plant.seen == ["suspend", "mended"]
        assert run.body(suspended) == Job("mended")


def test_suspended_by_hand_and_discarded() -> None:
    plant = Plant()
    with plant.run() as run:
        held = plant.hold(run)
        ids = run.send_many("Sink", [Job(str(number)) for number in range(5)])
        result = run.running.suspend([ids[1], ids[3], held, 4711], reason="wait for ward")
        assert result.ids == (ids[1], ids[3])
        assert result.marked == (held,)
        assert "no such message" in result.refused[4711]
        assert run.running.discard([ids[3]]).ids == (ids[3],)
        plant.gate.set()
        run.wait_until_idle()
        assert plant.seen == ["wait", "0", "2", "4"]
        assert status_of(run, held) is MessageStatus.COMPLETED, "its handling succeeded"
        assert [status_of(run, each) for each in (ids[1], ids[3])] == [MessageStatus.SUSPENDED, MessageStatus.DISCARDED]
        run.running.resubmit(MessageFilter(status=MessageStatus.SUSPENDED))
        run.wait_until_idle()
        assert plant.seen[-1] == "1"


def test_answer_whose_caller_is_gone_is_suspended(tmp_path) -> None:
    plant = Plant()
    with plant.run(data_dir=tmp_path) as run:
        run.running.disable("Sink")

        def ask() -> None:
            with pytest.raises(StoreError):
                run.call("Sink", Job("a"))

        caller = threading.Thread(target=ask)
        caller.start()
        until(lambda: run.messages(target="Sink"))
        run.stop()
        caller.join(PATIENCE_SECONDS)
    with plant.run(data_dir=tmp_path) as run:
        run.running.enable("Sink")
        run.wait_until_idle()
        (answer,) = run.messages(type="Response")
        assert answer.status is MessageStatus.SUSPENDED
        assert "caller has ended" in run.running.resubmit([answer.message_id]).refused[answer.message_id]
        assert run.running.discard([answer.message_id]).ids == (answer.message_id,)


# Resend


def test_resend_makes_new_messages_in_order() -> None:
    plant = Plant()
    with plant.run() as run:
        ids = run.send_many("Sink", [Job(name) for name in ("a", "fail", "c")])
        run.wait_until_idle()
        before = plant.seen.copy()
        dry = run.running.resend(MessageFilter(target="Sink"), dry_run=True)
        assert (dry.is_dry_run, dry.ids) == (True, tuple(ids))
        assert len(run.messages(type="Request")) == 3
        result = run.running.resend(MessageFilter(target="Sink", newest_first=True), actor="kim", reason="again")
        run.wait_until_idle()
        assert plant.seen == before * 2
        resent = [header for header in run.messages(type="Request") if header.resent == "r"]
        assert [header.message_id for header in resent] == list(result.ids)
        old = run.messages(id=ids[0])[0]
        assert (resent[0].body_id, resent[0].session_id) == (old.body_id, old.session_id)
        assert resent[0].description.startswith(f"message {ids[0]} resent by kim: again")


def test_resend_elsewhere_with_another_body_and_at_the_head() -> None:
    plant = Plant()
    with plant.run() as run:
        (first, second) = run.send_many("Sink", [Job("a"), Job("b")])
        run.wait_until_idle()
        run.running.resend([first], target="Other", body='{"name": "edited"}')
        run.wait_until_idle()
        assert plant.seen[-1] == "other edited"
        assert run.body(first) == Job("a"), "the old message keeps its body"
        plant.hold(run)
        run.send("Sink", Job("waiting"))
        run.running.resend([second], at_head=True)
        plant.gate.set()
        run.wait_until_idle()
        assert plant.seen[-3:] == ["wait", "b", "waiting"]


def test_resend_is_refused_where_it_cannot_work() -> None:
    plant = Plant()
    with plant.run() as run:
        assert run.call("Sink", Job("a")) == Job("a")
        asked, answer = run.messages()
        with pytest.raises(UnknownItemError):
            run.running.resend([asked.message_id], target="Nobody")
        with pytest.raises(MessageControlError, match="one message"):
            run.running.resend([asked.message_id, answer.message_id], body="{}")
        assert f"request {asked.message_id}" in run.running.resend([answer.message_id]).refused[answer.message_id]
        run.running.disable("Sink")
        assert "does not run" in run.running.resend([asked.message_id]).refused[asked.message_id]
        with pytest.raises(MessageControlError, match="does not run"):
            run.running.resend([asked.message_id], target="Sink")


# Abort


def test_abort_of_a_waiting_message_tells_its_caller() -> None:
    plant = Plant()
    with plant.run() as run:
        plant.hold(run)
        errors = []

        def ask() -> None:
            with pytest.raises(RequestFailedError, match="aborted by kim") as error:
                run.call("Sink", Job("never"))
            errors.append(error)

        caller = threading.Thread(target=ask)
        caller.start()
        until(lambda: len(run.messages(target="Sink", type="Request")) == 2)
        waiting = run.messages(target="Sink", type="Request")[1].message_id
        assert run.running.abort([waiting], actor="kim").ids == (waiting,)
        caller.join(PATIENCE_SECONDS)
        assert len(errors) == 1
        plant.gate.set()
        run.wait_until_idle()
        assert plant.seen == ["wait"]
        assert status_of(run, waiting) is MessageStatus.ABORTED


def test_abort_ends_a_wait_for_the_next_try_at_once() -> None:
    plant = Plant(ReplyCodeActions="E=R", FailureTimeout="-1")
    with plant.run(clock=VirtualClock()) as run:
        poison, good = run.send_many("Sink", [Job("fail"), Job("good")])
        until(lambda: run.messages(id=poison)[0].attempts == 1)
        until(lambda: run.running.abort([poison]).marked == (poison,))
        run.wait_until_idle()
        assert status_of(run, poison) is MessageStatus.ABORTED
        assert status_of(run, good) is MessageStatus.COMPLETED


def test_abort_of_a_message_in_hand_counts_only_when_it_fails() -> None:
    plant = Plant(ReplyCodeActions="E=R", FailureTimeout="-1")
    entered, held = threading.Event(), threading.Event()
    production = plant.production

    class Slow(BusinessOperation):
        ReplyCodeActions = "E=R"

        def on_message(self, request):
            entered.set()
            held.wait(PATIENCE_SECONDS)
            raise ValueError("slow and bad")

    production.operation(Slow)
    with plant.run() as run:
        message_id = run.send("Slow", Job())
        assert entered.wait(PATIENCE_SECONDS)
        assert run.running.abort([message_id]).marked == (message_id,)
        held.set()
        run.wait_until_idle()
        assert status_of(run, message_id) is MessageStatus.ABORTED
        assert run.messages(id=message_id)[0].attempts == 1


def test_abort_of_a_request_ends_its_process_instance() -> None:
    plant = Plant()

    class Router(BusinessProcess):
        def on_request(self, request):
            self.send_request_async("Sink", Job("wait"))

        def on_response(self, request, response, call_request, call_response, completion_key):
            plant.seen.append("answered")

    plant.production.process(Router)
    with plant.run() as run:
        plant.gate.clear()
        outcome = []

        def ask() -> None:
            with pytest.raises(RequestFailedError, match="aborted") as error:
                run.call("Router", Job())
            outcome.append(error)

        caller = threading.Thread(target=ask)
        caller.start()
        until(lambda: plant.seen == ["wait"])
        request = run.messages(target="Router", type="Request")[0].message_id
        assert run.running.abort([request]).ids == (request,)
        caller.join(PATIENCE_SECONDS)
        assert len(outcome) == 1
        plant.gate.set()
        run.wait_until_idle()
        assert plant.seen == ["wait"], "the late answer reaches nobody"
        assert status_of(run, request) is MessageStatus.ABORTED
        assert run.messages(source="Sink", target="Router")[0].status is MessageStatus.DISCARDED
        assert "Aborted" in run.running.abort([request]).refused[request]


def test_answer_that_an_instance_waits_for_is_not_aborted() -> None:
    plant = Plant()

    class Router(BusinessProcess):
        def on_request(self, request):
            self.send_request_async("Sink", Job("wait"))

    plant.production.process(Router, pool_size=1)
    with plant.run() as run:
        plant.gate.clear()
        request = run.send("Router", Job())
        until(lambda: plant.seen == ["wait"])
        run.running.disable("Router")
        plant.gate.set()
        until(lambda: run.messages(type="Response", target="Router"))
        (answer,) = run.messages(type="Response", target="Router")
        why = run.running.abort([answer.message_id]).refused[answer.message_id]
        assert f"abort request {request}" in why
        run.running.enable("Router")
        run.wait_until_idle()
        assert status_of(run, answer.message_id) is MessageStatus.COMPLETED


def test_timers_are_left_alone() -> None:
    class Waiter(BusinessProcess):
        def on_request(self, request):
            self.set_timer(60)

    production = Production("Test.Waiter")
    production.process(Waiter)
    with run_production(production, clock=VirtualClock()) as run:
        run.send("Waiter", Job())
        run.wait_until_idle()
        (timer,) = run.messages(target="Ens.Alarm")
        assert "timer" in run.running.abort([timer.message_id]).refused[timer.message_id]


# Records, and doing without an engine


def test_deeds_are_recorded(tmp_path) -> None:
    plant = Plant()
    with plant.run(data_dir=tmp_path) as run:
        message_id = run.send("Sink", Job("suspend"))
        run.wait_until_idle()
        run.running.resubmit([message_id], actor="kim", reason="fixed", dry_run=True)
        run.running.resubmit([message_id], actor="kim", reason="fixed")
        run.wait_until_idle()
        entries = [entry.text for entry in run.log() if entry.text.startswith("resubmit of")]
        assert entries == ["resubmit of 1 messages by kim: fixed"]
    store = Director(f"local://{tmp_path}", namespace="USER").backend
    reader = store._store_class.open_reader(str(tmp_path), namespace="USER")
    (entry,) = [entry for entry in reader.audit() if entry.action == "resubmit"]
    reader.close()
    assert (entry.actor, entry.reason, entry.selection) == ("kim", "fixed", f"[{message_id}]")


def test_audit_tells_all_of_a_filter(tmp_path) -> None:
    director = Director(f"local://{tmp_path}", namespace="USER")
    with Plant().run(data_dir=tmp_path) as run:
        run.running.disable("Sink")
        sent = run.send_many("Sink", [Job("a"), Job("b"), Job("c")])
        either = [{"session": sent[0]}, {"session": sent[2], "target": "Sink"}]
        result = director.discard_messages(status="Queued", error=False, any_of=either)
        assert result.ids == (sent[0], sent[2])
    reader = director.backend._store_class.open_reader(str(tmp_path), namespace="USER")
    (entry,) = [entry for entry in reader.audit() if entry.action == "discard"]
    reader.close()
    assert json.loads(entry.selection) == {
        "status": "Queued",
        "is_error": False,
        "any_of": [{"session_id": sent[0]}, {"session_id": sent[2], "target": "Sink"}],
    }


def test_deeds_without_a_running_production(tmp_path) -> None:
    plant = Plant()
    director = Director(f"local://{tmp_path}", namespace="USER")
    with pytest.raises(BackendUnavailableError):
        director.abort_messages(1)
    with plant.run(data_dir=tmp_path) as run:
        suspended = run.send("Sink", Job("suspend"))
        run.wait_until_idle()
        run.running.disable("Sink")
        ids = run.send_many("Sink", [Job("x"), Job("y"), Job("z")])
    assert director.abort_messages(ids[0]).ids == (ids[0],)
    assert director.discard_messages([ids[1]]).ids == (ids[1],)
    assert director.resubmit_messages(status="Suspended", reason="fixed").ids == (suspended,)
    with pytest.raises(MessageControlError, match="start it"):
        director.resend_messages([ids[0]])
    with plant.run(data_dir=tmp_path) as run:
        run.running.enable("Sink")
        run.wait_until_idle()
        assert plant.seen == ["suspend", "suspend", "z"]
        statuses = [status_of(run, each) for each in ids]
        assert statuses == [MessageStatus.ABORTED, MessageStatus.DISCARDED, MessageStatus.COMPLETED]


def test_many_at_once() -> None:
    plant = Plant()
    with plant.run() as run:
        run.running.disable("Sink")
        ids = run.send_many("Sink", [Job(str(number)) for number in range(2500)])
        result = run.running.suspend(MessageFilter(target="Sink", status=MessageStatus.QUEUED))
        assert list(result.ids) == ids, "also those beyond what is kept in memory"
        assert run.running.resubmit(ids[1:2000:2]).counts["done"] == 1000
        run.running.enable("Sink")
        run.wait_until_idle()
        assert plant.seen == [str(number) for number in range(1, 2000, 2)]


def test_deeds_travel_over_the_control_socket(tmp_path) -> None:
    plant = Plant()
    backend = Director(f"local://{tmp_path}", namespace="USER").backend
    running = backend.run(plant.production.definition(), RunOptions(is_reachable=True))
    try:
        sent = running.send("Sink", Job("suspend"))
        running.wait_until_idle(PATIENCE_SECONDS)
        address = AddressFile(str(tmp_path), "USER").find()
        assert address is not None
        remote = RemoteProduction(ControlClient(address), lambda: True)
        result = remote.resubmit([sent, 4711], actor="kim", dry_run=True)
        assert (result.ids, result.is_dry_run) == ((sent,), True)
        result = remote.resubmit(MessageFilter(status=MessageStatus.SUSPENDED), actor="kim")
        assert isinstance(result, BulkResult)
        assert result.ids == (sent,)
        running.wait_until_idle(PATIENCE_SECONDS)
        assert "no such message" in remote.resend([4711]).refused[4711]
        with pytest.raises(MessageControlError):
            remote.resend([sent], body="no JSON")
    finally:
        running.stop()
