"""What operations do outside, in the I/O log."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from iop import BusinessOperation, BusinessService, Director, InboundAdapter, Message, Production
from iop_core.bodies import BodyCodec
from iop_core.errors import ComponentStartError, RequestFailedError
from iop_core.events import IoEntry
from iop_core.headers import EMPTY_BODY, Body
from iop_director import render_text
from iop_director.io_log import format_io_entry
from iop_testing import VirtualClock, run_production


@dataclass
class Line(Message):
    text: str
    tries: list[int] = field(default_factory=list)


class Out(BusinessOperation):
    def on_init(self):
        self.tries = 0

    def on_message(self, request):
        self.tries += 1
        request.tries.append(self.tries)
        if request.text == "bad":
            raise ValueError("not that")
        if request.text == "again" and self.tries < 3:
            raise ConnectionError("no line")
        return Line(request.text.upper())


def production(**settings: object) -> Production:
    made = Production("Demo.Exchanges")
    made.operation(Out, settings=settings)
    return made


def exchanges(location: Path, *texts: str, **settings: object) -> list[IoEntry]:
    director = Director(f"local:{location}")
    running = director.run(production(**settings))
    try:
        for text in texts:
            try:
                running.call("Out", Line(text), timeout_seconds=30)
            except RequestFailedError:
                assert text == "bad"
        found = director.io_log(item="Out")
        assert director.io_log(item="Other") == []
        assert director.io_log(limit=1) == found[-1:]
    finally:
        running.stop()
    assert director.io_log() == found
    sessions = {entry.session_id for entry in found}
    for session in sessions:
        of_session = [entry for entry in found if entry.session_id == session]
        assert director.io_log(session_id=session) == of_session
        assert director.io_log(session_id=session, item="Other") == []
        assert director.io_log(session_id=session, since_id=of_session[0].entry_id, limit=5) == of_session[1:]
        assert director.io_log(session_id=session, limit=1) == of_session[-1:]
    assert director.io_log(session_id=max(sessions, default=0) + 1) == []
    return found


def test_request_and_reply_are_kept(tmp_path: Path) -> None:
    first, second = exchanges(tmp_path, "good", "bad", ArchiveIO=True)
    encode = BodyCodec().encode
    assert (first.is_inbound, first.received, first.returned, first.error) == (
        False,
        encode(Line("good")),
        encode(Line("GOOD")),
        "",
    )
    assert (second.received, second.returned, second.error) == (encode(Line("bad")), EMPTY_BODY, "ValueError: not that")
    assert 0 < first.session_id < second.session_id
    assert (first.message_id, second.message_id) == (first.session_id, second.session_id)
    assert first.time_received <= first.time_responded <= second.time_received
    trace = Director(f"local:{tmp_path}").trace(first.session_id)
    assert trace is not None
    assert trace.io == (first,)
    text = render_text(trace)
    assert "io  Out: request, took" in text
    assert 'in: {"text":"good"' in text


def test_longer_data_is_cut(tmp_path: Path) -> None:
    (entry,) = exchanges(tmp_path, "x" * 500, ArchiveIO=True, ArchiveIOSize=100)
    whole = BodyCodec().encode(Line("x" * 500)).payload
    assert (entry.received.payload, entry.received_size) == (whole[:100], len(whole))
    assert "(the first 100 of" in format_io_entry(entry)


def test_size_must_be_one() -> None:
    with pytest.raises(ComponentStartError, match="ArchiveIOSize"), run_production(production(ArchiveIOSize=0)):
        pass


def test_bytes_are_kept_as_they_are(tmp_path: Path) -> None:
    class Lines(InboundAdapter):
        def on_init(self) -> None:
            self.left = [b"\x0bMSH|\xff\r", "text", {1}]

        def on_task(self) -> None:
            if self.left:
                self.business_host.process_input(self.left.pop(0))

    class In(BusinessService):
        def on_process_input(self, message_input: object) -> object:
            if isinstance(message_input, bytes):
                self.send_request_async("Out", Line("good"))
            return message_input

    made = production()
    made.service("In", In, adapter_class=Lines, settings={"ArchiveIO": True})
    clock = VirtualClock()
    with run_production(made, data_dir=tmp_path, clock=clock) as run:
        for _ in range(3):
            run.wait_until_idle()
            clock.advance(10)
        run.wait_until_idle()
        first, second, third = run.running.io_log(item="In")
        (sent,) = run.messages(source="In")
    assert (first.received, first.returned) == (Body("bytes", "bytes", b"\x0bMSH|\xff\r"),) * 2
    assert (first.message_id, first.session_id) == (sent.message_id, sent.session_id)
    assert second.received == Body("str", "text", b"text")
    assert (third.received.serializer, third.received.payload) == ("repr", b"{1}")
    assert (third.message_id, third.session_id) == (0, 0)


def test_each_try_is_an_exchange(tmp_path: Path) -> None:
    found = exchanges(tmp_path, "again", ArchiveIO=True, ReplyCodeActions="E=R", RetryInterval=0)
    assert [entry.error for entry in found] == ["ConnectionError: no line"] * 2 + [""]
    assert len({entry.session_id for entry in found}) == 1


@pytest.mark.parametrize("archives", [False, None])
def test_nothing_is_kept_unless_asked_for(tmp_path: Path, archives: bool | None) -> None:
    assert exchanges(tmp_path, "good", **({} if archives is None else {"ArchiveIO": archives})) == []


def test_operation_in_its_callers_job(tmp_path: Path) -> None:
    (entry,) = exchanges(tmp_path, "good", ArchiveIO=True, Invocation="InProc")
    assert entry.returned == BodyCodec().encode(Line("GOOD"))
