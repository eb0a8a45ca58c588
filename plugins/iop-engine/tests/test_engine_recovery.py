"""What a start does after a production that died: it recovers, and says so."""

from __future__ import annotations

from dataclasses import dataclass

from iop import BusinessOperation, Message, Production
from iop_core.clock import SystemClock
from iop_core.events import EventType, MessageFilter
from iop_core.headers import Invocation, MessageStatus, MessageType
from iop_core.store_units import NewMessage, Unit
from iop_engine.backend import LocalBackend
from iop_engine.sqlite.store import SqliteStore
from iop_testing import run_production

SEEN: list[str] = []


@dataclass
class Note(Message):
    text: str = ""


class Keep(BusinessOperation):
    def on_message(self, request):
        SEEN.append(request.text)


def production() -> Production:
    made = Production("Test.Recovery")
    made.operation("Keep", Keep)
    return made


def die(folder) -> None:
    """Leave a directory as a production does that is killed while it handles messages."""
    off = production()
    off.item("Keep").disable()
    with run_production(off, data_dir=folder) as run:
        run.send("Keep", Note("waiting"))
    store = SqliteStore.open(str(folder), namespace="USER", durability="full", clock=SystemClock())
    cut_off = NewMessage(MessageType.REQUEST, "Here", "", invocation=Invocation.IN_PROC, status=MessageStatus.DELIVERED)
    notes = {"production": "Test.Recovery", "state": "Running", "pid": "4711", "since": "2026-01-01T00:00:00+00:00"}
    store.submit(Unit(new=[cut_off], notes=notes)).wait()
    store.close()


def test_start_recovers_by_itself_and_says_so(tmp_path) -> None:
    SEEN.clear()
    die(tmp_path)
    history = LocalBackend(str(tmp_path), namespace="USER").history()
    assert history.status().state == "Troubled"
    with run_production(production(), data_dir=tmp_path) as run:
        run.wait_until_idle()
        (entry,) = [entry for entry in run.log() if "recovered" in entry.text]
        assert entry.type is EventType.WARNING
        assert "process 4711" in entry.text
        assert "1 unfinished messages" in entry.text
        assert SEEN == ["waiting"]
        (cut_off,) = run.messages(target="Here")
        assert (cut_off.status, cut_off.is_error) == (MessageStatus.ERROR, True)
        assert "died" in cut_off.error
    assert history.status().state == "Stopped"
    assert history.count_messages(MessageFilter(status=MessageStatus.DELIVERED)) == 0


def test_recovery_is_told_once(tmp_path) -> None:
    die(tmp_path)
    for _ in range(2):
        with run_production(production(), data_dir=tmp_path) as run:
            run.wait_until_idle()
    with run_production(production(), data_dir=tmp_path) as run:
        assert len([entry for entry in run.log() if "recovered" in entry.text]) == 1
