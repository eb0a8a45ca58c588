"""Business processes: events, state, answers and restarts."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from iop import BusinessOperation, BusinessProcess, Message, Production, handler, setting, target
from iop_core.errors import RequestFailedError
from iop_core.headers import MessageStatus
from iop_testing import run_production


@dataclass
class Ask(Message):
    number: int = 0


@dataclass
class Sum(Message):
    total: int = 0


EVENTS: list[object] = []


@pytest.fixture(autouse=True)
def _forget():
    EVENTS.clear()


class Double(BusinessOperation):
    @handler(Ask)
    def double(self, request):
        if request.number < 0:
            raise ValueError("negative")
        return Ask(request.number * 2)


class FanOut(BusinessProcess):
    """Doubles 1 to n in parallel and adds up."""

    Output = target("Double")
    PERSISTENT_PROPERTY_LIST = ("total", "keys")
    total = 0

    def on_init(self):
        self.keys = []

    def on_request(self, request):
        for number in range(1, request.number + 1):
            self.send_request_async(self.Output, Ask(number), completion_key=f"call {number}")

    def on_response(self, request, response, call_request, call_response, completion_key):
        assert call_response.number == 2 * call_request.number
        assert completion_key == f"call {call_request.number}"
        self.keys.append(completion_key)
        self.total += call_response.number

    def on_complete(self, request, response):
        EVENTS.append(self.keys)
        return Sum(self.total)


def fan_out(pool_size: int = 1, operations: int = 1) -> Production:
    production = Production("Test.FanOut")
    production.operation(Double, pool_size=operations)
    production.process(FanOut, pool_size=pool_size)
    return production


@pytest.mark.parametrize(("pool_size", "operations"), [(1, 1), (4, 3), (0, 2)])
def test_fan_out_joins_every_answer(production_run, pool_size, operations) -> None:
    run = production_run(fan_out(pool_size, operations))
    assert run.call("FanOut", Ask(10)) == Sum(110)
    assert sorted(EVENTS[0]) == sorted(f"call {n}" for n in range(1, 11))


def test_many_instances_at_once(production_run) -> None:
    run = production_run(fan_out(4, 4))
    run.send_many("FanOut", [Ask(5)] * 200)
    run.wait_until_idle()
    assert len(EVENTS) == 200
    assert all(len(keys) == 5 for keys in EVENTS)
    assert run.messages(status="Error") == []


def test_shared_actors_serve_several_processes(production_run) -> None:
    class Second(FanOut):
        pass

    production = fan_out(0)
    production.process("Second", Second, pool_size=0)
    run = production_run(production)
    assert run.call("FanOut", Ask(3)) == Sum(12)
    assert run.call("Second", Ask(2)) == Sum(6)
    assert {m.queue for m in run.messages(target="Second", type="Request")} == {"Ens.Actor"}


def test_answers_belong_to_the_session_and_instance(production_run) -> None:
    run = production_run(fan_out())
    session = run.send("FanOut", Ask(3))
    run.wait_until_idle()
    messages = run.messages()
    assert {m.session_id for m in messages} == {session}
    answers = [m for m in messages if m.type.name == "RESPONSE"]
    assert {m.process_id for m in answers} == {session}
    assert sorted(m.completion_key for m in answers) == ["call 1", "call 2", "call 3"]


def test_reply_is_early_and_only_once(production_run) -> None:
    class Early(BusinessProcess):
        def on_request(self, request):
            self.reply(Sum(1))
            self.reply(Sum(2))
            self.send_request_async("Double", Ask(1))
            return Sum(3)

        def on_complete(self, request, response):
            EVENTS.append(response)
            return Sum(4)

    production = Production("Test.Early")
    production.operation(Double)
    production.process("Early", Early)
    run = production_run(production)
    assert run.call("Early", Ask(0)) == Sum(1)
    run.wait_until_idle()
    assert EVENTS == [Sum(3)]
    assert [run.body(m.message_id) for m in run.messages(source="Early", type="Response")] == [Sum(1)]


def test_returned_message_is_the_response(production_run) -> None:
    class Plain(BusinessProcess):
        @handler(Ask)
        def handle(self, request):
            return Sum(request.number)

    production = Production("Test.Plain")
    production.process("Plain", Plain)
    run = production_run(production)
    assert run.call("Plain", Ask(7)) == Sum(7)


def test_failed_call_ends_the_process_and_tells_its_caller(production_run) -> None:
    class Doomed(BusinessProcess):
        def on_request(self, request):
            self.send_request_async("Double", Ask(-1))

    production = Production("Test.Doomed")
    production.operation(Double)
    production.process("Doomed", Doomed)
    run = production_run(production)
    with pytest.raises(RequestFailedError, match="negative"):
        run.call("Doomed", Ask(0))


def test_error_in_on_response_ends_the_process(production_run) -> None:
    class Fragile(BusinessProcess):
        def on_request(self, request):
            for number in range(3):
                self.send_request_async("Double", Ask(number))

        def on_response(self, request, response, call_request, call_response, completion_key):
            raise KeyError("broken")

    production = Production("Test.Fragile")
    production.operation(Double)
    production.process("Fragile", Fragile)
    run = production_run(production)
    with pytest.raises(RequestFailedError, match="KeyError"):
        run.call("Fragile", Ask(0))
    run.wait_until_idle()
    statuses = [m.status for m in run.messages(target="Fragile", type="Response")]
    assert statuses == [MessageStatus.ERROR, MessageStatus.DISCARDED, MessageStatus.DISCARDED]


def test_instance_survives_a_restart(tmp_path) -> None:
    def production(*, enabled: bool) -> Production:
        made = Production("Test.Restart", shutdown_timeout=5)
        made.operation("Double", Double, enabled=enabled)
        made.process(FanOut)
        return made

    with run_production(production(enabled=False), data_dir=tmp_path) as run:
        session = run.send("FanOut", Ask(4))
        run.wait_until_idle()
        assert [(q.name, q.count) for q in run.queues()] == [("Double", 4)]
    with run_production(production(enabled=True), data_dir=tmp_path) as run:
        run.wait_until_idle()
        assert [sorted(keys) for keys in EVENTS] == [["call 1", "call 2", "call 3", "call 4"]]
        assert run.messages(session=session, status="Queued") == []


def test_value_that_json_cannot_hold_is_reported(production_run) -> None:
    class Holder(BusinessProcess):
        PERSISTENT_PROPERTY_LIST = ("thing", "count")

        def on_request(self, request):
            self.thing = object()
            self.count = 1

    production = Production("Test.Holder")
    production.process("Holder", Holder)
    run = production_run(production)
    run.send("Holder", Ask(1))
    run.wait_until_idle()
    assert any("'thing' is not stored" in entry.text for entry in run.log(item="Holder"))
    assert run.messages(status="Error") == []


def test_on_init_belongs_to_the_first_event(production_run) -> None:
    class Eager(BusinessProcess):
        def on_init(self):
            self.send_request_async("Double", Ask(1), completion_key="from on_init")
            self.reply(Sum(1))

        def on_request(self, request):
            EVENTS.append("request")

        def on_response(self, request, response, call_request, call_response, completion_key):
            EVENTS.append(completion_key)

    production = Production("Test.Eager")
    production.operation(Double)
    production.process("Eager", Eager)
    run = production_run(production)
    assert run.call("Eager", Ask(0)) == Sum(1)
    run.wait_until_idle()
    assert EVENTS == ["request", "from on_init"]


def test_documented_example_replies_with_the_answer(production_run) -> None:
    class Documented(BusinessProcess):
        def on_request(self, request):
            self.send_request_async("Double", request)

        def on_response(self, request, response, call_request, call_response, completion_key):
            self.reply(response)

    production = Production("Test.Documented")
    production.operation(Double)
    production.process("Documented", Documented)
    assert production_run(production).call("Documented", Ask(4)) == Ask(8)


def test_answer_alone_does_not_become_the_response(production_run) -> None:
    class Silent(BusinessProcess):
        def on_request(self, request):
            self.send_request_async("Double", request)

    production = Production("Test.Silent")
    production.operation(Double)
    production.process("Silent", Silent)
    assert production_run(production).call("Silent", Ask(4)) is None


@pytest.mark.parametrize(("listed", "expected"), [(None, (5, [1], 3)), (["count"], (5, [], 3)), ([], (0, [], 3))])
def test_attributes_survive_a_restart(tmp_path, listed, expected) -> None:
    class Stateful(BusinessProcess):
        PERSISTENT_PROPERTY_LIST = listed
        Limit = setting(1)
        count = 0

        def on_init(self):
            self.marks = []
            self.lock = threading.Lock()

        def on_request(self, request):
            self.count = 5
            self.marks.append(1)
            self.send_request_async("Double", request)

        def on_response(self, request, response, call_request, call_response, completion_key):
            EVENTS.append((self.count, self.marks, self.Limit))

    def production(*, enabled: bool, limit: int) -> Production:
        made = Production("Test.State")
        made.operation("Double", Double, enabled=enabled)
        made.process("Stateful", Stateful, settings={"Limit": limit})
        return made

    with run_production(production(enabled=False, limit=2), data_dir=tmp_path) as run:
        run.send("Stateful", Ask(1))
        run.wait_until_idle()
    with run_production(production(enabled=True, limit=3), data_dir=tmp_path) as run:
        run.wait_until_idle()
    assert EVENTS == [expected]
