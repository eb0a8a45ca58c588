"""Messages with the same key stay in order though an item has several jobs."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iop import BusinessOperation, BusinessProcess, Message, Production
from iop_core.errors import ConfigurationError, SendError
from iop_engine.queues import REFILL_MESSAGES
from iop_testing import VirtualClock, run_production


@dataclass
class Patient(Message):
    id: str = ""


@dataclass
class Visit(Message):
    number: int = 0
    patient: Patient = field(default_factory=Patient)


@dataclass
class Other(Message):
    number: int = 0


class Watched:
    """Notes who is at work with which key, and what came in which order."""

    def __init__(self):
        self.lock = threading.Lock()
        self.busy: set[str] = set()
        self.clashes: list[str] = []
        self.most_at_once = 0
        self.seen: dict[str, list[int]] = defaultdict(list)

    def work(self, key: str, number: int, seconds: float = 0.0) -> None:
        with self.lock:
            if key in self.busy:
                self.clashes.append(key)
            self.busy.add(key)
            self.most_at_once = max(self.most_at_once, len(self.busy))
        time.sleep(seconds)
        with self.lock:
            self.seen[key].append(number)
            self.busy.discard(key)


WATCHED: list[Watched] = []


@pytest.fixture(autouse=True)
def watched():
    WATCHED[:] = [Watched()]
    return WATCHED[0]


class Ward(BusinessOperation):
    def on_message(self, request):
        key = request.patient.id if isinstance(request, Visit) else "none"
        WATCHED[0].work(key, request.number, 0.0005)


def ward(order_by: object = "patient.id", **options) -> Production:
    made = Production("Test.Order")
    made.operation("Ward", Ward, pool_size=4, settings={"OrderBy": order_by}, **options)
    return made


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=60))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_order_is_kept_for_each_key(keys) -> None:
    seen = WATCHED[0] = Watched()
    with run_production(ward(), durability="normal") as run:
        run.send_many("Ward", [Visit(number, Patient(key)) for number, key in enumerate(keys)])
        run.wait_until_idle()
    assert seen.clashes == []
    assert seen.seen == {key: [n for n, other in enumerate(keys) if other == key] for key in set(keys)}


def test_different_keys_are_handled_at_the_same_time(watched) -> None:
    both = threading.Barrier(2)

    class Together(BusinessOperation):
        def on_message(self, request):
            both.wait(10)

    made = Production("Test.Order")
    made.operation("Together", Together, pool_size=2, settings={"OrderBy": "patient.id"})
    with run_production(made) as run:
        run.send_many("Together", [Visit(1, Patient("a")), Visit(2, Patient("b"))])
        run.wait_until_idle(10)


def test_order_survives_a_restart_and_refills_of_the_window(tmp_path, watched) -> None:
    count = REFILL_MESSAGES + 300
    with run_production(ward(enabled=False), data_dir=tmp_path, durability="normal") as run:
        run.send_many("Ward", [Visit(number, Patient("abc"[number % 3])) for number in range(count)])
    with run_production(ward(), data_dir=tmp_path, durability="normal") as run:
        run.wait_until_idle()
    assert watched.clashes == []
    assert watched.most_at_once > 1
    assert watched.seen == {key: list(range(start, count, 3)) for start, key in enumerate("abc")}


def test_nothing_overtakes_a_message_that_is_tried_again(watched) -> None:
    failed = threading.Event()

    class Shaky(BusinessOperation):
        ReplyCodeActions = "E=R"
        RetryInterval = 10
        FailureTimeout = -1

        def on_message(self, request):
            if request.number == 0 and not failed.is_set():
                failed.set()
                raise ConnectionError("not now")
            WATCHED[0].work(request.patient.id, request.number)

    made = Production("Test.Order")
    made.operation("Shaky", Shaky, pool_size=3, settings={"OrderBy": "patient.id"})
    clock = VirtualClock()
    with run_production(made, clock=clock) as run:
        run.send_many("Shaky", [Visit(number, Patient("ab"[number % 2])) for number in range(6)])
        failed.wait(10)
        while len(watched.seen["b"]) < 3:
            time.sleep(0.001)
        assert watched.seen["a"] == []
        run.running.restart_component("Shaky")  # gives the message back, which keeps its place
        while len(watched.seen["a"]) < 3:
            clock.advance(1)
            time.sleep(0.001)
        run.wait_until_idle()
    assert watched.seen == {"a": [0, 2, 4], "b": [1, 3, 5]}


def test_function_gives_the_key(watched) -> None:
    with run_production(ward(lambda message: message.number % 2)) as run:
        run.send_many("Ward", [Visit(number, Patient("even" if number % 2 == 0 else "odd")) for number in range(20)])
        run.wait_until_idle()
    assert watched.seen == {"even": list(range(0, 20, 2)), "odd": list(range(1, 20, 2))}


def test_messages_without_the_field_are_in_order_among_themselves(watched) -> None:
    with run_production(ward()) as run:
        run.send_many("Ward", [Other(number) for number in range(20)])
        run.wait_until_idle()
    assert watched.clashes == []
    assert watched.seen == {"none": list(range(20))}


def test_class_of_the_component_may_say_the_key_and_processes_send_in_order(watched) -> None:
    class Bed(Ward):
        OrderBy = "patient.id"

    class Route(BusinessProcess):
        def on_request(self, request):
            for number in range(10):
                self.send_request_async("Bed", Visit(number, Patient("a")), response_required=False)

    made = Production("Test.Order")
    made.operation("Bed", Bed, pool_size=4)
    made.process("Route", Route)
    with run_production(made) as run:
        run.send("Route", Visit())
        run.wait_until_idle()
    assert watched.seen == {"a": list(range(10))}


def test_function_that_fails_refuses_the_message() -> None:
    with run_production(ward(lambda message: message.nothing)) as run:
        with pytest.raises(SendError, match=r"OrderBy of item 'Ward' failed for Visit with AttributeError"):
            run.send("Ward", Visit())
        assert run.messages() == []


@pytest.mark.parametrize("wrong", ["patient id", "a..b", 5])
def test_key_is_checked(tmp_path, wrong) -> None:
    with (
        pytest.raises(ConfigurationError, match="OrderBy of item 'Ward'"),
        run_production(ward(wrong), data_dir=tmp_path),
    ):
        pass
