"""Which production is started, and what happens to the one that runs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from iop_core.backends import Backend, StartOrder
from iop_core.errors import BackendError, BackendUnavailableError, ConfigurationError, LifeCycleError
from iop_core.events import ProductionStatus
from iop_director import life_cycle
from iop_director.life_cycle import order_for, restart, shut_down, start


class FakeRunning:
    def __init__(self, name: str, fails: bool = False) -> None:
        self.name = name
        self.fails = fails
        self.stops = 0

    def status(self) -> ProductionStatus:
        return ProductionStatus(self.name, "Running", "USER", "here", "full", 42)

    def stop(self, *, actor: str = "", reason: str = "") -> None:
        self.stops += 1
        if self.fails:
            raise BackendUnavailableError("does not end")


class FakeBackend(Backend):
    name: ClassVar[str] = "fake"

    def __init__(self, *, running: str = "", last: StartOrder | None = None, deployed: tuple[str, ...] = ()) -> None:
        self.running = FakeRunning(running) if running else None
        self.last, self.deployed, self.default = last, deployed, ""
        self.orders: list[StartOrder] = []
        self.kills = 0

    @classmethod
    def open(cls, url: str, *, namespace: str) -> FakeBackend:
        return cls()

    def history(self) -> Any:
        raise BackendUnavailableError("nothing")

    def run(self, production: Any, options: Any) -> Any:
        raise AssertionError

    def connect(self) -> Any:
        if self.running is None or self.running.stops:
            raise BackendUnavailableError("nothing runs")
        return self.running

    def start(self, order: StartOrder) -> Any:
        self.orders.append(order)
        return FakeRunning(order.production)

    def last_start(self) -> StartOrder:
        if self.last is None:
            raise BackendUnavailableError("none")
        return self.last

    def kill(self) -> None:
        self.kills += 1

    def deployments(self) -> Any:
        if not self.deployed:
            raise BackendError("keeps none")
        return SimpleNamespace(production_names=lambda: list(self.deployed), default_production=lambda: self.default)


LAST = StartOrder("Demo.File", "/demo.py", "normal")


def test_named_production_is_a_deployed_one_or_the_last_one() -> None:
    backend = FakeBackend(last=LAST, deployed=("Demo.A", "Demo.B"))
    assert order_for(backend, "demo.b") == StartOrder("Demo.B")
    assert order_for(backend, "Demo.File") is LAST
    with pytest.raises(ConfigurationError, match=r"did you mean 'Demo.File'.*known: Demo.A, Demo.B, Demo.File"):
        order_for(backend, "Demo.Fil")


@pytest.mark.parametrize("name", [None, ""])
def test_without_a_name_the_default_goes_before_the_last(name: str | None) -> None:
    backend = FakeBackend(last=LAST, deployed=("Demo.A",))
    assert order_for(backend, name) is LAST
    backend.default = "Demo.A"
    assert order_for(backend, name) == StartOrder("Demo.A")
    with pytest.raises(ConfigurationError, match="no production was named"):
        order_for(FakeBackend(), name)


def test_what_runs_is_not_started_again() -> None:
    backend = FakeBackend(running="Demo.Other")
    with pytest.raises(LifeCycleError, match=r"'Demo.Other' runs .* already \(process 42\)"):
        start(backend, LAST)
    assert backend.orders == []


def test_restart_repeats_the_start() -> None:
    backend = FakeBackend(running="Demo.File", last=LAST)
    restart(backend)
    assert backend.orders == [LAST]
    assert backend.running is not None
    assert backend.running.stops == 1


@pytest.mark.parametrize("last", [None, StartOrder("Demo.Older", "/old.py")])
def test_restart_of_what_a_program_runs_itself_is_refused(last: StartOrder | None) -> None:
    backend = FakeBackend(running="Demo.File", last=last)
    with pytest.raises(LifeCycleError, match="by process 42 itself"):
        restart(backend)
    assert backend.running is not None
    assert backend.running.stops == 0


def test_shutdown_ends_the_process_when_the_stop_fails() -> None:
    backend = FakeBackend(running="Demo.File")
    shut_down(backend)
    assert backend.kills == 0
    stuck = FakeBackend(running="Demo.File")
    assert stuck.running is not None
    stuck.running.fails = True
    shut_down(stuck)
    assert stuck.kills == 1
    assert life_cycle.SHUTDOWN_SECONDS == 10
    with pytest.raises(BackendUnavailableError):
        shut_down(FakeBackend())
