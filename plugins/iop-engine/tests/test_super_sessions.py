"""Super sessions, and the log of what services take in."""

from __future__ import annotations

from dataclasses import dataclass

from iop import BusinessOperation, BusinessProcess, BusinessService, InboundAdapter, Message, Production
from iop_core.purging import PurgeOptions
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


def test_input_is_archived_and_purged(tmp_path) -> None:
    run_all(tmp_path, ArchiveIO=True)
    reader = SqliteReader(DataDirectory(str(tmp_path), "USER"))
    entries = reader.io_log(item="In")
    reader.close()
    assert [(entry.received, entry.returned, entry.error) for entry in entries] == [
        ("line 1", "LINE 1", ""),
        ("line 2", "LINE 2", ""),
        ("line 3", "", "ValueError: no third line"),
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
