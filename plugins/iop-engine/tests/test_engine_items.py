"""Stopping, starting, enabling and disabling single items, and updating a running production."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from iop import BusinessOperation, BusinessProcess, BusinessService, Message, PollingBusinessService, Production
from iop_core.errors import ComponentStartError, ConfigurationError, SharedJobsError, UnknownItemError
from iop_core.item_control import ItemState
from iop_testing import VirtualClock, run_production


@dataclass
class Note(Message):
    text: str = ""


EVENTS: list[str] = []


@pytest.fixture(autouse=True)
def _forget():
    EVENTS.clear()


class Keep(BusinessOperation):
    Label = ""

    def on_init(self):
        EVENTS.append(f"{self.Label}init")

    def on_message(self, request):
        EVENTS.append(f"{self.Label}{request.text}")
        return request

    def on_tear_down(self):
        EVENTS.append(f"{self.Label}down")


class Route(BusinessProcess):
    def on_request(self, request):
        self.send_request_async("Keep", request, response_required=False)


def production(**items: dict) -> Production:
    made = Production("Test.Items", update_timeout=1)
    for name, options in (items or {"Keep": {}}).items():
        made.operation(name, Keep, **options)
    return made


def status_of(run, name):
    return next(item for item in run.running.items() if item.name == name)


def test_stopped_item_keeps_its_messages_in_order_while_others_run() -> None:
    with run_production(production(Keep={}, Other={})) as run:
        run.running.stop_component("Keep")
        run.send_many("Keep", [Note(str(number)) for number in range(5)])
        assert run.call("Other", Note("meanwhile")) == Note("meanwhile")
        run.wait_until_idle()
        stopped = status_of(run, "Keep")
        assert (stopped.state, stopped.queue_count, stopped.jobs) == (ItemState.STOPPED, 5, 0)
        assert "operator" in stopped.reason
        run.running.start_component("Keep")
        run.wait_until_idle()
        assert EVENTS == ["init", "init", "down", "meanwhile", "init", "0", "1", "2", "3", "4"]
        assert status_of(run, "Keep").state is ItemState.RUNNING
        assert status_of(run, "Keep").handled == 5


def test_start_and_stop_are_repeatable() -> None:
    with run_production(production()) as run:
        run.running.start_component("Keep")
        run.running.stop_component("Keep")
        run.running.stop_component("Keep")
        run.running.start_component("Keep")
        run.running.start_component("Keep")
    assert EVENTS == ["init", "down", "init", "down"]


def test_restart_makes_new_instances() -> None:
    with run_production(production()) as run:
        run.running.restart_component("Keep")
        assert run.call("Keep", Note("a")) == Note("a")
    assert EVENTS == ["init", "down", "init", "a", "down"]


def test_disabled_item_stays_disabled_after_a_restart_of_the_production(tmp_path) -> None:
    with run_production(production(), data_dir=tmp_path) as run:
        run.running.disable("Keep")
        run.send("Keep", Note("a"))
    with run_production(production(), data_dir=tmp_path) as run:
        assert status_of(run, "Keep").state is ItemState.DISABLED
        run.running.enable("Keep")
        run.wait_until_idle()
    with run_production(production(), data_dir=tmp_path) as run:
        assert status_of(run, "Keep").state is ItemState.RUNNING
    assert EVENTS == ["init", "down", "init", "a", "down", "init", "down"]


def test_stopped_item_runs_again_after_a_restart_of_the_production(tmp_path) -> None:
    with run_production(production(), data_dir=tmp_path) as run:
        run.running.stop_component("Keep")
    with run_production(production(), data_dir=tmp_path) as run:
        assert status_of(run, "Keep").state is ItemState.RUNNING


def test_item_disabled_in_the_production_can_be_enabled(tmp_path) -> None:
    off = production(Keep={"enabled": False})
    with run_production(off, data_dir=tmp_path) as run:
        assert status_of(run, "Keep").reason == "disabled in the production"
        run.running.enable("Keep")
        run.call("Keep", Note("a"))
    with run_production(off, data_dir=tmp_path) as run:
        assert status_of(run, "Keep").state is ItemState.RUNNING


@pytest.mark.parametrize("deed", ["start_component", "stop_component", "restart_component", "enable", "disable"])
def test_unknown_item_names_the_closest(deed) -> None:
    with run_production(production()) as run, pytest.raises(UnknownItemError, match="did you mean 'Keep'"):
        getattr(run.running, deed)("Kep")


def actors() -> Production:
    made = production()
    made.process("One", Route, pool_size=0)
    made.process("Two", Route, pool_size=0)
    return made


@pytest.mark.parametrize("deed", ["stop_component", "disable"])
def test_process_with_shared_jobs_cannot_be_stopped_alone(deed) -> None:
    with run_production(actors()) as run:
        with pytest.raises(SharedJobsError, match=r"'One'.*shares the jobs.*Two"):
            getattr(run.running, deed)("One")
        run.running.restart_component("One")
        run.send("Two", Note("a"))
        run.wait_until_idle()
    assert "a" in EVENTS


def test_one_of_several_actors_cannot_be_disabled_in_the_production(tmp_path) -> None:
    made = actors()
    made.item("One").disable()
    with pytest.raises(SharedJobsError), run_production(made, data_dir=tmp_path):
        pass


def test_item_that_is_still_at_work_is_not_started_twice() -> None:
    gate, entered = threading.Event(), threading.Event()

    class Slow(BusinessOperation):
        def on_message(self, request):
            EVENTS.append(request.text)
            entered.set()
            gate.wait(10)

    made = Production("Test.Slow", update_timeout=0)
    made.operation("Slow", Slow)
    with run_production(made) as run:
        run.send_many("Slow", [Note("a"), Note("b")])
        entered.wait(10)
        run.running.stop_component("Slow")
        with pytest.raises(ComponentStartError, match="still being handled"):
            run.running.start_component("Slow")
        assert EVENTS == ["a"]
        gate.set()
        while True:
            try:
                run.running.start_component("Slow")
                break
            except ComponentStartError:
                threading.Event().wait(0.001)
        run.wait_until_idle()
    assert EVENTS == ["a", "b"]


def test_item_that_cannot_start_again_says_why() -> None:
    tries: list[int] = []

    class Fussy(BusinessOperation):
        def on_init(self):
            tries.append(1)
            if len(tries) == 2:
                raise FileNotFoundError("no key file")

    made = production()
    made.operation("Fussy", Fussy)
    with run_production(made) as run:
        with pytest.raises(ComponentStartError, match=r"'Fussy'.*no key file"):
            run.running.restart_component("Fussy")
        failed = status_of(run, "Fussy")
        assert (failed.state, failed.jobs) == (ItemState.ERROR, 0)
        assert "no key file" in failed.reason
        run.running.start_component("Fussy")
        assert status_of(run, "Fussy").state is ItemState.RUNNING


def test_status_tells_of_errors_and_activity() -> None:
    class Half(BusinessOperation):
        def on_message(self, request):
            if request.text == "bad":
                raise ValueError("no such account")
            return request

    made = Production("Test.Half")
    made.operation("Half", Half)
    clock = VirtualClock()
    with run_production(made, clock=clock) as run:
        assert status_of(run, "Half").last_activity is None
        clock.advance(5)
        run.send("Half", Note("bad"))
        run.wait_until_idle()
        when = clock.now()
        clock.advance(60)
        bad = status_of(run, "Half")
        assert (bad.state, bad.handled, bad.errors, bad.last_activity) == (ItemState.ERROR, 1, 1, when)
        assert "no such account" in bad.reason
        run.call("Half", Note("good"))
        good = status_of(run, "Half")
        assert (good.state, good.handled, good.errors) == (ItemState.RUNNING, 2, 1)


def test_update_restarts_only_what_changed() -> None:
    before = production(Same={"settings": {"Label": "same "}}, Changed={}, Removed={"settings": {"Label": "removed "}})
    after = production(
        Same={"settings": {"Label": "same "}}, Changed={"settings": {"Label": "new "}}, Added={"pool_size": 2}
    )
    with run_production(before) as run:
        EVENTS.clear()
        run.running.stop_component("Removed")
        run.send_many("Removed", [Note("a"), Note("b")])
        result = run.running.update(after.definition())
        assert (result.added, result.removed, result.restarted) == (("Added",), ("Removed",), ("Changed",))
        assert (result.failed, result.left_queued) == ({}, {"Removed": 2})
        assert EVENTS == ["removed down", "down", "new init", "init", "init"]
        assert [item.name for item in run.running.items()] == ["Same", "Changed", "Added"]
        with pytest.raises(UnknownItemError):
            run.send("Removed", Note())
        run.call("Added", Note("x"))
        again = run.running.update(before.definition())
        run.wait_until_idle()
        assert again.added == ("Removed",)
    assert EVENTS[EVENTS.index("removed init") :][:3] == ["removed init", "removed a", "removed b"]


def test_update_without_a_change_does_nothing() -> None:
    with run_production(production()) as run:
        assert not run.running.update(production().definition()).has_changes
        assert EVENTS == ["init"]


def test_update_takes_a_number_and_its_text_for_the_same() -> None:
    class Counts(Keep):
        Limit: int = 5
        IsQuiet: bool = False

    def made(settings: dict) -> Production:
        made = Production("Test.Items")
        made.operation("Counts", Counts, settings=settings)
        return made

    with run_production(made({"Limit": 7, "IsQuiet": True, "FailureTimeout": 15})) as run:
        texts = made({"Limit": "7", "IsQuiet": "1", "FailureTimeout": "15"})
        assert not run.running.update(texts.definition()).has_changes
        texts.item("Counts").host_setting("Limit", "8")
        assert run.running.update(texts.definition()).restarted == ("Counts",)


def test_update_says_which_item_could_not_start_and_runs_the_others() -> None:
    class Broken(BusinessOperation):
        def on_init(self):
            raise OSError("port in use")

    after = production(Keep={}, Good={})
    after.operation("Broken", Broken)
    with run_production(production()) as run:
        result = run.running.update(after.definition())
        assert list(result.failed) == ["Broken"]
        assert "port in use" in result.failed["Broken"]
        assert run.call("Good", Note("a")) == Note("a")


def test_update_that_cannot_work_changes_nothing() -> None:
    with run_production(production()) as run:
        other = Production("Test.Other")
        other.operation("Keep", Keep, settings={"Label": "x"})
        with pytest.raises(ConfigurationError, match="name of the running production"):
            run.running.update(other.definition())
        unconnected = production(Keep={"settings": {"Label": "x"}})
        unconnected.service("In", BusinessService).port("Output")
        unconnected.item("In").host_settings["Output"] = "Nowhere"
        with pytest.raises(UnknownItemError, match="Nowhere"):
            run.running.update(unconnected.definition())
        assert EVENTS == ["init"]


def test_update_lets_a_new_service_poll() -> None:
    polled = threading.Event()

    class Poll(PollingBusinessService):
        def on_poll(self):
            polled.set()

    after = production()
    after.service("Poll", Poll)
    with run_production(production()) as run:
        run.running.update(after.definition())
        assert polled.wait(10)


def test_operation_without_jobs_takes_messages_and_does_not_run() -> None:
    with run_production(production(Keep={"pool_size": 0})) as run:
        run.send("Keep", Note("a"))
        run.wait_until_idle()
        status = status_of(run, "Keep")
        assert (status.state, status.queue_count, status.jobs) == (ItemState.DISABLED, 1, 0)
        assert "pool size 0" in status.reason
        with pytest.raises(ComponentStartError, match="pool size 0"):
            run.running.start_component("Keep")
    assert EVENTS == []


def test_service_without_adapter_and_jobs_answers_callers() -> None:
    class Door(BusinessService):
        def on_message(self, request):
            return Note(request.text + "!")

    made = Production("Test.Door")
    made.service("Door", Door, pool_size=0)
    with run_production(made) as run:
        assert run.call("Door", Note("hi")) == Note("hi!")
