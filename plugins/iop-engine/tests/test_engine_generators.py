"""Generator requests: streams of stored messages."""

from __future__ import annotations

import gc
import threading
from dataclasses import dataclass

import pytest

from iop import (
    BusinessOperation,
    BusinessProcess,
    BusinessService,
    Message,
    Production,
    PydanticMessage,
    handler,
)
from iop_core.errors import RequestFailedError, RequestTimeoutError, SendError
from iop_core.headers import MessageStatus
from iop_core.interfaces import MessageStream
from iop_testing import run_production


@dataclass
class Count(Message):
    upto: int = 0
    mode: str = ""


@dataclass
class Number(Message):
    value: int = 0


class Page(PydanticMessage):
    value: int = 0


SEEN: list[object] = []
CLOSED = threading.Semaphore(0)
GATE = threading.Event()
PATIENCE = 10


@pytest.fixture(autouse=True)
def _forget():
    global CLOSED
    SEEN.clear()
    CLOSED = threading.Semaphore(0)
    GATE.clear()


class Shelf:
    """An iterator that is no generator and tells of its end."""

    def __iter__(self):
        return self

    def __next__(self):
        return Number(0)

    def close(self):
        CLOSED.release()


class Counter(BusinessOperation):
    """Gives numbers in the way the request names."""

    def on_init(self):
        self.thread = threading.get_ident()

    @handler(Count)
    def count(self, request):
        return getattr(self, request.mode or "plain")(request)

    def plain(self, request):
        try:
            for value in range(request.upto):
                assert threading.get_ident() == self.thread
                yield Number(value)
        finally:
            CLOSED.release()

    def as_list(self, request):
        return [Number(value) for value in range(request.upto)]

    async def as_awaited_list(self, request):
        return self.as_list(request)

    async def asynchronous(self, request):
        try:
            for value in range(request.upto):
                yield Number(value)
        finally:
            CLOSED.release()

    def with_none(self, request):
        yield from (None, Number(1), None)

    def failing(self, request):
        yield Number(0)
        raise ValueError("page 1 is torn")

    def not_a_message(self, request):
        try:
            yield Number(0)
            yield "text"
        finally:
            CLOSED.release()

    def slow(self, request):
        try:
            yield Number(0)
            GATE.wait(PATIENCE)
            yield Number(1)
        finally:
            CLOSED.release()

    def slow_start(self, request):
        GATE.wait(PATIENCE)
        return Shelf()

    def nothing(self, request):
        return None

    def message(self, request):
        return Page()

    def sending(self, request):
        for value in range(request.upto):
            self.send_request_async("Sink", Number(value))
            yield Number(value)


class Sink(BusinessOperation):
    def on_message(self, request):
        SEEN.append(request)


class Asker(BusinessOperation):
    """Runs a function of the test as its handler."""

    run = None

    def on_message(self, request):
        SEEN.append(type(self).run(self))


@pytest.fixture
def ask(production_run):
    """Run a function inside of a handler, and return the run and what it returned."""

    def asked(function, pool_size=1):
        production = Production("Test.Generators")
        production.operation(Counter, pool_size=pool_size)
        production.operation(Sink)
        production.operation("Asker", type("Asking", (Asker,), {"run": staticmethod(function)}))
        run = production_run(production)
        run.call("Asker", Number())
        return run, SEEN[-1]

    return asked


def stream_of(self, upto=3, mode="", timeout=-1):
    return self.send_generator_request("Counter", Count(upto, mode), timeout)


@pytest.mark.parametrize("mode", ["plain", "as_list", "as_awaited_list", "asynchronous"])
@pytest.mark.parametrize("upto", [0, 5])
def test_elements_come_in_order(ask, mode, upto) -> None:
    run, values = ask(lambda self: [number.value for number in stream_of(self, upto, mode)])
    assert values == list(range(upto))
    elements = [m for m in run.messages(source="Counter", type="Response") if m.body_class.endswith(".Number")]
    assert len(elements) == upto
    assert {message.status for message in run.messages()} == {MessageStatus.COMPLETED}
    assert len({message.session_id for message in run.messages()}) == 1


@pytest.mark.parametrize("kind", [BusinessService, BusinessProcess])
def test_other_hosts_can_ask(production_run, kind) -> None:
    class Asking(kind):
        def on_message(self, request):
            SEEN.extend(number.value for number in stream_of(self))

    production = Production("Test.Generators")
    production.operation(Counter)
    make = production.service if kind is BusinessService else production.process
    make("Asking", Asking)
    production_run(production).call("Asking", Number())
    assert SEEN == [0, 1, 2]


def test_service_gives_a_stream(production_run) -> None:
    class Source(BusinessService):
        def on_process_input(self, message_input):
            for value in range(message_input.upto):
                yield Number(value)

    class Asking(BusinessOperation):
        def on_message(self, request):
            SEEN.extend(number.value for number in self.send_generator_request("Source", Count(3)))

    production = Production("Test.Generators")
    production.service(Source)
    production.operation(Asking)
    production_run(production).call("Asking", Number())
    assert SEEN == [0, 1, 2]


def test_process_gives_no_stream(production_run) -> None:
    class Source(BusinessProcess):
        def on_request(self, request):
            return request

    class Asking(BusinessOperation):
        def on_message(self, request):
            self.send_generator_request("Source", Count(3))

    production = Production("Test.Generators")
    production.process(Source)
    production.operation(Asking)
    with pytest.raises(RequestFailedError, match="'Source' is a process, which gives no streams"):
        production_run(production).call("Asking", Number())


def test_none_is_an_element(ask) -> None:
    _, elements = ask(lambda self: list(stream_of(self, mode="with_none")))
    assert elements == [None, Number(1), None]


@pytest.mark.parametrize("pool_size", [1, 3])
def test_streams_do_not_disturb_each_other(ask, pool_size) -> None:
    def interleave(self):
        streams = [stream_of(self, n) for n in (4, 5, 6, 7)]
        return [tuple(number.value for number in group) for group in zip(*streams, strict=False)]

    run, groups = ask(interleave, pool_size)
    assert groups == [(n,) * 4 for n in range(4)]
    assert run.messages(status="Error") == []


def test_many_consumers_of_a_pool(production_run) -> None:
    class Asking(BusinessOperation):
        def on_message(self, request):
            SEEN.append([number.value for number in stream_of(self, 20)])

    production = Production("Test.Generators")
    production.operation(Counter, pool_size=3)
    production.operation(Asking, pool_size=6)
    run = production_run(production)
    run.send_many("Asking", [Number()] * 18)
    run.wait_until_idle()
    assert [list(range(20))] * 18 == SEEN
    assert run.messages(status="Error") == []


def test_error_of_the_generator_reaches_the_consumer(ask) -> None:
    def read(self):
        stream = stream_of(self, mode="failing")
        first = next(stream)
        errors = []
        for _ in range(2):
            with pytest.raises(RequestFailedError, match="ValueError: page 1 is torn") as caught:
                next(stream)
            errors.append(caught.value)
        assert errors[0] is errors[1], "a broken stream never looks complete"
        return first

    run, first = ask(read)
    assert first == Number(0)
    assert any("page 1 is torn" in entry.text for entry in run.log(item="Counter"))


def test_element_that_is_no_message_is_an_error_and_ends_the_stream(ask) -> None:
    def read(self):
        stream = stream_of(self, mode="not_a_message")
        next(stream)
        with pytest.raises(RequestFailedError, match=r"str is not a message"):
            next(stream)

    ask(read)
    assert CLOSED.acquire(timeout=PATIENCE)


@pytest.mark.parametrize(("mode", "named"), [("nothing", "NoneType"), ("message", "Page")])
def test_answer_that_is_not_iterable_is_refused(ask, mode, named) -> None:
    def read(self):
        with pytest.raises(RequestFailedError, match=f"a generator request was answered with {named}"):
            stream_of(self, mode=mode)

    ask(read)


def test_request_that_is_no_message_is_refused(ask) -> None:
    def read(self):
        with pytest.raises(SendError, match="needs one target"):
            self.send_generator_request("Counter,Sink", Count())
        with pytest.raises(Exception, match="is not a message"):
            self.send_generator_request("Counter", object())

    run, _ = ask(read)
    assert len(run.messages(source="Asker", type="Request")) == 0


@pytest.mark.parametrize("pool_size", [1, 2])
@pytest.mark.parametrize("way", ["close", "with", "break", "delete", "cycle"])
@pytest.mark.parametrize("mode", ["plain", "asynchronous"])
def test_abandoned_stream_is_closed(ask, way, mode, pool_size) -> None:
    def read(self):
        stream = stream_of(self, 100, mode)
        assert next(stream) == Number(0)
        if way == "close":
            stream.close()
            stream.close()
            assert list(stream) == []
        elif way == "with":
            with stream as same:
                assert same is stream
        elif way == "break":
            for _ in stream:
                break
        elif way == "cycle":
            cycle = [stream]
            cycle.append(cycle)
            del cycle
        del stream
        gc.collect()
        assert CLOSED.acquire(timeout=PATIENCE)

    run, _ = ask(read, pool_size)
    run.wait_until_idle()
    assert run.messages(status="Error") == []


def test_stop_of_the_production_closes_streams(production_run) -> None:
    class Asking(BusinessService):
        def on_message(self, request):
            SEEN.append(stream_of(self, 100))
            next(SEEN[0])

    production = Production("Test.Generators")
    production.operation(Counter)
    production.service(Asking)
    run = production_run(production)
    run.call("Asking", Number())
    assert not CLOSED.acquire(timeout=0)
    run.stop()
    assert CLOSED.acquire(timeout=0)


def test_time_out_holds_for_each_element_and_ends_the_stream(ask) -> None:
    def read(self):
        stream = stream_of(self, mode="slow", timeout=PATIENCE)
        next(stream)
        short = stream_of(self, mode="slow", timeout=0.05)
        next(short)
        for _ in range(2):
            with pytest.raises(RequestTimeoutError, match=r"'Counter' within 0\.05 s"):
                next(short)
        GATE.set()
        assert CLOSED.acquire(timeout=PATIENCE)
        return list(stream)

    run, rest = ask(read)
    assert rest == [Number(1)]
    run.wait_until_idle()
    assert [m.status for m in run.messages(status="Discarded")] == [MessageStatus.DISCARDED]


@pytest.mark.parametrize("pool_size", [1, 2])
def test_stream_that_starts_too_late_is_closed(ask, pool_size) -> None:
    def read(self):
        with pytest.raises(RequestTimeoutError):
            stream_of(self, mode="slow_start", timeout=0.02)
        GATE.set()

    run, _ = ask(read, pool_size)
    run.wait_until_idle()
    assert CLOSED.acquire(timeout=0)


def test_sends_of_a_generator_are_stored_with_the_element(ask) -> None:
    def read(self):
        stream = stream_of(self, 3, "sending")
        next(stream)
        next(stream)
        stream.close()

    run, _ = ask(read)
    run.wait_until_idle()
    assert [m for m in SEEN if m is not None] == [Number(0), Number(1)]


def test_start_from_before_a_restart_opens_nothing(tmp_path) -> None:
    def production(*, enabled: bool) -> Production:
        made = Production("Test.Generators", shutdown_timeout=0.01)
        made.operation(Counter, enabled=enabled)
        return made

    class Asking(BusinessService):
        def on_message(self, request):
            stream_of(self, timeout=0.01)

    with_asker = production(enabled=False)
    with_asker.service(Asking)
    with run_production(with_asker, data_dir=tmp_path) as run, pytest.raises(RequestFailedError, match="no reply"):
        run.call("Asking", Number())
    with run_production(production(enabled=True), data_dir=tmp_path) as run:
        run.wait_until_idle()
        (failed,) = run.messages(status="Error", type="Request", target="Counter")
        assert "before the production was started again" in failed.error


def test_stream_is_what_the_interface_says(ask) -> None:
    def read(self):
        with stream_of(self) as stream:
            assert isinstance(stream, MessageStream)

    ask(read)
