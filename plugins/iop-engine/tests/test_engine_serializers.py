"""The serializer of a production is chosen before anything runs, and gets a secret of the store."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from iop import BusinessOperation, BusinessProcess, Message, PickleMessage, Production
from iop_core import handler
from iop_core.clock import SystemClock
from iop_core.errors import ComponentStartError, SerializationError, StoreError, UnknownPluginError
from iop_core.events import MessageFilter
from iop_engine.sqlite.store import SqliteStore
from iop_testing import run_production

STARTED: list[str] = []


@dataclass
class Note(Message):
    text: str = ""


@dataclass
class Foreign(Message, serializer="klingon"):
    text: str = ""


@dataclass
class Bare(PickleMessage):
    text: str = ""


class Echo(BusinessOperation):
    def on_init(self):
        STARTED.append("Echo")

    def on_message(self, request):
        return request


class TakesForeign(Echo):
    @handler(Foreign)
    def take(self, request: Foreign):
        pass


class Waits(BusinessProcess):
    def on_request(self, request):
        self.set_timer(0)

    def on_response(self, request, response, call_request, call_response, completion_key):
        return request


def echo(**options) -> Production:
    production = Production("Test.Echo", **options)
    production.operation(Echo)
    return production


@pytest.fixture(autouse=True)
def _forget():
    STARTED.clear()


@pytest.mark.parametrize("options", [{"serializer": "klingon"}, {"allowed_serializers": ("json", "klingon")}])
def test_unknown_serializer_is_refused_before_anything_is_made(tmp_path: Path, options: dict) -> None:
    with (
        pytest.raises(UnknownPluginError, match=r"unknown serializer 'klingon'; installed: .*json"),
        run_production(echo(**options), data_dir=tmp_path / "data"),
    ):
        pass
    assert not (tmp_path / "data").exists()
    assert STARTED == []


def test_handler_of_a_message_that_cannot_be_written_is_found_before_anything_starts() -> None:
    production = echo()
    production.operation(TakesForeign)
    with pytest.raises(UnknownPluginError, match=r"serializer of .*Foreign 'klingon'"), run_production(production):
        pass
    assert STARTED == []
    production.item("TakesForeign").disable()
    with run_production(production) as run:
        assert run.call("Echo", Note("a")) == Note("a")


def test_wrong_handlers_are_told_of_with_their_item() -> None:
    class Wrong(BusinessOperation):
        DISPATCH = [("orders.Order", "missing")]

    production = echo()
    production.operation("Faulty", Wrong)
    with pytest.raises(ComponentStartError, match=r"'Faulty' could not start.*missing"), run_production(production):
        pass


def test_chosen_default_writes_the_bodies(tmp_path: Path) -> None:
    with run_production(echo(serializer="json"), data_dir=tmp_path) as run:
        run.call("Echo", Note("a"))
        assert [run.body(header.message_id) for header in run.messages()] == [Note("a"), Note("a")]
    store = SqliteStore.open(str(tmp_path), namespace="USER", durability="full", clock=SystemClock())
    stored = [store.reader.message(header.message_id) for header in store.reader.messages(MessageFilter())]
    store.close()
    assert [found.body.serializer for found in stored if found] == ["json", "json"]


def test_messages_of_another_serializer_do_no_harm_to_others() -> None:
    with run_production(echo()) as run:
        with pytest.raises((UnknownPluginError, SerializationError), match="pickle"):
            run.send("Echo", Bare("a"))
        assert run.call("Echo", Note("b")) == Note("b")


def test_messages_of_the_engine_itself_do_not_follow_the_default() -> None:
    production = Production("Test.Timer")
    production.process(Waits)
    with run_production(production) as run:
        run.call("Waits", Note("a"))
        (request, *_) = [found for found in run.messages() if found.body_class.endswith("AlarmRequest")]
        assert type(run.body(request.message_id)).__iop_serializer__ == "json"


# Secrets of the store


@pytest.fixture
def open_store(tmp_path: Path) -> Callable[..., SqliteStore]:
    def open_store(namespace: str = "Test") -> SqliteStore:
        return SqliteStore.open(str(tmp_path), namespace=namespace, durability="full", clock=SystemClock())

    return open_store


def test_secret_is_made_when_first_asked_for_and_only_for_its_owner(open_store, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = open_store()
        assert list(tmp_path.glob("*.key*")) == []
        with ThreadPoolExecutor(4) as pool:
            (secret,) = set(pool.map(store.secret, ["pickle"] * 20))
    finally:
        os.umask(before)
    store.close()
    (file,) = tmp_path.glob("*key*")
    assert file.name == "test.pickle.key"
    assert file.read_bytes() == secret
    assert os.name == "nt" or stat.S_IMODE(file.stat().st_mode) == 0o600


def test_secret_whose_making_was_interrupted_is_made_anew(open_store, tmp_path: Path) -> None:
    (tmp_path / "test.pickle.key.new").write_bytes(b"half")
    store = open_store()
    assert len(store.secret("pickle")) == 32
    store.close()
    assert [file.name for file in tmp_path.glob("*key*")] == ["test.pickle.key"]


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_damaged_secret_is_never_replaced(open_store, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "test.pickle.key").write_bytes(content)
    store = open_store()
    with pytest.raises(StoreError, match=rf"test\.pickle\.key.* is damaged: it has {len(content)} bytes, not 32"):
        store.secret("pickle")
    store.close()
    assert (tmp_path / "test.pickle.key").read_bytes() == content


def test_secret_that_cannot_be_read_is_one_line(open_store, tmp_path: Path) -> None:
    (tmp_path / "test.pickle.key").mkdir()
    store = open_store()
    with pytest.raises(StoreError, match=r"test\.pickle\.key.* cannot be read or made"):
        store.secret("pickle")
    store.close()
