"""What operations do outside, in the I/O log."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from iop import BusinessOperation, Director, Message, Production
from iop_core.errors import RequestFailedError
from iop_core.events import IoEntry


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


def exchanges(location: Path, *texts: str, **settings: object) -> list[IoEntry]:
    production = Production("Demo.Exchanges")
    production.operation(Out, settings=settings)
    director = Director(f"local:{location}")
    running = director.run(production)
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
    return found


def test_request_and_reply_are_kept(tmp_path: Path) -> None:
    first, second = exchanges(tmp_path, "good", "bad", ArchiveIO=True)
    assert (first.is_inbound, first.received, first.returned, first.error) == (
        False,
        "Line(text='good', tries=[])",
        "Line(text='GOOD', tries=[])",
        "",
    )
    assert (second.received, second.returned, second.error) == (
        "Line(text='bad', tries=[])",
        "",
        "ValueError: not that",
    )
    assert 0 < first.session_id < second.session_id
    assert first.time_received <= first.time_responded <= second.time_received


def test_each_try_is_an_exchange(tmp_path: Path) -> None:
    found = exchanges(tmp_path, "again", ArchiveIO=True, ReplyCodeActions="E=R", RetryInterval=0)
    assert [entry.error for entry in found] == ["ConnectionError: no line"] * 2 + [""]
    assert len({entry.session_id for entry in found}) == 1


@pytest.mark.parametrize("archives", [False, None])
def test_nothing_is_kept_unless_asked_for(tmp_path: Path, archives: bool | None) -> None:
    assert exchanges(tmp_path, "good", **({} if archives is None else {"ArchiveIO": archives})) == []


def test_operation_in_its_callers_job(tmp_path: Path) -> None:
    (entry,) = exchanges(tmp_path, "good", ArchiveIO=True, Invocation="InProc")
    assert entry.returned == "Line(text='GOOD', tries=[])"
