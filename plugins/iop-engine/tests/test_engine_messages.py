"""Sending, answering and failing, seen through the test kit."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from iop import (
    BusinessOperation,
    BusinessService,
    Message,
    PollingBusinessService,
    Production,
    PydanticMessage,
    handler,
    target,
)
from iop_core.errors import (
    NotConnectedError,
    RequestFailedError,
    RequestTimeoutError,
    SendError,
    SerializationError,
    UnknownItemError,
)
from iop_core.headers import BusinessType, MessagePriority, MessageStatus, MessageType
from iop_testing import run_production


@dataclass
class Ask(Message):
    number: int = 0


@dataclass
class Answer(Message):
    number: int = 0


class Loose(PydanticMessage):
    text: str = ""


class Echo(BusinessOperation):
    """Answers with the same number; 13 fails."""

    @handler(Ask)
    def answer(self, request):
        if request.number == 13:
            raise ValueError("unlucky")
        return Answer(request.number)


class Record(BusinessOperation):
    """Remembers what it was given, in order."""

    seen: list = None

    def on_message(self, request):
        RECORDED.append(request.number)


RECORDED: list[int] = []


@pytest.fixture(autouse=True)
def _forget():
    RECORDED.clear()


def echo_production() -> Production:
    production = Production("Test.Echo")
    production.operation(Echo)
    return production


def test_call_returns_the_reply(production_run) -> None:
    run = production_run(echo_production())
    assert run.call("Echo", Ask(5)) == Answer(5)


def test_headers_tell_the_whole_story(production_run) -> None:
    run = production_run(echo_production())
    run.call("Echo", Ask(5))
    request, response = run.messages()
    assert (request.type, response.type) == (MessageType.REQUEST, MessageType.RESPONSE)
    assert request.session_id == response.session_id == request.message_id
    assert (request.corresponding_id, response.corresponding_id) == (response.message_id, request.message_id)
    assert request.status is response.status is MessageStatus.COMPLETED
    assert request.priority is response.priority is MessagePriority.SYNC
    assert (request.target, response.source) == ("Echo", "Echo")
    assert request.target_type is BusinessType.OPERATION
    assert request.return_queue == response.queue != ""
    assert request.body_class.endswith(".Ask")
    assert response.time_created >= request.time_created
    assert request.time_processed is not None


def test_send_opens_a_session_per_message(production_run) -> None:
    run = production_run(echo_production())
    first, second = run.send_many("Echo", [Ask(1), Ask(2)])
    third = run.send("Echo", Ask(3))
    assert len({first, second, third}) == 3
    run.wait_until_idle()
    assert [m.session_id for m in run.messages(type="Request")] == [first, second, third]
    assert run.queues() == []


def test_asynchronous_request_to_an_operation_gets_no_answer(production_run) -> None:
    run = production_run(echo_production())
    run.send("Echo", Ask(1))
    run.wait_until_idle()
    assert run.messages(type="Response") == []


def test_failure_reaches_the_caller_and_is_stored(production_run, caplog) -> None:
    run = production_run(echo_production())
    with pytest.raises(RequestFailedError, match="ValueError: unlucky"):
        run.call("Echo", Ask(13))
    (failed,) = run.messages(status="Error", type="Request")
    assert failed.is_error
    assert failed.error == "ValueError: unlucky"
    (entry,) = run.log(item="Echo")
    assert entry.message_id == failed.message_id
    assert 'raise ValueError("unlucky")' in entry.text
    assert "unlucky" in caplog.text


def test_failure_does_not_stop_the_lane(production_run) -> None:
    run = production_run(echo_production())
    run.send("Echo", Ask(13))
    assert run.call("Echo", Ask(14)) == Answer(14)


def test_unhandled_message_is_a_visible_failure(production_run) -> None:
    run = production_run(echo_production())
    run.send("Echo", Loose(text="nobody wants me"))
    run.wait_until_idle()
    (failed,) = run.messages(status="Error")
    assert "NoHandlerError" in failed.error
    assert "Loose" in failed.error


def test_unknown_item_is_refused_before_anything_is_stored(production_run) -> None:
    run = production_run(echo_production())
    with pytest.raises(UnknownItemError, match=r"Ehco.*did you mean 'Echo'"):
        run.send("Ehco", Ask(1))
    assert run.messages() == []


@pytest.mark.parametrize("wrong", ["text", 5, object(), Ask, [Ask(1)]])
def test_what_is_no_message_is_refused(production_run, wrong) -> None:
    run = production_run(echo_production())
    with pytest.raises(SerializationError):
        run.send("Echo", wrong)
    assert run.messages() == []


def test_send_many_is_all_or_nothing(production_run) -> None:
    run = production_run(echo_production())
    with pytest.raises(SerializationError):
        run.send_many("Echo", [Ask(1), object(), Ask(2)])
    assert run.messages() == []
    assert run.send_many("Echo", []) == []


def test_order_is_kept(production_run) -> None:
    production = Production("Test.Order")
    production.operation(Record)
    run = production_run(production)
    for start in range(0, 3000, 100):
        run.send_many("Record", [Ask(n) for n in range(start, start + 100)])
    run.wait_until_idle()
    assert list(range(3000)) == RECORDED


def test_synchronous_request_passes_waiting_ones(production_run) -> None:
    gate = threading.Event()

    class Gate(BusinessOperation):
        def on_message(self, request):
            gate.wait(10)
            RECORDED.append(request.number)
            return request

    production = Production("Test.Priority")
    production.operation("Gate", Gate)
    run = production_run(production)
    run.send_many("Gate", [Ask(n) for n in range(5)])
    caller = threading.Thread(target=run.call, args=("Gate", Ask(99)))
    caller.start()
    while len(run.messages(type="Request")) < 6:
        pass
    run.send("Gate", Ask(5))  # once this is stored, what was stored before is in the queue
    gate.set()
    caller.join(10)
    run.wait_until_idle()
    assert RECORDED == [0, 99, 1, 2, 3, 4, 5]


def test_late_answer_is_discarded(production_run) -> None:
    gate = threading.Event()

    class Slow(BusinessOperation):
        def on_message(self, request):
            gate.wait(10)
            return request

    production = Production("Test.Late")
    production.operation("Slow", Slow)
    run = production_run(production)
    with pytest.raises(RequestTimeoutError, match=r"'Slow' within 0\.01 s"):
        run.call("Slow", Ask(1), timeout=0.01)
    gate.set()
    run.wait_until_idle()
    (late,) = run.messages(type="Response")
    assert late.status is MessageStatus.DISCARDED
    (request,) = run.messages(type="Request")
    assert request.status is MessageStatus.COMPLETED


def test_sends_of_a_failed_handler_are_not_stored(production_run) -> None:
    class SendThenFail(BusinessOperation):
        Output = target("Record")

        def on_message(self, request):
            self.send_request_async(self.Output, request)
            raise RuntimeError("after the send")

    production = Production("Test.Atomic")
    production.operation("Sender", SendThenFail)
    production.operation(Record)
    run = production_run(production)
    run.send("Sender", Ask(1))
    run.wait_until_idle()
    assert RECORDED == []
    assert len(run.messages()) == 1


def test_unset_target_names_the_port(production_run) -> None:
    class Lost(BusinessOperation):
        Output = target()

        def on_message(self, request):
            self.send_request_async(self.Output, request)

    production = Production("Test.Lost")
    production.operation("Lost", Lost)
    run = production_run(production)
    with pytest.raises(RequestFailedError, match=r"not connected: 'Output'"):
        run.call("Lost", Ask(1))


def test_component_outside_of_a_production_cannot_send() -> None:
    with pytest.raises(NotConnectedError, match="not connected"):
        Echo().send_request_sync("Echo", Ask(1))


def test_context_names_the_message_in_hand(production_run) -> None:
    class WhoAmI(BusinessOperation):
        def on_message(self, request):
            RECORDED.append((self.context.message_id, self.context.session_id, self.context.source))
            return request

    class Caller(BusinessService):
        def on_message(self, request):
            return self.send_request_sync("WhoAmI", request)

    production = Production("Test.Context")
    production.operation("WhoAmI", WhoAmI)
    production.service("Caller", Caller)
    run = production_run(production)
    assert run.call("Caller", Ask(1)) == Ask(1)
    inner = run.messages(target="WhoAmI", type="Request")[0]
    assert RECORDED == [(inner.message_id, inner.session_id, "Caller")]
    assert inner.session_id != inner.message_id


def test_multi_request_returns_answers_in_order(production_run) -> None:
    class Multi(BusinessOperation):
        def on_message(self, request):
            answers = self.send_multi_request_sync([("Echo", Ask(n)) for n in (1, 13, 2)], timeout=10)
            RECORDED.extend((name, getattr(reply, "number", None), code) for name, _, reply, code in answers)

    production = echo_production()
    production.operation("Multi", Multi)
    run = production_run(production)
    run.call("Multi", Ask(0))
    assert RECORDED == [("Echo", 1, 1), ("Echo", None, -1), ("Echo", 2, 1)]
    asked = run.messages(source="Multi", type="Request")
    assert [message.description for message in asked] == ["Multi -> Echo"] * 3


@pytest.mark.parametrize("is_async", [False, True])
def test_reply_of_another_class_than_was_named_is_an_error(production_run, is_async) -> None:
    class Asker(BusinessOperation):
        async def on_message(self, request):
            for response_type in (Answer, Ask):
                try:
                    if is_async:
                        RECORDED.append(
                            await self.send_request_async_ng("Echo", request, 5, response_type=response_type)
                        )
                    else:
                        RECORDED.append(self.send_request_sync("Echo", request, 5, response_type=response_type))
                except SendError as exc:
                    RECORDED.append(str(exc))

    production = echo_production()
    production.operation("Asker", Asker)
    production_run(production).call("Asker", Ask(1))
    assert RECORDED == [
        Answer(1),
        "'Echo' replied with Answer, but response_type is Ask: correct response_type, or leave it out and look at the "
        "reply",
    ]


def test_async_handler_is_awaited(production_run) -> None:
    class Asynchronous(BusinessOperation):
        @handler(Ask)
        async def answer(self, request):
            return Answer(request.number + 1)

    production = Production("Test.Async")
    production.operation("Asynchronous", Asynchronous)
    run = production_run(production)
    assert run.call("Asynchronous", Ask(1)) == Answer(2)


def test_polling_service_sends_in_one_session_per_poll() -> None:
    class Poll(PollingBusinessService):
        def on_poll(self):
            for number in range(3):
                self.send_request_async("Record", Ask(number))
            RECORDED.append(self.context.session_id)

    production = Production("Test.Poll")
    production.operation(Record)
    production.service("Poll", Poll)
    with run_production(production) as run:
        run.wait_until_idle()
        sent = run.messages(source="Poll")
    assert len(sent) == 3
    assert {m.session_id for m in sent} == {sent[0].message_id}
    assert sent[0].message_id in RECORDED


def test_service_thread_of_its_own_sends_durably(production_run) -> None:
    class Listener(BusinessService):
        def on_init(self):
            thread = threading.Thread(target=self.listen)
            thread.start()
            thread.join()

        def listen(self):
            self.send_request_async("Record", Ask(1))
            self.send_request_async("Record", Ask(2))

    production = Production("Test.Listener")
    production.operation(Record)
    production.service("Listener", Listener)
    run = production_run(production)
    run.wait_until_idle()
    assert RECORDED == [1, 2]
    assert len({m.session_id for m in run.messages()}) == 2


def test_odd_texts_do_not_stop_the_engine(production_run) -> None:
    class Odd(BusinessOperation):
        def on_message(self, request):
            self.log_info("half a character: \ud800 and 100% of \x00")
            raise ValueError("half a character: \ud800")

    production = Production("Test.Odd")
    production.operation("Odd", Odd)
    run = production_run(production)
    run.send("Odd", Ask(1))
    run.wait_until_idle()
    (failed,) = run.messages(status="Error")
    assert "\\ud800" in failed.error
    assert run.log(item="Odd")[0].text == "half a character: \\ud800 and 100% of \x00"
