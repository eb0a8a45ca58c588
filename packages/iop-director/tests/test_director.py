"""The director chooses a backend by URL and asks it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import ClassVar

import pytest

from iop_core.backends import Backend, RunOptions
from iop_core.definitions import ItemDefinition, ProductionDefinition
from iop_core.errors import BackendUnavailableError, ConfigurationError, UnknownPluginError
from iop_core.events import LogEntry, MessageFilter, ProductionStatus, QueueStatus
from iop_core.headers import MessageStatus
from iop_core.hookspecs import hookimpl
from iop_core.plugins import PluginRegistry
from iop_director import Director
from iop_production import Production

SINCE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


class MemoryHistory:
    """Answers with what it was asked, so that a test sees that nothing gets lost on the way."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def status(self) -> ProductionStatus:
        return ProductionStatus("Demo.P", "Running", "USER", "memory", "full", 42, SINCE)

    def queues(self) -> list[QueueStatus]:
        return [QueueStatus("Out", 3, SINCE)]

    def messages(self, criteria: MessageFilter) -> Iterator[object]:
        self.asked.append(criteria)
        return iter(["header"])

    def count_messages(self, criteria: MessageFilter) -> int:
        self.asked.append(criteria)
        return 7

    def message(self, message_id: int) -> object:
        return ("message", message_id)

    def trace(self, session_id: int | None = None) -> object:
        return ("trace", session_id)

    def log(self, *, since_id: int = 0, item: str | None = None, limit: int | None = None) -> list[LogEntry]:
        self.asked.append((since_id, item, limit))
        return []


class MemoryBackend(Backend):
    name: ClassVar[str] = "local"

    def __init__(self, url: str, namespace: str) -> None:
        self.location = url
        self.namespace = namespace
        self.kept = MemoryHistory()
        self.ran: list[tuple[ProductionDefinition, RunOptions]] = []

    @classmethod
    def open(cls, url: str, *, namespace: str) -> MemoryBackend:
        return cls(url, namespace)

    def history(self) -> MemoryHistory:
        return self.kept

    def run(self, production: ProductionDefinition, options: RunOptions) -> object:
        self.ran.append((production, options))
        return "running"


class OtherBackend(MemoryBackend):
    name: ClassVar[str] = "other"

    def history(self) -> MemoryHistory:
        raise BackendUnavailableError("nothing there")


@pytest.fixture
def plugins() -> PluginRegistry:
    registry = PluginRegistry(discover=False)
    offer = hookimpl(lambda: [MemoryBackend, OtherBackend], specname="iop_backends")
    registry.register(SimpleNamespace(offer=offer), name="memory")
    return registry


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IOP_URL", "IOP_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)


def test_default_is_the_local_backend_and_the_user_namespace(plugins: PluginRegistry) -> None:
    director = Director(plugins=plugins)
    assert (type(director.backend), director.backend.location) == (MemoryBackend, "local:")
    assert director.namespace == director.backend.namespace == "USER"


def test_environment_beats_the_default_and_the_argument_beats_both(
    plugins: PluginRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IOP_URL", "other://there")
    monkeypatch.setenv("IOP_NAMESPACE", "ENV")
    from_environment = Director(plugins=plugins)
    assert (from_environment.backend.location, from_environment.namespace) == ("other://there", "ENV")
    given = Director("LOCAL:here", namespace="GIVEN", plugins=plugins)
    assert (type(given.backend), given.backend.location, given.namespace) == (MemoryBackend, "LOCAL:here", "GIVEN")


def test_empty_environment_variable_counts_as_unset(plugins: PluginRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOP_URL", "")
    assert Director(plugins=plugins).backend.location == "local:"


def test_unknown_scheme_names_the_package_to_install(plugins: PluginRegistry) -> None:
    with pytest.raises(UnknownPluginError, match=r"'iris'.*pip install iop-backend-iris"):
        Director("iris://bob:secret@host/NS", plugins=plugins)


def test_url_without_scheme_is_refused_and_not_repeated(plugins: PluginRegistry) -> None:
    with pytest.raises(ConfigurationError, match="scheme") as caught:
        Director("secret", plugins=plugins)
    assert "secret" not in str(caught.value)


def test_run_hands_over_the_definition_and_the_durability(plugins: PluginRegistry) -> None:
    director = Director(plugins=plugins)
    production = Production("Demo.P")
    assert director.run(production, durability="normal") == "running"
    definition = ProductionDefinition("Demo.Q", (ItemDefinition("Out", "operation", None),))
    director.run(definition)
    assert isinstance(director.backend, MemoryBackend)
    (first, first_options), (second, second_options) = director.backend.ran
    assert (first, first_options.durability) == (production.definition(), "normal")
    assert second is definition
    assert second_options.durability == "full"


@pytest.mark.parametrize("wrong", ["Demo.P", None, Production])
def test_run_refuses_what_is_no_production(plugins: PluginRegistry, wrong: object) -> None:
    with pytest.raises(ConfigurationError, match="give a Production"):
        Director(plugins=plugins).run(wrong)  # type: ignore[arg-type]


def test_status_production_is_a_dictionary_with_the_words_of_iris(plugins: PluginRegistry) -> None:
    assert Director(plugins=plugins).status_production() == {
        "Production": "Demo.P",
        "Status": "running",
        "NeedsUpdate": False,
        "Namespace": "USER",
        "Location": "memory",
        "Durability": "full",
        "Pid": 42,
        "Since": "2026-01-02T03:04:05+00:00",
    }


def test_questions_reach_the_history_and_answers_come_back(plugins: PluginRegistry) -> None:
    director = Director(plugins=plugins)
    assert list(director.messages(status="error", session=5)) == ["header"]
    assert director.count_messages(target="Out") == 7
    assert director.message(3) == ("message", 3)
    assert (director.trace(), director.trace(9)) == (("trace", None), ("trace", 9))
    assert director.queues() == [QueueStatus("Out", 3, SINCE)]
    assert director.log(since_id=4, item="Out", limit=2) == []
    assert isinstance(director.backend, MemoryBackend)
    assert director.backend.kept.asked == [
        MessageFilter(status=MessageStatus.ERROR, session_id=5),
        MessageFilter(target="Out"),
        (4, "Out", 2),
    ]


def test_missing_data_is_an_error_and_no_empty_answer(plugins: PluginRegistry) -> None:
    with pytest.raises(BackendUnavailableError):
        Director("other:", plugins=plugins).status_production()
