"""Hooks of classes that run once per start and stop of an item."""

from __future__ import annotations

import os

import pytest

from iop import BusinessOperation, BusinessProcess, Production
from iop_core.errors import ComponentStartError
from iop_core.events import EventType
from iop_core.item_control import ItemState
from iop_testing import run_production

from . import worker_components as parts

SEEN: list[object] = []


@pytest.fixture(autouse=True)
def _forget():
    SEEN.clear()


class Hooked(BusinessOperation):
    Label = "class"

    @classmethod
    def on_production_start(cls, item):
        SEEN.append(("start", item.name, item.host_settings.get("Label"), os.getpid()))

    @classmethod
    def on_production_stop(cls, item):
        SEEN.append(("stop", item.name, item.host_settings.get("Label"), os.getpid()))

    def on_message(self, request):
        return request


def hooked_production(component: type = Hooked, **options: object) -> Production:
    production = Production("Test.Hooks")
    production.operation("Out", component, settings={"Label": "item"}, **options)
    return production


class InProc(Hooked):
    INVOCATION = "InProc"


class HookedDoer(parts.Doer):
    on_production_start = Hooked.__dict__["on_production_start"]
    on_production_stop = Hooked.__dict__["on_production_stop"]


@pytest.mark.parametrize(
    ("component", "options"),
    [(Hooked, {"pool_size": 2}), (InProc, {}), (HookedDoer, {"workers": "processes", "pool_size": 2})],
    ids=["threads", "in proc", "worker processes"],
)
def test_hooks_run_once_in_the_process_of_the_engine(component, options) -> None:
    with run_production(hooked_production(component, **options)):
        assert SEEN == [("start", "Out", "item", os.getpid())]
    assert SEEN[1:] == [("stop", "Out", "item", os.getpid())]


def test_hooks_may_be_coroutines() -> None:
    class Awaiting(BusinessOperation):
        @classmethod
        async def on_production_start(cls, item):
            SEEN.append("start")

        @classmethod
        async def on_production_stop(cls, item):
            SEEN.append("stop")

    with run_production(hooked_production(Awaiting)):
        assert SEEN == ["start"]
    assert SEEN == ["start", "stop"]


def test_processes_that_share_jobs_start_in_turn_and_what_began_is_taken_back() -> None:
    class First(BusinessProcess):
        @classmethod
        def on_production_start(cls, item):
            SEEN.append(f"start {item.name}")

        @classmethod
        def on_production_stop(cls, item):
            SEEN.append(f"stop {item.name}")

    class Failing(First):
        @classmethod
        def on_production_start(cls, item):
            raise ValueError("no room")

    production = Production("Test.Hooks")
    production.operation("Out", Hooked)
    for name, component in (("A", First), ("B", First), ("C", Failing)):
        production.process(name, component, pool_size=0)
    with pytest.raises(ComponentStartError, match=r"'C'.*ValueError: no room"), run_production(production):
        pass
    names = [each[0] if isinstance(each, tuple) else each for each in SEEN]
    assert names == ["start", "start A", "start B", "stop B", "stop A", "stop"]


def test_failure_of_a_restart_is_the_state_of_the_item() -> None:
    class Once(BusinessOperation):
        @classmethod
        def on_production_start(cls, item):
            if SEEN:
                raise RuntimeError("only once")
            SEEN.append("start")

    with run_production(hooked_production(Once)) as run:
        with pytest.raises(ComponentStartError, match="only once"):
            run.running.restart_component("Out")
        (item,) = run.running.items()
        assert item.state is ItemState.ERROR
        assert "only once" in item.reason


def test_failure_at_a_stop_is_logged_and_the_stop_goes_on() -> None:
    class Failing(Hooked):
        @classmethod
        def on_production_stop(cls, item):
            raise RuntimeError("still open")

    with run_production(hooked_production(Failing)) as run:
        run.running.stop_component("Out")
        assert run.running.items()[0].state is ItemState.STOPPED
        run.wait_until_idle()
        (entry,) = [each for each in run.running.log(item="Out") if each.type is EventType.ERROR]
        assert "on_production_stop failed" in entry.text
        assert "still open" in entry.text


def test_hook_without_classmethod_is_refused() -> None:
    class Mistaken(BusinessOperation):
        def on_production_start(self, item):
            SEEN.append("start")

    with (
        pytest.raises(ComponentStartError, match="Write @classmethod above"),
        run_production(hooked_production(Mistaken)),
    ):
        pass
