"""An in-memory backend, offered like any other through a plug-in registry."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import ClassVar

import pytest
from click.testing import CliRunner, Result

from iop_cli import plugin
from iop_cli.application import Application
from iop_cli.main import iop
from iop_core.backends import Backend, RunOptions
from iop_core.definitions import ProductionDefinition
from iop_core.errors import BackendUnavailableError
from iop_core.events import (
    EventType,
    IoEntry,
    LogEntry,
    MessageFilter,
    ProductionStatus,
    QueueStatus,
    StoredMessage,
    Trace,
)
from iop_core.headers import (
    EMPTY_BODY,
    Body,
    BusinessType,
    Invocation,
    MessageHeader,
    MessagePriority,
    MessageStatus,
    MessageType,
)
from iop_core.hookspecs import hookimpl
from iop_core.plugins import PluginRegistry
from iop_core.process_instances import ProcessFilter, ProcessInstanceStatus
from iop_production import plugin as production_plugin

START = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc)

REQUEST = MessageHeader(
    message_id=1,
    session_id=1,
    type=MessageType.REQUEST,
    status=MessageStatus.COMPLETED,
    priority=MessagePriority.ASYNC,
    invocation=Invocation.QUEUE,
    source="In",
    target="Out",
    source_type=BusinessType.SERVICE,
    target_type=BusinessType.OPERATION,
    queue="Out",
    return_queue="",
    corresponding_id=0,
    process_id=0,
    body_id=1,
    body_class="demo.Größe",
    size_bytes=10,
    is_error=False,
    error="",
    description="",
    completion_key="",
    time_created=START,
    time_processed=None,
)
FAILED = replace(
    REQUEST,
    message_id=2,
    session_id=2,
    status=MessageStatus.ERROR,
    is_error=True,
    error="disk\nfull [red]",
    time_created=START + timedelta(seconds=1),
)
ENTRY = LogEntry(1, EventType.ERROR, "Out", 2, 2, "write", "disk full\nTraceback\x1b", START)

PROCESSES = [
    ProcessInstanceStatus(1, "Router\n", 1, True, True, 0, "ValueError: no", START, START + timedelta(seconds=1)),
    ProcessInstanceStatus(2, "Router", 1, False, False, 3, "", START),
]
EXCHANGE = IoEntry(
    *(1, "In", 2, 2, True, Body("str", "text", b"line\n1"), 6, EMPTY_BODY, 0, "disk full"),
    *(START, START + timedelta(milliseconds=250)),
)


class MemoryHistory:
    """Keeps two messages and one log entry."""

    headers = (REQUEST, FAILED)

    def status(self) -> ProductionStatus:
        return ProductionStatus("Demo.P", "Stopped", "USER", "memory", "full", 0, START)

    def queues(self) -> list[QueueStatus]:
        return [QueueStatus("Out", 3, START), QueueStatus("Router\n", 0)]

    def messages(self, criteria: MessageFilter) -> Iterator[MessageHeader]:
        found = [header for header in self.headers if self._fits(header, criteria)]
        return iter((found[::-1] if criteria.newest_first else found)[: criteria.limit])

    def count_messages(self, criteria: MessageFilter) -> int:
        return sum(self._fits(header, criteria) for header in self.headers)

    def trace(self, session_id: int | None = None) -> Trace | None:
        wanted = session_id or max((header.session_id for header in self.headers), default=0)
        messages = tuple(header for header in self.headers if header.session_id == wanted)
        return Trace(wanted, messages, (ENTRY,)) if messages else None

    def message(self, message_id: int) -> StoredMessage | None:
        body = Body("demo.Größe", "json", '{"größe":"\\u001b[2J\u009b"}'.encode())
        return next((StoredMessage(header, body) for header in self.headers if header.message_id == message_id), None)

    def log(self, *, since_id: int = 0, item: str | None = None, limit: int | None = None) -> list[LogEntry]:
        return [ENTRY] if item in (None, ENTRY.item) else []

    def io_log(self, *, since_id: int = 0, item: str | None = None, limit: int | None = None) -> list[IoEntry]:
        return [EXCHANGE] if item in (None, EXCHANGE.item) else []

    def processes(self, criteria: ProcessFilter) -> list[ProcessInstanceStatus]:
        return [each for each in PROCESSES if criteria.is_completed in (None, each.is_completed)]

    def _fits(self, header: MessageHeader, criteria: MessageFilter) -> bool:
        if criteria.any_of and not any(self._fits(header, each) for each in criteria.any_of):
            return False
        own = {field.name for field in fields(header)}
        wanted = {field.name: getattr(criteria, field.name) for field in fields(criteria)}
        return all(value is None or name not in own or getattr(header, name) == value for name, value in wanted.items())


class EmptyHistory(MemoryHistory):
    headers = ()


class MemoryProduction(MemoryHistory):
    """A running production; the test decides what happens while it is asked whether it is idle."""

    def __init__(self, definition: ProductionDefinition, options: RunOptions, location: str) -> None:
        self.name = definition.name
        self.options = options
        self.location = location
        self.stops = 0
        self.ended = threading.Event()

    def status(self) -> ProductionStatus:
        return ProductionStatus(self.name, "Running", "USER", self.location, self.options.durability)

    def wait_until_idle(self, timeout_seconds: float | None = None) -> bool:
        logging.getLogger("iop.component.Out").info("two\nlines", extra={"iop_item": "Out"})
        return MemoryBackend.while_waiting()

    def wait_until_stopped(self, timeout_seconds: float | None = None) -> bool:
        return self.ended.wait(timeout_seconds)

    def stop(self, *, actor: str = "", reason: str = "") -> None:
        self.stops += 1
        self.ended.set()


class MemoryBackend(Backend):
    name: ClassVar[str] = "local"
    opened: ClassVar[list[tuple[str, str]]] = []
    ran: ClassVar[list[MemoryProduction]] = []
    when_started: ClassVar[Callable[[], object]]
    while_waiting: ClassVar[Callable[[], bool]]
    fails_with: ClassVar[BaseException | None]

    def __init__(self, url: str) -> None:
        self.location = url

    @classmethod
    def open(cls, url: str, *, namespace: str) -> MemoryBackend:
        cls.opened.append((url, namespace))
        return cls(url)

    def history(self) -> MemoryHistory:
        if self.fails_with is not None:
            raise self.fails_with
        if "nothing" in self.location:
            raise BackendUnavailableError("there is no data in\nnothing")
        return EmptyHistory() if "empty" in self.location else MemoryHistory()

    def run(self, production: ProductionDefinition, options: RunOptions) -> MemoryProduction:
        if self.fails_with is not None:
            raise self.fails_with
        running = MemoryProduction(production, options, self.location)
        self.ran.append(running)
        MemoryBackend.when_started()
        return running


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> type[MemoryBackend]:
    """The class of the backend, with nothing opened or run."""
    for name in ("IOP_URL", "IOP_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    MemoryBackend.opened, MemoryBackend.ran = [], []
    MemoryBackend.when_started = staticmethod(lambda: None)
    MemoryBackend.while_waiting = staticmethod(lambda: True)
    MemoryBackend.fails_with = None
    return MemoryBackend


@pytest.fixture
def registry(memory: type[MemoryBackend]) -> PluginRegistry:
    """Plug-ins without those that are installed: our own commands and the backend."""
    registry = PluginRegistry(discover=False)
    registry.register(plugin, name="cli")
    registry.register(production_plugin, name="production")
    registry.register(SimpleNamespace(offer=hookimpl(lambda: [memory], specname="iop_backends")), name="memory")
    return registry


Invoke = Callable[..., Result]


@pytest.fixture
def invoke(registry: PluginRegistry) -> Invoke:
    """Run a command line in this process."""

    def run_line(*args: str) -> Result:
        return CliRunner().invoke(iop, args, obj=Application(registry=registry), prog_name="iop")

    return run_line
