"""Starting, polling, stopping and starting again."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass

import pytest

from iop import (
    BusinessOperation,
    BusinessProcess,
    BusinessService,
    InboundAdapter,
    Message,
    PollingBusinessService,
    Production,
    setting,
    target,
)
from iop_core.errors import (
    ComponentStartError,
    ConfigurationError,
    StoreLockedError,
    UnknownItemError,
)
from iop_testing import VirtualClock, run_production


@dataclass
class Note(Message):
    text: str = ""


EVENTS: list[object] = []


@pytest.fixture(autouse=True)
def _forget():
    EVENTS.clear()


class Operation(BusinessOperation):
    def on_connected(self):
        EVENTS.append("operation connected")

    def on_init(self):
        EVENTS.append("operation init")

    def on_message(self, request):
        EVENTS.append(request.text)
        return request

    def on_tear_down(self):
        EVENTS.append("operation down")


class Process(BusinessProcess):
    def on_request(self, request):
        return self.send_request_sync("Operation", request)


class Service(BusinessService):
    def on_init(self):
        EVENTS.append("service init")

    def on_tear_down(self):
        EVENTS.append("service down")


def whole() -> Production:
    production = Production("Test.Whole")
    production.service("Service", Service)
    production.process("Process", Process)
    production.operation("Operation", Operation)
    return production


def test_start_and_stop_order() -> None:
    with run_production(whole()) as run:
        assert run.call("Process", Note("hello")) == Note("hello")
    assert EVENTS == [
        "operation connected",
        "operation init",
        "service init",
        "hello",
        "service down",
        "operation down",
    ]


def test_stop_is_repeatable() -> None:
    with run_production(whole()) as run:
        run.stop()
        run.stop()
    assert EVENTS.count("operation down") == 1


def test_constructor_is_never_run(production_run) -> None:
    with pytest.warns(RuntimeWarning, match="does not call __init__"):

        class Constructed(BusinessOperation):
            def __init__(self):
                EVENTS.append("constructed")

            def on_message(self, request):
                return request

    production = Production("Test.Constructed")
    production.operation("Constructed", Constructed)
    run = production_run(production)
    run.call("Constructed", Note())
    assert EVENTS == []


def test_pool_makes_one_instance_per_job(production_run) -> None:
    both = threading.Barrier(3)

    class Together(BusinessOperation):
        def on_init(self):
            EVENTS.append(id(self))

        def on_message(self, request):
            both.wait(10)

    production = Production("Test.Pool")
    production.operation("Together", Together, pool_size=3)
    run = production_run(production)
    run.send_many("Together", [Note()] * 3)
    run.wait_until_idle()
    assert len(set(EVENTS)) == 3
    assert run.messages(status="Error") == []


def test_failing_on_init_names_the_item_and_stops_the_rest(tmp_path) -> None:
    class Broken(BusinessService):
        def on_init(self):
            raise OSError("port 2575 is in use")

    production = whole()
    production.service("Broken", Broken)
    with (
        pytest.raises(ComponentStartError, match=r"'Broken' could not start: OSError: port 2575 is in use"),
        run_production(production, data_dir=tmp_path),
    ):
        raise AssertionError("must not run")
    assert EVENTS[-1] == "operation down"
    with run_production(whole(), data_dir=tmp_path):
        pass  # the data directory is free again


def test_settings_are_applied_and_checked(production_run) -> None:
    class Configured(BusinessOperation):
        Limit = setting(5)
        Path = setting("", required=True)

        def on_message(self, request):
            EVENTS.append((self.Limit, self.Path))

    production = Production("Test.Settings")
    item = production.operation("Configured", Configured, settings={"Limit": "7", "Path": "/in"})
    production_run(production).call("Configured", Note())
    assert EVENTS == [(7, "/in")]
    item.host_setting("Limit", "many")
    with pytest.raises(ComponentStartError, match=r"Configured.*Limit.*many"):
        production_run(production)
    item.host_setting("Limit", 1).host_setting("Path", None)
    with pytest.raises(ComponentStartError, match=r"required setting 'Path'"):
        production_run(production)


def test_unknown_setting_is_a_warning(production_run) -> None:
    production = Production("Test.Misspelt")
    production.operation("Operation", Operation, settings={"Limt": 1})
    run = production_run(production)
    run.wait_until_idle()
    assert "Limt" in run.log(item="Operation")[0].text


def test_target_that_does_not_exist_is_refused(production_run) -> None:
    class Sender(BusinessService):
        Output = target("Operaton")

    production = whole()
    production.service("Sender", Sender)
    with pytest.raises(UnknownItemError, match=r"Operaton.*did you mean 'Operation'"):
        production_run(production)


def test_class_that_is_not_python_is_refused(production_run) -> None:
    production = Production("Test.Foreign")
    production.operation("Out", class_name="EnsLib.Nowhere.Operation")
    with pytest.raises(ComponentStartError, match=r"'Out'.*EnsLib\.Nowhere\.Operation"):
        production_run(production)


def test_kind_and_class_must_agree(production_run) -> None:
    production = Production("Test.Mixed")
    production.operation("Wrong", Service)
    with pytest.raises(ComponentStartError, match=r"is not a BusinessOperation, but the item is of kind 'operation'"):
        production_run(production)


def test_unknown_durability_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'sometimes'"), run_production(whole(), durability="sometimes"):
        pass


def test_one_owner_per_data_directory(tmp_path) -> None:
    with (
        run_production(whole(), data_dir=tmp_path),
        pytest.raises(StoreLockedError, match=r"belongs to a running production \(process \d+\)"),
        run_production(whole(), data_dir=tmp_path),
    ):
        pass


def test_messages_wait_for_a_disabled_item(tmp_path) -> None:
    def production(*, enabled: bool) -> Production:
        made = Production("Test.Disabled")
        made.operation("Operation", Operation, enabled=enabled)
        return made

    with run_production(production(enabled=False), data_dir=tmp_path) as run:
        run.send_many("Operation", [Note("a"), Note("b")])
        run.wait_until_idle()
        assert [(q.name, q.count) for q in run.queues()] == [("Operation", 2)]
    with run_production(production(enabled=True), data_dir=tmp_path) as run:
        run.wait_until_idle()
        assert run.queues() == []
    assert EVENTS[2:4] == ["a", "b"]


def test_polling_follows_the_clock() -> None:
    polled = threading.Semaphore(0)

    class Poll(PollingBusinessService):
        def on_poll(self):
            EVENTS.append("poll")
            polled.release()

    production = Production("Test.Poll")
    production.service("Poll", Poll, adapter_settings={"CallInterval": 30})
    clock = VirtualClock()
    with run_production(production, clock=clock) as run:
        run.wait_until_idle()
        assert EVENTS == ["poll"]
        clock.advance(29)
        assert not polled.acquire(timeout=0) or EVENTS == ["poll"]
        clock.advance(1)
        while len(EVENTS) < 2:
            polled.acquire(timeout=5)
        assert EVENTS == ["poll", "poll"]


def test_failing_poll_is_logged_and_tried_again() -> None:
    class Poll(PollingBusinessService):
        def on_poll(self):
            EVENTS.append("poll")
            if len(EVENTS) == 1:
                raise FileNotFoundError("nothing there yet")

    production = Production("Test.Poll")
    production.service("Poll", Poll)
    clock = VirtualClock()
    with run_production(production, clock=clock) as run:
        run.wait_until_idle()
        while len(EVENTS) < 2:
            clock.advance(5)
        run.wait_until_idle()
        (entry,) = run.log(item="Poll")
        assert "nothing there yet" in entry.text


def test_inbound_adapter_feeds_its_service(production_run) -> None:
    class Shelf(InboundAdapter):
        Label = setting("")

        def on_init(self):
            self.left = ["a", "b"]

        def on_task(self):
            while self.left:
                self.business_host.process_input(Note(f"{self.Label}{self.left.pop(0)}"))

    class Feed(BusinessService):
        def on_message(self, request):
            self.send_request_async("Operation", request)

    production = Production("Test.Adapter")
    production.operation("Operation", Operation)
    production.service("Feed", Feed, adapter_class=Shelf, adapter_settings={"Label": ">", "CallInterval": 1})
    run = production_run(production)
    run.wait_until_idle()
    assert EVENTS[2:] == [">a", ">b"]
    assert len({m.session_id for m in run.messages(source="Feed")}) == 2


@pytest.mark.parametrize("wrong", ["often", "0", "-1", "nan"])
def test_call_interval_is_checked(production_run, wrong) -> None:
    class Poll(PollingBusinessService):
        def on_poll(self):
            pass

    production = Production("Test.Poll")
    production.service("Poll", Poll, adapter_settings={"CallInterval": wrong})
    with pytest.raises(ComponentStartError, match="CallInterval"):
        production_run(production)


def test_port_in_use_is_one_line(production_run) -> None:
    class Listener(BusinessService):
        Port = setting(0)

        def on_init(self):
            self.socket = socket.create_server(("127.0.0.1", self.Port))

        def on_tear_down(self):
            self.socket.close()

    with socket.create_server(("127.0.0.1", 0)) as taken:
        production = Production("Test.Port")
        production.service("Listener", Listener, settings={"Port": taken.getsockname()[1]})
        with pytest.raises(ComponentStartError, match=r"'Listener' could not start: OSError: .*in use") as caught:
            production_run(production)
    assert "\n" not in str(caught.value)


def test_trace_entries_are_kept_only_when_wanted() -> None:
    class Chatty(BusinessOperation):
        def on_message(self, request):
            self.trace("detail")
            self.log_info("fact")

    def texts(*, trace: bool) -> list[str]:
        production = Production("Test.Trace")
        production.operation("Chatty", Chatty, log_trace_events=trace)
        with run_production(production) as run:
            run.call("Chatty", Note())
            run.wait_until_idle()
            return [f"{e.type.name} {e.method} {e.text}" for e in run.log(item="Chatty")]

    assert texts(trace=False) == ["INFO on_message fact"]
    assert texts(trace=True) == ["TRACE on_message detail", "INFO on_message fact"]
