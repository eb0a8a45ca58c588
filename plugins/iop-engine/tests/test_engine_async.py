"""Coroutines in components: awaited requests, time-outs, cancellation, one loop per job."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass

import pytest

from iop import BusinessOperation, BusinessProcess, BusinessService, InboundAdapter, Message, Production, handler
from iop_core.errors import RequestFailedError, RequestTimeoutError, UnknownItemError
from iop_core.headers import MessageStatus
from iop_testing import run_production


@dataclass
class Ask(Message):
    number: int = 0


SEEN: list[object] = []
GATE = threading.Event()


@pytest.fixture(autouse=True)
def _forget():
    SEEN.clear()
    GATE.clear()
    yield
    GATE.set()


class Double(BusinessOperation):
    """Doubles; 13 fails, and 99 waits for the gate."""

    def on_message(self, request):
        if request.number == 13:
            raise ValueError("unlucky")
        if request.number == 99:
            GATE.wait(10)
        return Ask(request.number * 2)


def asking(component: type) -> Production:
    production = Production("Test.Async")
    production.operation(Double, pool_size=3)
    if issubclass(component, BusinessProcess):
        production.process("Asker", component)
    elif issubclass(component, BusinessService):
        production.service("Asker", component)
    else:
        production.operation("Asker", component)
    return production


def answer_of(self, number, timeout=-1.0):
    return self.send_request_async_ng("Double", Ask(number), timeout)


@pytest.mark.parametrize("kind", [BusinessOperation, BusinessProcess, BusinessService])
def test_every_host_can_await_answers(production_run, kind) -> None:
    class Asker(kind):
        async def on_message(self, request):
            answers = await asyncio.gather(*(answer_of(self, n) for n in range(101, 151)))
            return Ask(sum(answer.number for answer in answers))

    run = production_run(asking(Asker))
    assert run.call("Asker", Ask()) == Ask(12550)
    requests = run.messages(source="Asker", target="Double", type="Request")
    assert {message.description for message in requests} == {"Asker -> Double"}
    assert len({message.session_id for message in run.messages()}) == 1
    assert len(requests) == 50


def test_partial_results(production_run) -> None:
    class Asker(BusinessOperation):
        async def on_message(self, request):
            asked = [answer_of(self, 1), answer_of(self, 13), answer_of(self, 99, 0.05)]
            SEEN.extend(await asyncio.gather(*asked, return_exceptions=True))

    production_run(asking(Asker)).call("Asker", Ask())
    GATE.set()
    good, failed, late = SEEN
    assert good == Ask(2)
    assert isinstance(failed, RequestFailedError)
    assert "unlucky" in str(failed)
    assert isinstance(late, RequestTimeoutError)


def test_answer_does_not_wait_for_a_poll(production_run) -> None:
    class Asker(BusinessOperation):
        async def on_message(self, request):
            started = time.perf_counter()
            for _ in range(20):
                await answer_of(self, 1)
            SEEN.append((time.perf_counter() - started) / 20)

    production_run(asking(Asker)).call("Asker", Ask())
    assert SEEN[0] < 0.1


@pytest.mark.parametrize("give_up", ["timeout", "cancel"])
def test_answer_of_a_call_given_up_is_discarded(production_run, give_up) -> None:
    class Asker(BusinessOperation):
        async def on_message(self, request):
            if give_up == "timeout":
                with pytest.raises(RequestTimeoutError, match=r"'Double' within 0\.01 s"):
                    await answer_of(self, 99, 0.01)
            else:
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(answer_of(self, 99), 0.01)
            GATE.set()
            return await answer_of(self, 4)

    run = production_run(asking(Asker))
    assert run.call("Asker", Ask()) == Ask(8)
    run.wait_until_idle()
    statuses = [m.status for m in run.messages(source="Double", type="Response")]
    assert sorted(statuses) == [MessageStatus.DISCARDED, MessageStatus.COMPLETED]


def test_loop_goes_on_while_an_answer_is_awaited(production_run) -> None:
    class Asker(BusinessOperation):
        async def on_message(self, request):
            async def open_gate():
                GATE.set()

            return (await asyncio.gather(answer_of(self, 99), open_gate()))[0]

    assert production_run(asking(Asker)).call("Asker", Ask()) == Ask(198)


def test_unknown_target_fails_at_once(production_run) -> None:
    class Asker(BusinessOperation):
        async def on_message(self, request):
            await self.send_request_async_ng("Nowhere", request)

    with pytest.raises(RequestFailedError, match=UnknownItemError.__name__):
        production_run(asking(Asker)).call("Asker", Ask())


def test_stop_ends_an_awaited_call(tmp_path) -> None:
    class Asker(BusinessService):
        def on_init(self):
            self.thread = threading.Thread(target=asyncio.run, args=(self.ask(),))
            self.thread.start()

        async def ask(self):
            try:
                await answer_of(self, 99)
            except Exception as exc:  # noqa: BLE001
                SEEN.append(str(exc))

    production = Production("Test.Stop", shutdown_timeout=0.01)
    production.operation(Double)
    service = production.service(Asker)
    assert service is not None
    with run_production(production, data_dir=tmp_path) as run:
        while not run.messages(target="Double", status="Queued"):
            time.sleep(0)
    GATE.set()
    while not SEEN:
        time.sleep(0)
    assert "stopped before an answer came" in SEEN[0]


def test_one_loop_for_all_messages_of_a_job(production_run) -> None:
    class Asker(BusinessOperation):
        async def on_init(self):
            SEEN.append(asyncio.get_running_loop())

        async def on_message(self, request):
            SEEN.append(asyncio.get_running_loop())

        async def on_tear_down(self):
            SEEN.append(asyncio.get_running_loop())

    run = production_run(asking(Asker))
    run.call("Asker", Ask())
    run.call("Asker", Ask())
    run.stop()
    assert len(SEEN) == 4
    assert len(set(SEEN)) == 1
    assert SEEN[0].is_closed()


def test_tasks_left_behind_end_with_their_message(production_run) -> None:
    class Asker(BusinessOperation):
        async def on_message(self, request):
            async def linger():
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    SEEN.append(f"cancelled {request.number}")
                    raise

            self.task = asyncio.create_task(linger())
            await asyncio.sleep(0)
            SEEN.append(f"end {request.number}")

    run = production_run(asking(Asker))
    run.call("Asker", Ask(1))
    run.call("Asker", Ask(2))
    assert SEEN == ["end 1", "cancelled 1", "end 2", "cancelled 2"]


def test_async_process_hooks(production_run) -> None:
    class Asker(BusinessProcess):
        async def on_init(self):
            SEEN.append("init")

        @handler(Ask)
        async def ask(self, request):
            self.send_request_async("Double", request)

        async def on_response(self, request, response, call_request, call_response, completion_key):
            return call_response

        async def on_complete(self, request, response):
            SEEN.append("complete")

        async def on_tear_down(self):
            SEEN.append("down")

    assert production_run(asking(Asker)).call("Asker", Ask(2)) == Ask(4)
    assert SEEN == ["init", "complete", "down"]


def test_async_adapter_and_threads_of_its_own(production_run) -> None:
    class Shelf(InboundAdapter):
        async def on_task(self):
            await asyncio.to_thread(self.feed)

        def feed(self):
            self.business_host.process_input(Ask(1))

    class Asker(BusinessService):
        async def on_process_input(self, message_input):
            SEEN.append(await answer_of(self, message_input.number))
            self._wait_for_next_call_interval = True

    production = Production("Test.Adapter")
    production.operation(Double)
    production.service(Asker, adapter_class=Shelf)
    run = production_run(production)
    run.wait_until_idle()
    assert SEEN == [Ask(2)]


def test_async_called_by_async_through_a_plain_function_is_an_error(production_run) -> None:
    class Shelf(InboundAdapter):
        async def on_task(self):
            self.business_host.process_input(Ask(1))

    class Asker(BusinessService):
        async def on_process_input(self, message_input):
            SEEN.append("never")

    production = Production("Test.Adapter")
    production.service(Asker, adapter_class=Shelf)
    run = production_run(production)
    run.wait_until_idle()
    assert SEEN == []
    assert "on_process_input is async" in run.log(item="Asker")[0].text
