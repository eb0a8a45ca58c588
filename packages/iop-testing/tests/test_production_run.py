"""The test kit, used as its users use it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from iop_core import BusinessOperation, Message
from iop_core.errors import RequestTimeoutError, SerializationError, UnknownPluginError
from iop_core.serializers import Serializer
from iop_production import Production
from iop_testing import SerializerSuite, VirtualClock, codec_for, run_production
from iop_testing.production_run import NotIdleError


@dataclass
class Ping(Message):
    number: int = 0


class Echo(BusinessOperation):
    def on_message(self, request):
        return request


class EchoProduction(Production):
    name = "Test.Echo"

    def __init__(self) -> None:
        super().__init__("Test.Echo")
        self.operation(Echo)


@pytest.mark.parametrize("form", ["instance", "class", "definition"])
def test_every_form_of_a_production_runs(form: str) -> None:
    production = {"instance": EchoProduction(), "class": EchoProduction, "definition": EchoProduction().definition()}
    with run_production(production[form]) as run:
        assert run.call("Echo", Ping(1)) == Ping(1)


def test_data_directory_is_kept_and_read_again(tmp_path: Path) -> None:
    with run_production(EchoProduction, data_dir=tmp_path) as run:
        session = run.send("Echo", Ping(7))
        assert run.wait_until_idle(timeout=10) is True
    with run_production(EchoProduction, data_dir=tmp_path) as run:
        (header,) = run.messages(session=session)
        assert run.body(header.message_id) == Ping(7)
        trace = run.trace(session)
        assert trace is not None
        assert [m.message_id for m in trace.messages] == [header.message_id]
        assert run.trace().session_id == session
        assert run.trace(999) is None


def test_without_a_data_directory_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with run_production(EchoProduction):
        assert list(tmp_path.iterdir()) != []
    assert list(tmp_path.iterdir()) == []


def test_busy_production_is_named() -> None:
    gate = threading.Event()

    class Slow(BusinessOperation):
        def on_message(self, request):
            gate.wait(10)

    production = Production("Test.Slow")
    production.operation("Slow", Slow)
    with run_production(production) as run:
        run.send_many("Slow", [Ping(), Ping()])
        with pytest.raises(NotIdleError, match=r"Slow \(2\)"):
            run.wait_until_idle(timeout=0.01)
        gate.set()
        run.wait_until_idle()


def test_fixture_stops_what_it_ran(production_run, tmp_path: Path) -> None:
    first = production_run(EchoProduction, data_dir=tmp_path / "a")
    second = production_run(EchoProduction, data_dir=tmp_path / "b")
    assert first.call("Echo", Ping(1)) == second.call("Echo", Ping(1))


def test_deeds_of_an_operator() -> None:
    class Once(BusinessOperation):
        is_broken = True

        def on_message(self, request):
            if self.is_broken:
                raise ValueError("out of paper")

    production = Production("Test.Deeds")
    production.operation("Printer", Once, settings={"ReplyCodeActions": "E=S"})
    production.operation(Echo)
    production.operation("Idle", Echo, enabled=False)
    with run_production(production) as run:
        suspended = run.send("Printer", Ping(1))
        run.wait_until_idle()
        assert run.count_messages(status="Suspended") == 1
        Once.is_broken = False
        assert run.resubmit(suspended).ids == (suspended,)
        run.wait_until_idle()
        assert run.count_messages(status="Completed", target="Printer") == 1
        (copy,) = run.resend(suspended, target="Echo").ids
        run.wait_until_idle()
        assert [header.message_id for header in run.messages(target="Echo")] == [copy]
        aside, waiting = run.send_many("Idle", [Ping(2), Ping(3)])
        assert run.suspend(aside).ids == (aside,)
        assert run.discard(aside).ids == (aside,)
        assert run.abort(waiting).ids == (waiting,)
        assert [header.status.name for header in run.messages(target="Idle")] == ["DISCARDED", "ABORTED"]


def test_stop_ends_a_handler_that_waits_for_virtual_time() -> None:
    has_begun, told = threading.Event(), []

    class Patient(BusinessOperation):
        def on_message(self, request):
            has_begun.set()
            try:
                self.send_request_sync("Off", request, timeout=10)
            except RequestTimeoutError as error:
                told.append(error)

    production = Production("Test.Patient")
    production.operation("Patient", Patient)
    production.operation("Off", Echo, enabled=False)
    before = time.monotonic()
    with run_production(production, clock=VirtualClock()) as run:
        run.send("Patient", Ping())
        assert has_begun.wait(10)
    assert time.monotonic() - before < 20, "the shutdown timeout of a production is 120 s"
    assert [error.target for error in told] == ["Off"]


def test_body_of_a_message_that_does_not_exist() -> None:
    with run_production(EchoProduction) as run, pytest.raises(LookupError, match="999"):
        run.body(999)


def test_codec_is_what_the_engine_stores(tmp_path: Path) -> None:
    encode, decode = codec_for(Ping)
    assert encode(Ping(5)) == b'{"number":5}'
    assert decode(b'{"number":5}') == Ping(5)
    with pytest.raises(SerializationError):
        codec_for(int)
    with pytest.raises(UnknownPluginError, match=r"'jsn'.*did you mean 'json'"):
        codec_for(Ping, serializer="jsn")


def test_virtual_time_moves_only_by_hand() -> None:
    clock = VirtualClock()
    alarm = clock.alarm()
    waited: list[bool] = []
    waiter = threading.Thread(target=lambda: waited.append(alarm.wait(60)))
    before = clock.now()
    waiter.start()
    clock.advance(59)
    assert waited == []
    clock.advance(1)
    # The thread may have begun to wait after the first step: then it needs the full minute.
    while waiter.is_alive():
        clock.advance(60)
        waiter.join(0.01)
    assert waited == [False]
    assert (clock.now() - before).total_seconds() == clock.monotonic()


def test_alarm_that_is_set_ends_the_wait() -> None:
    alarm = VirtualClock().alarm()
    alarm.set()
    assert alarm.is_set()
    assert alarm.wait(60)


class TestJsonSerializer(SerializerSuite):
    @pytest.fixture
    def serializer(self) -> Serializer:
        from iop_core.json_serializer import JsonSerializer

        return JsonSerializer()


class TestForgottenFixture:
    def test_suite_without_its_fixture_fails(self, pytester: pytest.Pytester) -> None:
        pytester.makepyfile(
            """
            from iop_testing import SerializerSuite

            class TestMine(SerializerSuite):
                pass
            """
        )
        result = pytester.runpytest_subprocess("-q")
        result.stdout.fnmatch_lines(["*override the 'serializer' fixture*"])
        assert result.ret != 0
