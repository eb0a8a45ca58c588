"""Synchronous calls that would wait for each other for ever are found when they are made."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass

import pytest

from iop import BusinessOperation, BusinessProcess, Message, Production
from iop_core.errors import RequestFailedError, RequestTimeoutError, SyncDeadlockError
from iop_core.events import EventType
from iop_core.headers import MessageStatus, MessageType
from iop_engine.in_proc_calls import MOST_CALLS
from iop_testing import VirtualClock, run_production


@dataclass
class Note(Message):
    text: str = ""


CAUGHT: list[Exception] = []


@pytest.fixture(autouse=True)
def _forget():
    CAUGHT.clear()


class Calls(BusinessProcess):
    Target = ""

    def on_request(self, request):
        try:
            return self.send_request_sync(self.Target, request)
        except SyncDeadlockError as exc:
            CAUGHT.append(exc)
            raise


class Echo(BusinessOperation):
    def on_message(self, request):
        return request


def production(**processes: tuple[str | type[BusinessProcess], int]) -> Production:
    """Return a production of processes: name to whom it calls, or its class, and its pool size."""
    made = Production("Test.Deadlock", actor_pool_size=2)
    made.operation("Echo", Echo)
    for name, (target, size) in processes.items():
        if isinstance(target, str):
            made.process(name, Calls, pool_size=size, settings={"Target": target})
        else:
            made.process(name, target, pool_size=size)
    return made


def test_process_that_calls_itself(production_run) -> None:
    run = production_run(production(Self=("Self", 1)))
    with pytest.raises(RequestFailedError, match=r"deadlock.*'Self'.*Self -> Self"):
        run.call("Self", Note())
    assert CAUGHT[0].path == ("Self", "Self")
    (alert,) = [entry for entry in run.log(item="Self") if entry.type is EventType.ALERT]
    assert "Self -> Self" in alert.text
    assert [message.source for message in run.messages(target="Self")] == [""]


def test_cycle_over_several_queues(production_run) -> None:
    run = production_run(production(A=("B", 1), B=("C", 1), C=("A", 1)))
    with pytest.raises(RequestFailedError, match="C -> A -> B -> C"):
        run.call("A", Note())
    run.wait_until_idle()


def test_actors_that_all_wait_for_actors(production_run) -> None:
    both = threading.Barrier(2)

    class Outer(BusinessProcess):
        def on_request(self, request):
            both.wait(10)
            return self.send_request_sync("Inner", request)

    made = production(Inner=("Echo", 0))
    made.process("Outer", Outer, pool_size=0)
    run = production_run(made)
    answers: list[object] = []

    def ask() -> None:
        try:
            answers.append(run.call("Outer", Note("x")))
        except RequestFailedError as exc:
            answers.append(str(exc))

    callers = [threading.Thread(target=ask) for _ in range(2)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    # One is refused, which frees a job for the other.
    assert Note("x") in answers
    assert any("Ens.Actor -> Ens.Actor" in str(answer) for answer in answers)


def test_cycle_with_a_free_job_is_none(production_run) -> None:
    class Once(BusinessProcess):
        def on_request(self, request):
            if request.text == "inner":
                return Note("done")
            return self.send_request_sync("Once", Note("inner"))

    run = production_run(production(Once=(Once, 2)))
    assert run.call("Once", Note("outer")) == Note("done")


def test_many_calls_without_a_cycle_are_left_alone(production_run) -> None:
    run = production_run(production(A=("B", 2), B=("Echo", 1)))
    answers: list[object] = []
    callers = [
        threading.Thread(target=lambda: answers.extend(run.call("A", Note(str(number))) for number in range(20)))
        for _ in range(4)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(answers) == 80
    assert CAUGHT == []


def test_multi_sync_is_watched_too(production_run) -> None:
    class Multi(BusinessProcess):
        def on_request(self, request):
            self.send_multi_request_sync([("Echo", request), ("Multi", request)])

    run = production_run(production(Multi=(Multi, 1)))
    with pytest.raises(RequestFailedError, match="Multi -> Multi"):
        run.call("Multi", Note())


def test_call_with_a_time_limit_ends_by_itself() -> None:
    clock = VirtualClock()

    class Limited(BusinessProcess):
        def on_request(self, request):
            if request.text != "inner":
                self.send_request_sync("Limited", Note("inner"), timeout=5)

    with run_production(production(Limited=(Limited, 1)), clock=clock) as run:
        run.send("Limited", Note("outer"))
        while not any(RequestTimeoutError.__name__ in entry.text for entry in run.log(item="Limited")):
            clock.advance(1)
            threading.Event().wait(0.001)
        run.wait_until_idle()
        outer, inner = run.messages(target="Limited", type="request")
        assert (outer.status, inner.status) == (MessageStatus.ERROR, MessageStatus.COMPLETED)


def test_item_that_is_stopped_is_no_deadlock(production_run) -> None:
    run = production_run(production(A=("Echo", 1)))
    run.running.stop_component("Echo")
    answers: list[object] = []
    caller = threading.Thread(target=lambda: answers.append(run.call("A", Note("x"))))
    caller.start()
    while not any(message.source == "A" for message in run.messages()):
        threading.Event().wait(0.001)
    run.running.start_component("Echo")
    caller.join()
    assert answers == [Note("x")]


class Awaits(BusinessProcess):
    Target = ""

    async def on_request(self, request):
        return await self.send_request_async_ng(self.Target, request)


def test_cycle_of_awaited_sends(production_run) -> None:
    made = production()
    for name, target in {"A": "B", "B": "C", "C": "A"}.items():
        made.process(name, Awaits, settings={"Target": target})
    run = production_run(made)
    with pytest.raises(RequestFailedError, match="C -> A -> B -> C"):
        run.call("A", Note())
    run.wait_until_idle()
    (alert,) = [entry for entry in run.log(item="C") if entry.type is EventType.ALERT]
    assert "C -> A -> B -> C" in alert.text
    # The request that would have closed the cycle was never stored.
    assert [message.source for message in run.messages(target="A", type=MessageType.REQUEST)] == [""]


def test_cycle_of_awaited_and_synchronous_sends(production_run) -> None:
    made = production(B=("A", 1))
    made.process("A", Awaits, settings={"Target": "B"})
    run = production_run(made)
    with pytest.raises(RequestFailedError, match="B -> A -> B"):
        run.call("A", Note())


def test_one_of_many_awaited_sends_closes_a_cycle(production_run) -> None:
    class Fan(BusinessProcess):
        async def on_request(self, request):
            targets = ["Echo", "Echo", "Back"]
            await asyncio.gather(*(self.send_request_async_ng(target, request) for target in targets))

    made = production(Back=("Fan", 1))
    made.process("Fan", Fan)
    run = production_run(made)
    with pytest.raises(RequestFailedError, match="Back -> Fan -> Back"):
        run.call("Fan", Note())


def test_awaited_send_with_a_time_limit_ends_by_itself() -> None:
    clock = VirtualClock()

    class Limited(BusinessProcess):
        async def on_request(self, request):
            if request.text != "inner":
                await self.send_request_async_ng("Limited", Note("inner"), timeout=5)

    with run_production(production(Limited=(Limited, 1)), clock=clock) as run:
        run.send("Limited", Note("outer"))
        while not any(RequestTimeoutError.__name__ in entry.text for entry in run.log(item="Limited")):
            clock.advance(1)
        run.wait_until_idle()


def test_many_awaited_sends_without_a_cycle_are_left_alone(production_run) -> None:
    class Fan(BusinessProcess):
        async def on_request(self, request):
            answers = await asyncio.gather(*(self.send_request_async_ng("Inner", Note(str(n))) for n in range(50)))
            return Note(str(len(answers)))

    made = production(Fan=(Fan, 2))
    made.process("Inner", Awaits, pool_size=2, settings={"Target": "Echo"})
    run = production_run(made)
    assert run.call("Fan", Note()) == Note("50")


def test_stream_from_who_waits_for_it(production_run) -> None:
    class Source(BusinessOperation):
        def on_message(self, request):
            self.send_request_sync("Reader", request)
            yield request

    class Reader(BusinessProcess):
        def on_request(self, request):
            list(self.send_generator_request("Source", request))

    made = production(Reader=(Reader, 1))
    made.operation("Source", Source)
    run = production_run(made)
    with pytest.raises(RequestFailedError, match="Source -> Reader -> Source"):
        run.call("Reader", Note())


@pytest.mark.parametrize("is_awaited", [False, True], ids=["in the caller's thread", "awaited"])
def test_cycle_through_an_operation_in_proc(production_run, is_awaited: bool) -> None:
    class Back(BusinessOperation):
        INVOCATION = "InProc"

        def on_message(self, request):
            return self.send_request_sync("Desk", request)

    made = production(Desk=(Awaits if is_awaited else "Back", 1))
    if is_awaited:
        made.item("Desk").host_setting("Target", "Back")
    made.operation("Back", Back)
    run = production_run(made)
    with pytest.raises(RequestFailedError, match="Desk -> Desk"):
        run.call("Desk", Note())
    run.wait_until_idle()


def test_awaited_call_in_proc_that_nobody_waits_for_in_turn_is_left_alone(production_run) -> None:
    class Asks(BusinessOperation):
        INVOCATION = "InProc"

        def on_message(self, request):
            return self.send_request_sync("Echo", request)

    made = production()
    made.process("Desk", Awaits, settings={"Target": "Asks"})
    made.operation("Asks", Asks)
    run = production_run(made)
    assert [run.call("Desk", Note(str(number))) for number in range(20)] == [Note(str(each)) for each in range(20)]


@pytest.mark.parametrize("is_awaited", [False, True], ids=["in the caller's thread", "awaited"])
def test_operations_in_proc_that_call_each_other_in_a_circle(production_run, is_awaited: bool) -> None:
    class There(BusinessOperation):
        INVOCATION = "InProc"

        def on_message(self, request):
            return self.send_request_sync("Back", request)

    class Back(BusinessOperation):
        INVOCATION = "InProc"

        async def on_message(self, request):
            return await self.send_request_async_ng("There", request)

    class SyncBack(There):
        def on_message(self, request):
            return self.send_request_sync("There", request)

    made = production()
    made.operation("There", There)
    made.operation("Back", Back if is_awaited else SyncBack)
    run = production_run(made)
    with pytest.raises(RequestFailedError, match="request to 'Back' failed"):
        run.call("There", Note())
    run.wait_until_idle()
    assert any("do they call each other in a circle" in entry.text for entry in run.log())
    assert len(run.messages(type=MessageType.REQUEST)) == MOST_CALLS
