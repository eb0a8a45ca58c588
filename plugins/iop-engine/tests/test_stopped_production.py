"""Cleaning and recovering a production that does not run."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from iop import BusinessOperation, BusinessProcess, Director, Message, Production
from iop_core.errors import BackendUnavailableError, LifeCycleError, StoreLockedError
from iop_core.headers import MessageStatus
from iop_engine.backend import LocalBackend
from iop_testing import VirtualClock, run_production

from .conformance_places import NAMESPACE, copied

SEEN: list[str] = []


@pytest.fixture(autouse=True)
def _forget():
    SEEN.clear()


@dataclass
class Note(Message):
    text: str = ""


class Wait(BusinessProcess):
    def on_request(self, request):
        self.send_request_async("Later", request)
        self.set_timer(10)

    def on_response(self, request, response, call_request, call_response, completion_key):
        SEEN.append("response")


class Later(BusinessOperation):
    def on_message(self, request):
        SEEN.append(request.text)
        self.defer_response()


def production() -> Production:
    made = Production("Test.Stopped")
    made.operation(Later)
    made.operation("Off", Later, enabled=False)
    made.process(Wait)
    return made


def leave_work(folder) -> None:
    with run_production(production(), data_dir=folder, clock=VirtualClock()) as run:
        run.send("Wait", Note("asked"))
        run.running.send_many("Off", [Note("1"), Note("2"), Note("3")])
        run.suspend(run.messages(target="Off")[0].message_id)
        run.wait_until_idle()


def test_cleaned_production_begins_with_empty_queues(tmp_path) -> None:
    leave_work(tmp_path)
    director = Director(f"local:{tmp_path}")
    stored = director.count_messages()
    counted = director.clean_production(dry_run=True)
    assert counted.is_dry_run
    # Two that wait, a timer, and a request with its answer that were put off.
    assert (counted.messages, counted.processes, counted.suspended) == (5, 1, 1)
    assert director.count_messages(status="Discarded") == 0
    result = director.clean_production(actor="me", reason="a test")
    assert (result.messages, result.processes, result.is_dry_run) == (5, 1, False)
    assert director.queues() == []
    assert director.count_messages(status="Discarded") == 5
    assert director.count_messages(status="Suspended") == 1
    assert director.count_messages() == stored
    (instance,) = director.processes()
    assert (instance.is_completed, instance.error) == (True, "the production was cleaned")
    assert instance.time_completed is not None
    (entry,) = [each for each in director.audit() if each.action == "clean"]
    assert (entry.actor, entry.reason) == ("me", "a test")
    assert director.clean_production().messages == 0
    SEEN.clear()
    clock = VirtualClock()
    with run_production(production(), data_dir=tmp_path, clock=clock) as run:
        clock.advance(100)
        run.wait_until_idle()
        run.running.enable("Off")
        run.wait_until_idle()
        assert SEEN == []


def test_running_production_is_not_cleaned(tmp_path) -> None:
    with run_production(production(), data_dir=tmp_path) as run:
        run.send("Off", Note("1"))
        with pytest.raises(StoreLockedError):
            Director(f"local:{tmp_path}").clean_production()
        assert run.count_messages(status="Discarded") == 0


def test_nothing_is_cleaned_where_nothing_ever_ran(tmp_path) -> None:
    with pytest.raises(BackendUnavailableError):
        Director(f"local:{tmp_path}").clean_production()


def test_troubled_production_is_recovered(tmp_path) -> None:
    with run_production(production(), data_dir=tmp_path / "a") as run:
        run.send("Off", Note("1"))
        run.wait_until_idle()
        copied(tmp_path / "a", tmp_path / "b")
    director = Director(f"local:{tmp_path / 'b'}")
    assert director.status().state == "Troubled"
    director.recover_production(reason="a test")
    assert director.status().state == "Stopped"
    assert [queue.count for queue in director.queues()] == [1]
    assert any("was not stopped but died" in entry.text for entry in director.log())
    with pytest.raises(LifeCycleError, match="not Troubled"):
        director.recover_production()
    with run_production(production(), data_dir=tmp_path / "b") as run:
        run.running.enable("Off")
        run.wait_until_idle()
        assert SEEN == ["1"]
        assert run.messages()[0].status is MessageStatus.DEFERRED
        assert len([entry for entry in run.log() if "was not stopped but died" in entry.text]) == 1


def test_troubled_production_that_is_cleaned_is_stopped(tmp_path) -> None:
    with run_production(production(), data_dir=tmp_path / "a") as run:
        run.send("Off", Note("1"))
        copied(tmp_path / "a", tmp_path / "b")
    backend = LocalBackend(str(tmp_path / "b"), namespace=NAMESPACE)
    with backend.stopped_production() as stopped:
        assert stopped.clean().messages == 1
    assert backend.history().status().state == "Stopped"
