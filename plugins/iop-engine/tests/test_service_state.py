"""What services remember over restarts: the attributes that their class names."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from iop import BusinessOperation, BusinessService, Message, PollingBusinessService, Production
from iop_testing import VirtualClock, run_production

from .conformance_places import copied


@dataclass
class Note(Message):
    text: str = ""


class Count(PollingBusinessService):
    PERSISTENT_PROPERTY_LIST = ("count", "seen", "last")

    def on_init(self):
        self.count, self.seen, self.last, self.passing = 0, [], b"", 0

    def on_poll(self):
        self.count += 1
        self.passing += 1
        self.seen.append(self.count)
        self.last = bytes([self.count])
        if self.count == 3:
            raise ValueError("not stored")
        self.send_request_async("Out", Note(f"{self.count} {self.seen} {self.last!r} {self.passing}"))


class Take(BusinessService):
    PERSISTENT_PROPERTY_LIST = ("texts",)

    def on_init(self):
        self.texts = []

    def on_process_input(self, message_input):
        self.texts.append(message_input.text)
        if message_input.text == "bad":
            raise ValueError("bad")
        return Note(",".join(self.texts))


class Forget(Take):
    PERSISTENT_PROPERTY_LIST = None


class Out(BusinessOperation):
    pass_on: list[str] = []

    def on_message(self, request):
        self.pass_on.append(request.text)


@pytest.fixture(autouse=True)
def _forget():
    Out.pass_on.clear()


def production() -> Production:
    made = Production("Test.ServiceState")
    made.service(Count, adapter_settings={"CallInterval": 10})
    made.service(Take)
    made.service(Forget)
    made.operation(Out)
    return made


def test_polling_service_goes_on_where_it_was(tmp_path) -> None:
    clock = VirtualClock()
    with run_production(production(), data_dir=tmp_path, clock=clock) as run:
        run.wait_until_idle()
        clock.advance(10)
        run.wait_until_idle()
        clock.advance(10)
        run.wait_until_idle()  # this poll fails: what it changed is not stored
    with run_production(production(), data_dir=tmp_path, clock=clock) as run:
        run.wait_until_idle()
    assert Out.pass_on == ["1 [1] b'\\x01' 1", "2 [1, 2] b'\\x02' 2"]
    with run_production(production(), data_dir=tmp_path, clock=clock) as run:
        run.wait_until_idle()
        assert len([entry for entry in run.log(item="Count") if "not stored" in entry.text]) == 3


def test_state_is_stored_with_the_end_of_a_message(tmp_path) -> None:
    with run_production(production(), data_dir=tmp_path / "a") as run:
        assert run.call("Take", Note("a")) == Note("a")
        run.send("Take", Note("bad"))
        assert run.call("Forget", Note("a")) == Note("a")
        run.wait_until_idle()
        copied(tmp_path / "a", tmp_path / "b")
    for folder in ("a", "b"):  # after a stop, and after a crash
        with run_production(production(), data_dir=tmp_path / folder) as run:
            assert run.call("Take", Note("c")) == Note("a,c")
            assert run.call("Forget", Note("c")) == Note("c")


def test_restart_of_the_item_keeps_it(tmp_path) -> None:
    with run_production(production(), data_dir=tmp_path) as run:
        run.call("Take", Note("a"))
        run.running.restart_component("Take")
        assert run.call("Take", Note("b")) == Note("a,b")
