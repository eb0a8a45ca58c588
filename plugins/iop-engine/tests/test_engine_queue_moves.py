"""Messages and answers follow a process that gets another queue, and those of a removed item are kept in sight."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from iop import BusinessOperation, BusinessProcess, Message, Production
from iop_core.events import EventType
from iop_core.headers import MessageStatus, MessageType
from iop_testing import run_production


@dataclass
class Note(Message):
    text: str = ""


SEEN: list[str] = []
TOKENS: list[str] = []
NOTES = [Note(str(number)) for number in range(5)]
TEXTS = [note.text for note in NOTES]


@pytest.fixture(autouse=True)
def _forget():
    SEEN.clear()
    TOKENS.clear()


class Route(BusinessProcess):
    def on_request(self, request):
        SEEN.append(request.text)
        self.send_request_async("Out", request)

    def on_response(self, request, response, call_request, call_response, completion_key):
        SEEN.append(f"answer {call_response.text}")
        return call_response


class Ask(BusinessProcess):
    def on_request(self, request):
        self.send_request_async("Route", request)

    def on_response(self, request, response, call_request, call_response, completion_key):
        SEEN.append(f"asked {call_response.text}")


class Out(BusinessOperation):
    def on_message(self, request):
        return request


class Later(BusinessOperation):
    def on_message(self, request):
        TOKENS.append(self.defer_response())


class Give(BusinessOperation):
    def on_message(self, request):
        self.send_deferred_response(request.text, Note("given"))


def production(shared: bool | None, *, enabled: bool = True, out: type[BusinessOperation] = Out) -> Production:
    """Return a production whose processes share their queue or not; Route may be gone."""
    made = Production("Test.Moves", actor_pool_size=1, update_timeout=5)
    made.operation("Out", out)
    made.operation("Give", Give)
    if shared is not None:
        made.process("Route", Route, pool_size=0 if shared else 1, enabled=enabled)
    made.process("Other", Ask, pool_size=1 if shared is False else 0, enabled=enabled)
    return made


def waiting(run) -> dict[str, int]:
    return {queue.name: queue.count for queue in run.queues()}


def asked() -> list[str]:
    return [text for text in SEEN if " " not in text]


def answered() -> list[str]:
    return [text.removeprefix("answer ") for text in SEEN if text.startswith("answer ")]


@pytest.mark.parametrize("shared", [False, True])
def test_waiting_messages_follow_over_a_restart(tmp_path, shared) -> None:
    old, new = ("Ens.Actor", "Route") if shared else ("Route", "Ens.Actor")
    with run_production(production(shared, enabled=False), data_dir=tmp_path) as run:
        run.running.send_many("Route", NOTES)
        run.suspend(run.messages()[1].message_id)
        assert waiting(run) == {old: 4}
    with run_production(production(not shared), data_dir=tmp_path) as run:
        run.send("Route", Note("new"))
        run.wait_until_idle()
        assert asked() == ["0", "2", "3", "4", "new"]
        (suspended,) = run.messages(status=MessageStatus.SUSPENDED)
        run.resubmit(suspended.message_id)
        run.wait_until_idle()
        assert asked()[-1] == "1"
        assert {header.queue for header in run.messages(target="Route")} == {new}
        assert waiting(run) == {}


@pytest.mark.parametrize("shared", [False, True])
def test_waiting_messages_and_answers_follow_an_update(shared) -> None:
    with run_production(production(shared)) as run:
        run.running.stop_component("Out")
        run.running.send_many("Route", NOTES)
        while len(asked()) < 5:
            run.queues()
        result = run.running.update(production(not shared).definition())
        assert (result.restarted, result.failed) == (("Route", "Other"), {})
        run.running.start_component("Out")
        run.send("Route", Note("new"))
        run.wait_until_idle()
        assert answered() == [*TEXTS, "new"]
        assert waiting(run) == {}


def test_process_that_moves_there_and_back(tmp_path) -> None:
    with run_production(production(False, enabled=False), data_dir=tmp_path) as run:
        run.running.send_many("Route", NOTES)
        run.running.update(production(True, enabled=False).definition())
        run.running.send("Route", Note("new"))
        run.running.update(production(False).definition())
        run.wait_until_idle()
        assert asked() == [*TEXTS, "new"]
        assert answered() == [*TEXTS, "new"]


def test_answers_come_to_an_instance_from_before_the_move(tmp_path) -> None:
    with run_production(production(True, out=Later), data_dir=tmp_path) as run:
        run.running.send_many("Other", NOTES[:2])
        run.wait_until_idle()
    for _ in range(2):  # the second start finds that it was moved before
        with run_production(production(False, out=Later), data_dir=tmp_path) as run:
            run.call("Give", Note(TOKENS.pop()))
            run.wait_until_idle()
            assert waiting(run) == {}
    assert SEEN[2:] == ["answer given", "asked given"] * 2


def test_messages_of_a_removed_item_are_kept_in_sight(tmp_path, caplog) -> None:
    with run_production(production(True, enabled=False), data_dir=tmp_path) as run:
        run.running.send_many("Route", NOTES)
    with run_production(production(None), data_dir=tmp_path) as run:
        assert waiting(run) == {"Route": 5}
        assert "5 messages wait for 'Route', which the production has no more" in caplog.text
        assert run.wait_until_idle()
        run.discard(run.messages(target="Route")[0].message_id)
        result = run.running.update(production(True).definition())
        assert result.added == ("Route",)
        run.wait_until_idle()
        assert asked() == TEXTS[1:]
        assert waiting(run) == {}


def test_update_that_removes_a_shared_process_says_what_it_leaves(tmp_path) -> None:
    with run_production(production(True, enabled=False), data_dir=tmp_path) as run:
        run.running.send_many("Route", NOTES)
        result = run.running.update(production(None).definition())
        assert (result.removed, result.left_queued) == (("Route",), {"Route": 5})
        assert [entry for entry in run.log() if entry.type is EventType.ERROR] == []


def test_answers_for_a_removed_process_are_kept(tmp_path) -> None:
    with run_production(production(True), data_dir=tmp_path) as run:
        run.running.stop_component("Out")
        run.running.send_many("Route", NOTES)
        while len(asked()) < 5:
            run.queues()
        run.running.update(production(None).definition())
        run.running.start_component("Out")
        run.wait_until_idle()
        assert waiting(run) == {"Route": 5}
        run.running.update(production(False).definition())
        run.wait_until_idle()
        assert answered() == TEXTS
        assert {header.status for header in run.messages(type=MessageType.RESPONSE)} == {MessageStatus.COMPLETED}


def test_messages_of_an_operation_that_runs_in_proc_now_are_kept_in_sight(tmp_path, caplog) -> None:
    made = Production("Test.Moves")
    made.operation("Out", Out, enabled=False)
    with run_production(made, data_dir=tmp_path) as run:
        run.running.send_many("Out", NOTES)
    with run_production(in_proc(), data_dir=tmp_path) as run:
        assert "5 messages wait in the queue of 'Out', which runs in its callers' jobs (InProc) now" in caplog.text
        assert run.call("Out", NOTES[0]) == NOTES[0]
        assert waiting(run) == {"Out": 5}
        run.wait_until_idle()
    with run_production(production(None), data_dir=tmp_path) as run:
        run.wait_until_idle()
        assert waiting(run) == {}


def in_proc() -> Production:
    made = Production("Test.Moves")
    made.operation("Out", Out, settings={"Invocation": "InProc"})
    return made
