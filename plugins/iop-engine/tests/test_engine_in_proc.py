"""Operations that run inside their callers' jobs."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from iop import BusinessOperation, BusinessProcess, BusinessService, Message, Production
from iop_core.errors import ComponentStartError, ConfigurationError, RequestFailedError, SendError
from iop_core.headers import Invocation, MessageStatus
from iop_core.item_control import ItemState
from iop_testing import VirtualClock, run_production


@dataclass
class Note(Message):
    text: str = ""


EVENTS: list[object] = []
THREADS: dict[str, set[int]] = {}


@pytest.fixture(autouse=True)
def _forget():
    EVENTS.clear()
    THREADS.clear()


def note_thread(name: str) -> None:
    THREADS.setdefault(name, set()).add(threading.get_ident())


class Here(BusinessOperation):
    INVOCATION = "InProc"

    def on_init(self):
        EVENTS.append("init")

    def on_message(self, request):
        note_thread("Here")
        EVENTS.append((request.text, self.context.message_id))
        if request.text == "bad":
            raise ValueError("no account")
        self.send_request_async("Keep", Note(f"kept {request.text}"))
        return Note(request.text.upper())

    def on_tear_down(self):
        EVENTS.append("down")


class Keep(BusinessOperation):
    def on_message(self, request):
        EVENTS.append(request.text)


class Sync(BusinessProcess):
    def on_request(self, request):
        note_thread("caller")
        return self.send_request_sync("Here", request)


class Multi(BusinessProcess):
    def on_request(self, request):
        answers = self.send_multi_request_sync([("Here", request), ("Keep", request), ("Here", Note("bad"))])
        return Note(",".join(f"{answer[2] and answer[2].text}{answer[3]}" for answer in answers))


class Awaits(BusinessProcess):
    async def on_request(self, request):
        return await self.send_request_async_ng("Here", request)


class Asks(BusinessProcess):
    def on_request(self, request):
        self.send_request_async("Here", request, completion_key="key")

    def on_response(self, request, response, call_request, call_response, completion_key):
        EVENTS.append((completion_key, call_request.text, call_response.text))
        return call_response

    def on_error(self, request, response, call_request, error, completion_key):
        return Note(f"failed: {error.reason}")


class Tells(BusinessService):
    def on_message(self, request):
        self.send_request_async("Here", request)


def production(operation: type = Here, **options) -> Production:
    made = Production("Test.InProc")
    made.operation("Here", operation, **options)
    made.operation("Keep", Keep)
    for process in (Sync, Multi, Awaits, Asks):
        made.process(process)
    made.service(Tells)
    return made


def test_it_runs_in_the_job_of_the_caller_and_is_traced(production_run) -> None:
    run = production_run(production())
    assert run.call("Sync", Note("a")) == Note("A")
    run.wait_until_idle()
    assert THREADS["Here"] == THREADS["caller"]
    request, answer = (message for message in run.messages() if message.invocation is Invocation.IN_PROC)
    assert (request.source, request.target, request.queue, request.status) == (
        "Sync",
        "Here",
        "",
        MessageStatus.COMPLETED,
    )
    assert (answer.corresponding_id, request.corresponding_id) == (request.message_id, answer.message_id)
    assert (answer.status, answer.queue) == (MessageStatus.COMPLETED, "")
    assert answer.time_processed is not None
    assert run.body(answer.message_id) == Note("A")
    assert len({message.session_id for message in run.messages()}) == 1
    assert EVENTS == ["init", ("a", request.message_id), "kept a"]
    assert run.queues() == []


def test_error_reaches_the_caller(production_run) -> None:
    run = production_run(production())
    with pytest.raises(RequestFailedError, match="no account"):
        run.call("Sync", Note("bad"))
    (request,) = run.messages(target="Here", type="request")
    assert (request.status, request.is_error) == (MessageStatus.ERROR, True)
    (status,) = [item for item in run.running.items() if item.name == "Here"]
    assert (status.state, status.errors, status.jobs) == (ItemState.ERROR, 1, 0)


def test_process_gets_the_answer_of_an_asynchronous_request(production_run) -> None:
    run = production_run(production())
    assert run.call("Asks", Note("a")) == Note("A")
    assert ("key", "a", "A") in EVENTS
    assert run.call("Asks", Note("bad")).text.startswith("failed: ValueError")


def test_service_sends_without_an_answer(production_run) -> None:
    run = production_run(production())
    run.call("Tells", Note("a"))
    run.wait_until_idle()
    assert [message.type.name for message in run.messages() if message.invocation is Invocation.IN_PROC] == ["REQUEST"]


def test_awaited_and_multiple_calls(production_run) -> None:
    run = production_run(production())
    assert run.call("Awaits", Note("a")) == Note("A")
    assert run.call("Multi", Note("b")) == Note("B1,None1,None-1")


def test_callers_from_outside(production_run) -> None:
    run = production_run(production())
    assert run.call("Here", Note("a")) == Note("A")
    session = run.send("Here", Note("b"))
    assert run.trace(session).messages[0].target == "Here"


def test_each_caller_at_the_same_time_has_an_instance_of_its_own(production_run) -> None:
    both = threading.Barrier(2)

    class Together(Here):
        def on_message(self, request):
            both.wait(10)
            EVENTS.append(id(self))
            return request

    run = production_run(production(Together))
    callers = [threading.Thread(target=run.call, args=("Here", Note("x"))) for _ in range(2)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert EVENTS.count("init") == 2
    assert len({event for event in EVENTS if isinstance(event, int)}) == 2
    run.stop()
    assert EVENTS.count("down") == 2


def test_stopped_one_refuses_and_a_disabled_start_is_no_error(production_run) -> None:
    run = production_run(production())
    run.running.stop_component("Here")
    assert EVENTS == ["init", "down"]
    with pytest.raises(SendError, match=r"'Here' runs in its callers' jobs .* stopped or disabled"):
        run.send("Here", Note("a"))
    with pytest.raises(RequestFailedError, match="stopped or disabled"):
        run.call("Sync", Note("a"))
    run.running.start_component("Here")
    assert run.call("Sync", Note("a")) == Note("A")


def test_it_tries_again_in_the_job_of_the_caller() -> None:
    clock = VirtualClock()

    class Shaky(Here):
        ReplyCodeActions = "E=R"
        RetryInterval = 5
        FailureTimeout = -1

        def on_message(self, request):
            EVENTS.append(clock.monotonic())
            if len(EVENTS) < 4:
                raise ConnectionError("not now")
            return Note("at last")

    with run_production(production(Shaky), clock=clock) as run:
        answers: list[object] = []
        caller = threading.Thread(target=lambda: answers.append(run.call("Sync", Note("a"), timeout=-1)))
        caller.start()
        while caller.is_alive():
            clock.advance(1)
            caller.join(0.001)
        assert answers == [Note("at last")]
        (request,) = run.messages(target="Here", type="request")
        assert (request.attempts, request.status) == (3, MessageStatus.COMPLETED)


def test_one_that_cannot_start_is_found_at_the_start(tmp_path) -> None:
    class Broken(Here):
        def on_init(self):
            raise OSError("no licence")

    with pytest.raises(ComponentStartError, match="no licence"), run_production(production(Broken), data_dir=tmp_path):
        pass


def test_setting_of_the_item_says_the_same(production_run) -> None:
    made = production(Keep, settings={"Invocation": "InProc"})
    run = production_run(made)
    run.call("Sync", Note("a"))
    assert [message.invocation.name for message in run.messages(target="Here")] == ["IN_PROC"]


def test_invocation_is_checked(tmp_path) -> None:
    made = production(settings={"Invocation": "Inproc"})
    with pytest.raises(ConfigurationError, match="'Inproc'"), run_production(made, data_dir=tmp_path):
        pass


def test_deadlock_through_it_is_found(production_run) -> None:
    class Back(Here):
        def on_message(self, request):
            return self.send_request_sync("Sync", request)

    run = production_run(production(Back))
    with pytest.raises(RequestFailedError, match="Sync -> Sync"):
        run.call("Sync", Note("a"))
