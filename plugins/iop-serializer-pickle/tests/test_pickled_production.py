"""Productions that store pickles: permission, the key of the store, restarts and hostile data."""

from __future__ import annotations

import os
import pickle
import shutil
import stat
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from iop import BusinessOperation, Message, PickleMessage, Production, PydanticPickleMessage, handler
from iop_core.clock import SystemClock
from iop_core.errors import SerializationError
from iop_core.events import MessageFilter
from iop_core.headers import Body, MessageStatus, MessageType
from iop_core.plugins import choose, installed_plugins
from iop_core.registry import class_name_of
from iop_core.store_units import NewMessage, Unit
from iop_testing import run_production

SEEN: list[object] = []


@dataclass
class Seen(PickleMessage):
    numbers: set[int] = field(default_factory=set)


class SeenModel(PydanticPickleMessage):
    numbers: set[complex] = set()


@dataclass
class Note(Message):
    text: str = ""


class Keep(BusinessOperation):
    def on_message(self, request):
        SEEN.append(request)
        return request


class KeepSeen(BusinessOperation):
    @handler(Seen)
    def keep(self, request: Seen):
        SEEN.append(request)


def production(*, operation: type = Keep, **options) -> Production:
    made = Production("Test.Pickles", **options)
    made.operation("Keep", operation)
    return made


def allowing() -> Production:
    return production().allow_serializers("pickle")


@pytest.fixture(autouse=True)
def _forget():
    SEEN.clear()


def place(data_dir: Path, body: Body) -> None:
    """Put a message into the queue of the operation, as one who can write the database could."""
    store_class = choose("store", "sqlite", installed_plugins().stores())
    store = store_class.open(str(data_dir), namespace="USER", durability="full", clock=SystemClock())
    store.submit(Unit(new=[NewMessage(MessageType.REQUEST, "Keep", "Keep", body)])).wait()
    store.close()


def stored_serializers(data_dir: Path) -> list[str]:
    reader = choose("store", "sqlite", installed_plugins().stores()).open_reader(str(data_dir), namespace="USER")
    stored = [reader.message(header.message_id) for header in reader.messages(MessageFilter())]
    reader.close()
    return [found.body.serializer for found in stored if found]


@pytest.mark.parametrize("message", [Seen({1, 2}), SeenModel(numbers={1j})], ids=["dataclass", "model"])
def test_sets_stay_sets_where_pickles_are_allowed(tmp_path: Path, message: object) -> None:
    with run_production(allowing(), data_dir=tmp_path) as run:
        read = run.call("Keep", message)
        assert read == SEEN[0] == message
        assert type(read.numbers) is set
        assert run.call("Keep", Note("a")) == Note("a")
    assert stored_serializers(tmp_path) == ["pickle", "pickle", "json", "json"]


def test_production_that_does_not_say_so_takes_no_pickles(tmp_path: Path) -> None:
    how = r"serializer of .*Seen, 'pickle', is not allowed.*allow_serializers\('pickle'\)"
    with run_production(production(), data_dir=tmp_path) as run:
        with pytest.raises(SerializationError, match=how):
            run.send("Keep", Seen({1}))
        assert run.messages() == []
    with pytest.raises(SerializationError, match=how), run_production(production(operation=KeepSeen)):
        pass
    with (
        pytest.raises(SerializationError, match="'pickle', is not allowed"),
        run_production(production(serializer="pickle")),
    ):
        pass
    assert list(tmp_path.glob("*.key")) == []


def test_permission_may_be_given_by_class_or_argument() -> None:
    class Allowing(Production):
        allowed_serializers = ("pickle",)

    for made in (Allowing("Test.A"), Production("Test.B", allowed_serializers=["pickle"])):
        made.operation("Keep", KeepSeen)
        with run_production(made) as run:
            run.call("Keep", Seen({1}))
    assert SEEN == [Seen({1}), Seen({1})]


def test_key_lies_beside_the_data_and_serves_after_a_restart(tmp_path: Path) -> None:
    waiting = allowing()
    waiting.item("Keep").disable()
    with run_production(waiting, data_dir=tmp_path) as run:
        assert list(tmp_path.glob("*.key")) == []
        run.send("Keep", Seen({1}))
        (key,) = tmp_path.glob("*.key")
    assert os.name == "nt" or stat.S_IMODE(key.stat().st_mode) == 0o600
    with run_production(allowing(), data_dir=tmp_path) as run:
        run.wait_until_idle()
    assert SEEN == [Seen({1})]


def test_stored_pickles_stay_readable_when_the_choice_changes(tmp_path: Path, monkeypatch) -> None:
    with run_production(allowing(), data_dir=tmp_path) as run:
        run.send("Keep", Seen({1}))
        run.wait_until_idle()
    monkeypatch.setattr(Seen, "__iop_serializer__", "json")
    with run_production(allowing(), data_dir=tmp_path) as run:
        run.send("Keep", Seen({2}))
        run.wait_until_idle()
        assert stored_serializers(tmp_path) == ["pickle", "json"]
        assert [run.body(header.message_id) for header in run.messages()] == [Seen({1}), Seen({2})]
    with run_production(production(), data_dir=tmp_path) as run:
        pickled, written = run.messages()
        assert run.body(written.message_id) == Seen({2})
        with pytest.raises(SerializationError, match="'pickle', is not allowed"):
            run.body(pickled.message_id)


def test_data_without_its_key_is_not_opened(tmp_path: Path) -> None:
    home, away = tmp_path / "home", tmp_path / "away"
    with run_production(allowing(), data_dir=home) as run:
        message_id = run.send("Keep", Seen({1}))
        run.wait_until_idle()
    shutil.copytree(home, away, ignore=shutil.ignore_patterns("*.key"))
    with (
        run_production(allowing(), data_dir=away) as run,
        pytest.raises(SerializationError, match="does not bear the signature of this store"),
    ):
        run.body(message_id)


class Touch:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("serializer", ["pickle", "json"])
@pytest.mark.parametrize("is_allowed", [False, True])
def test_hostile_body_in_the_database_ends_in_error_and_harms_nobody(
    tmp_path: Path, serializer: str, *, is_allowed: bool
) -> None:
    trap = tmp_path / "was-run"
    hostile = b"\x00" * 32 + pickle.dumps(Seen(Touch(trap)))
    for payload in (hostile, hostile[32:]):
        place(tmp_path, Body(class_name_of(Seen), serializer, payload))
    with run_production(allowing() if is_allowed else production(), data_dir=tmp_path) as run:
        run.wait_until_idle()
        assert [header.status for header in run.messages()] == [MessageStatus.ERROR] * 2
        assert run.call("Keep", Note("a")) == Note("a")
    assert SEEN == [Note("a")]
    assert not trap.exists()
