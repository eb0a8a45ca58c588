"""Deleting messages by hand, and resending while others remove."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from iop import BusinessOperation, BusinessProcess, Director, Message, Production
from iop_core.errors import MessageControlError
from iop_core.events import MessageFilter
from iop_core.headers import MessageStatus
from iop_core.purging import PurgeOptions
from iop_testing import VirtualClock, run_production


@dataclass
class Job(Message):
    name: str = ""


class Sink(BusinessOperation):
    def on_message(self, request: Job) -> None:
        if request.name == "fail":
            raise ValueError("bad")


class Waiter(BusinessProcess):
    def on_request(self, request: Job) -> None:
        self.set_timer(60)


def production() -> Production:
    made = Production("Test.Delete")
    made.operation(Sink)
    made.process(Waiter)
    return made


def test_deleted_ids_are_in_the_audit(tmp_path: Path) -> None:
    with run_production(production(), data_dir=tmp_path) as run:
        ids = run.send_many("Sink", [Job(str(number)) for number in range(450)])
        run.wait_until_idle()
        result = run.running.delete(MessageFilter(target="Sink"), actor="kim", reason="test data")
        assert list(result.ids) == ids
        assert run.count_messages() == 0
        assert run.running.purge(dry_run=True).before["bodies"] == 0
        rows = [entry for entry in run.running.audit() if entry.action == "delete"]
        assert {entry.actor for entry in rows} == {"kim"}
        assert [number for entry in rows for number in json.loads(entry.selection)] == ids


def test_message_of_an_open_instance_is_kept() -> None:
    clock = VirtualClock()
    with run_production(production(), clock=clock) as run:
        request = run.send("Waiter", Job())
        run.wait_until_idle()
        assert "is not over" in run.running.delete([request]).refused[request]
        clock.advance(61)
        run.wait_until_idle()
        everything = [header.message_id for header in run.messages()]
        assert run.running.delete(everything).ids == tuple(everything)


def test_dry_run_and_deed_without_an_engine(tmp_path: Path) -> None:
    with run_production(production(), data_dir=tmp_path) as run:
        failed = run.send("Sink", Job("fail"))
        run.wait_until_idle()
        assert run.messages(id=failed)[0].status is MessageStatus.ERROR
    director = Director(f"local:{tmp_path}")
    assert director.delete_messages(status="Error", dry_run=True).ids == (failed,)
    assert director.message(failed) is not None
    assert director.delete_messages(status="Error").ids == (failed,)
    assert director.message(failed) is None
    assert director.check_audit().is_sound


def test_resend_and_purge_at_once_leave_no_message_without_its_body(tmp_path: Path) -> None:
    clock = VirtualClock()
    with run_production(production(), data_dir=tmp_path, clock=clock, durability="normal") as run:
        is_over = threading.Event()

        def purge_all() -> None:
            while not is_over.is_set():
                clock.advance(1)
                run.running.purge(PurgeOptions(days_to_keep=0))

        purger = threading.Thread(target=purge_all)
        purger.start()
        try:
            for number in range(150):
                last = run.send("Sink", Job(f"job {number}"))
                for _ in range(3):
                    with suppress(MessageControlError):
                        last = next(iter(run.running.resend([last]).ids), last)
        finally:
            is_over.set()
            purger.join()
        run.wait_until_idle()
        for header in run.messages():
            assert run.body(header.message_id).name.startswith("job")
        run.running.resend([run.send("Sink", Job("job last"))])
        assert run.count_messages() >= 2
