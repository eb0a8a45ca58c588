"""Super sessions, and the log of what services take in."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from iop import BusinessOperation, BusinessProcess, BusinessService, InboundAdapter, Message, Production
from iop_core.backends import RunOptions
from iop_core.errors import SendError
from iop_core.events import MessageFilter
from iop_core.purging import PurgeOptions
from iop_director.outside_services import make_service
from iop_engine.backend import LocalBackend
from iop_engine.running_engines import connect
from iop_engine.sqlite.directory import DataDirectory
from iop_engine.sqlite.reader import SqliteReader
from iop_testing import VirtualClock, run_production


@dataclass
class Line(Message):
    text: str = ""


class Reader(InboundAdapter):
    given = 0

    def on_task(self):
        if self.given < 3:
            self.given += 1
            self.business_host.process_input(f"line {self.given}")


class In(BusinessService):
    @staticmethod
    def get_adapter_type():
        return Reader

    def on_process_input(self, message_input):
        if message_input == "line 3":
            raise ValueError("no third line")
        self.send_request_async("Router", Line(message_input))
        return message_input.upper()


class Router(BusinessProcess):
    def on_request(self, request):
        self.send_request_sync("Out", request)


class Out(BusinessOperation):
    def on_message(self, request):
        self.log_info(self.context.super_session)
        return request


def production(**settings: object) -> Production:
    made = Production("Test.SuperSessions")
    made.service(In, settings=settings)
    made.process(Router)
    made.operation(Out)
    return made


def run_all(location, **settings: object) -> list[tuple[str, int, str]]:
    clock = VirtualClock()
    with run_production(production(**settings), data_dir=location, clock=clock) as run:
        for _ in range(4):
            run.wait_until_idle()
            clock.advance(5)
        run.wait_until_idle()
        seen = {entry.text for entry in run.log(item="Out")}
        found = [(message.super_session, message.session_id, message.target) for message in run.messages()]
    assert seen == {super_session for super_session, _, _ in found}
    return found


def test_every_message_of_an_input_has_its_super_session(tmp_path) -> None:
    found = run_all(tmp_path, GenerateSuperSessionID=True)
    assert len(found) >= 6
    by_session = {session: {each for each, other, _ in found if other == session} for _, session, _ in found}
    assert len(by_session) == 2
    ids = set.union(*by_session.values())
    assert len(ids) == 2
    assert "" not in ids


def test_no_super_session_unless_asked_for(tmp_path) -> None:
    assert {super_session for super_session, _, _ in run_all(tmp_path)} == {""}


class Join(BusinessService):
    def on_process_input(self, message_input):
        self.join_super_session(message_input.text)
        self.send_request_sync("Router", message_input)
        self.send_request_sync("Router", message_input)


class Send(BusinessOperation):
    def on_message(self, request):
        return Line(self.super_session_to_send)


def joining() -> Production:
    made = production()
    made.service("Join", Join, settings={"GenerateSuperSessionID": True})
    made.service("Begin", Plain, settings={"GenerateSuperSessionID": True})
    made.operation("Sends", Send, settings={"SendSuperSession": True})
    made.operation("Silent", Send)
    return made


class Plain(BusinessService):
    def on_process_input(self, message_input):
        return [self.send_request_sync(name, message_input) for name in ("Sends", "Silent", "Sends")]


def test_service_joins_a_super_session() -> None:
    with run_production(joining()) as run:
        session = run.send("Join", Line("from elsewhere"))
        run.wait_until_idle()
        sent = [header for header in run.messages(session=session) if header.source != ""]
        assert len(sent) >= 4
        assert {header.super_session for header in sent if header.target != ""} == {"from elsewhere"}


def test_operation_sends_it_only_when_its_item_says_so() -> None:
    with run_production(joining()) as run:
        host = run.running.host_for("Begin")
        host.enter_input()
        assert host.send_sync("Sends", Line(), 10, "") == Line(host.context.super_session)
        assert host.context.super_session
        assert host.send_sync("Silent", Line(), 10, "") == Line("")
        host.leave()


def test_service_of_another_program_joins_or_begins_a_super_session(tmp_path) -> None:
    place = LocalBackend(str(tmp_path), namespace="USER")
    running = place.run(joining().definition(), RunOptions(is_reachable=True))
    client = connect(str(tmp_path), "USER")
    try:
        service = make_service(client, "Join")
        service.on_process_input(Line("from elsewhere"))
        assert {header.super_session for header in running.messages(MessageFilter(source="Join"))} == {"from elsewhere"}
        begun = make_service(client, "Begin").on_process_input(Line())
        sent = {header.super_session for header in running.messages(MessageFilter(source="Begin"))}
        assert len(sent) == 1
        assert begun == [Line(*sent), Line(""), Line(*sent)]
        with pytest.raises(SendError, match="outside of an input"):
            service.join_super_session("late")
    finally:
        running.stop()


class Batch(BusinessService):
    def on_process_input(self, message_input):
        for text in message_input:
            self.begin_session()
            self.send_request_async("Silent", Line(text))
            self.send_request_sync("Silent", Line(text))


def test_service_of_another_program_begins_sessions(tmp_path) -> None:
    made = joining()
    made.service("Batch", Batch)
    place = LocalBackend(str(tmp_path), namespace="USER")
    running = place.run(made.definition(), RunOptions(is_reachable=True))
    try:
        service = make_service(connect(str(tmp_path), "USER"), "Batch")
        service.on_process_input(["a", "b"])
        sessions = [header.session_id for header in running.messages(MessageFilter(source="Batch"))]
        assert sessions[0] == sessions[1] < sessions[2] == sessions[3]
        with pytest.raises(SendError, match="outside of an input"):
            service.begin_session()
    finally:
        running.stop()


def test_input_is_archived_and_purged(tmp_path) -> None:
    run_all(tmp_path, ArchiveIO=True)
    reader = SqliteReader(DataDirectory(str(tmp_path), "USER"))
    entries = reader.io_log(item="In")
    reader.close()
    assert [(entry.received.payload, entry.returned.payload, entry.error) for entry in entries] == [
        (b"line 1", b"LINE 1", ""),
        (b"line 2", b"LINE 2", ""),
        (b"line 3", b"", "ValueError: no third line"),
    ]
    assert [bool(entry.session_id) for entry in entries] == [True, True, False]
    with run_production(production(), data_dir=tmp_path) as run:
        result = run.running.purge(PurgeOptions(days_to_keep=0, types=("io",)))
    assert (result.removed, result.after["io_log"]) == ({"io_log": 3}, 0)


def test_nothing_is_archived_unless_asked_for(tmp_path) -> None:
    run_all(tmp_path)
    reader = SqliteReader(DataDirectory(str(tmp_path), "USER"))
    assert reader.io_log() == []
    reader.close()
