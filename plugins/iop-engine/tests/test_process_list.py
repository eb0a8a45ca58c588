"""The list of process instances: what each is, where it stands, and when it began and ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from iop import BusinessOperation, BusinessProcess, Director, Message, Production
from iop_core.process_instances import ProcessFilter
from iop_testing import VirtualClock, run_production


@dataclass
class Note(Message):
    text: str = ""


class Wait(BusinessProcess):
    def on_request(self, request):
        if request.text == "bad":
            raise ValueError("no")
        if request.text == "ask":
            self.send_request_async("Out", request)
        if request.text == "early":
            self.reply(request)
        self.set_timer(10)


class Out(BusinessOperation):
    def on_message(self, request):
        return request


def production() -> Production:
    made = Production("Test.ProcessList")
    made.operation(Out)
    made.process(Wait)
    made.process("Other", Wait)
    return made


def test_instances_from_begin_to_end(tmp_path) -> None:
    clock = VirtualClock()
    begin = clock.now()
    with run_production(production(), data_dir=tmp_path, clock=clock) as run:
        run.running.stop_component("Out")
        sessions = [run.send("Wait", Note(text)) for text in ("plain", "ask", "early", "bad")]
        run.wait_until_idle()
        found = run.running.processes()
        assert [each.process_id for each in found] == sessions
        assert [each.session_id for each in found] == sessions
        assert {each.item for each in found} == {"Wait"}
        assert [each.pending for each in found] == [1, 2, 1, 0]
        assert [each.has_replied for each in found] == [False, False, True, True]
        assert [each.is_completed for each in found] == [False, False, False, True]
        assert found[3].error == "ValueError: no"
        assert (found[0].time_created, found[0].time_completed) == (begin, None)
        clock.advance(10)
        run.wait_until_idle()
        plain, ask, *_ = run.running.processes()
        assert (plain.is_completed, plain.pending) == (True, 0)
        assert (plain.time_created, plain.time_completed) == (begin, begin + timedelta(seconds=10))
        assert (ask.is_completed, ask.time_completed) == (False, None)
        last = run.send("Other", Note())
        run.wait_until_idle()
        ids = {
            "item": [each.process_id for each in run.running.processes(ProcessFilter(item="Other"))],
            "session": [each.process_id for each in run.running.processes(ProcessFilter(session_id=sessions[1]))],
            "open": [each.process_id for each in run.running.processes(ProcessFilter(is_completed=False))],
            "since": [each.process_id for each in run.running.processes(ProcessFilter(since_id=sessions[2]))],
            "limit": [each.process_id for each in run.running.processes(ProcessFilter(limit=2))],
        }
    newest = [sessions[3], last]
    assert ids == {
        "item": [last],
        "session": [sessions[1]],
        "open": [sessions[1], last],
        "since": newest,
        "limit": newest,
    }
    # Also when nothing runs, and in another process.
    director = Director(f"local:{tmp_path}")
    assert [each.process_id for each in director.processes(limit=2)] == newest
    assert [each.process_id for each in director.processes(item="Wait", is_completed=False)] == [sessions[1]]
    with pytest.raises(TypeError):
        director.processes(colour="red")


def test_instance_keeps_its_beginning_over_a_restart(tmp_path) -> None:
    clock = VirtualClock()
    begin = clock.now()
    with run_production(production(), data_dir=tmp_path, clock=clock) as run:
        run.send("Wait", Note("plain"))
        run.wait_until_idle()
    clock.advance(60)
    with run_production(production(), data_dir=tmp_path, clock=clock) as run:
        run.wait_until_idle()
        (found,) = run.running.processes()
    assert (found.time_created, found.time_completed) == (begin, begin + timedelta(seconds=60))
