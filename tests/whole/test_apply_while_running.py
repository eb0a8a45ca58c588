"""Plans that are applied to a production that runs, with messages in its queues, and taken back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from iop import Director, Production
from iop_core.errors import PlanApplyError, PlanConflictError

NAME = "Demo.Change"
MODULE = """
from dataclasses import dataclass

from iop import BusinessOperation, BusinessService, Message, Production, handler, target


@dataclass
class Text(Message):
    text: str = ""


class Intake(BusinessService):
    Output = target()
    Limit: int = 5

    def on_process_input(self, message_input):
        for name in self.Output.split(","):
            self.send_request_async(name, Text(message_input))


class Write(BusinessOperation):
    Prefix = ""

    def on_init(self):
        if self.Prefix == "broken":
            raise ValueError("no disk")
        self.log_info("init")

    @handler(Text)
    def take(self, request):
        self.log_info(self.Prefix + request.text)


def make():
    prod = Production("Demo.Change", description="before")
    intake = prod.service("Intake", Intake, settings={"Limit": 7})
    for name in ("Keep", "Change", "Held", "Old"):
        intake.connect_add("Output", prod.operation(name, Write))
    prod.item("Held").disable()
    prod.item("Old").disable()
    return prod
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "change_demo.py").write_text(MODULE)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.chdir(tmp_path)
    for name in ("IOP_URL", "IOP_NAMESPACE", "IOP_SETTINGS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def demo(folder: Path) -> Iterator[ModuleType]:
    sys.modules.pop("change_demo", None)
    yield import_module("change_demo")
    sys.modules.pop("change_demo", None)


@pytest.fixture
def director(folder: Path) -> Iterator[Director]:
    """What it started in a process of its own is killed at the end, by its pid."""
    yield Director(f"local://{folder.as_posix()}/.iop")
    for control in (folder / ".iop").glob("*.control"):
        try:
            pid = json.loads(control.read_text())["pid"]
            if pid != os.getpid():
                os.kill(pid, signal.SIGKILL)
        except (OSError, ValueError):
            pass


@pytest.fixture
def prod(demo: ModuleType, director: Director) -> Production:
    """Deployed, and ready to be changed."""
    made: Production = demo.make().with_director(director)
    assert made.apply(backup_dir="backups", actor="dev", reason="first").success
    return made


def start_with_command(director: Director, prod: Production) -> Callable[[], None]:
    subprocess.run([sys.executable, "-m", "iop_cli", "start", NAME, "--detach"], check=True, timeout=120)
    return director.stop_production


def start_with_director(director: Director, prod: Production) -> Callable[[], None]:
    director.start_production(NAME)
    return director.stop_production


def run_in_this_process(director: Director, prod: Production) -> Callable[[], None]:
    return director.run(prod).stop


EVERYWHERE = pytest.mark.parametrize(
    "running", [start_with_command, start_with_director, run_in_this_process], indirect=True
)


@pytest.fixture
def running(request: pytest.FixtureRequest, director: Director, prod: Production) -> Iterator[Director]:
    """The production runs; messages wait for two of its items, which are disabled."""
    start: Callable[[Director, Production], Callable[[], None]] = getattr(request, "param", run_in_this_process)
    stop = start(director, prod)
    try:
        assert (director.status().pid == os.getpid()) == (start is run_in_this_process)
        send(director, "1", "2", "3")
        yield director
    finally:
        stop()


def send(director: Director, *texts: str) -> None:
    service = director.create_business_service("Intake")
    for text in texts:
        service.on_process_input(text)
    assert director.connect().wait_until_idle(30)


def log(director: Director, item: str) -> list[str]:
    """Return what the component logged, without what operators did to its item."""
    deeds = tuple(f"{deed} of {item!r} by" for deed in ("start", "stop", "enable", "disable"))
    return [entry.text for entry in director.log(item=item) if not entry.text.startswith(deeds)]


def waiting(director: Director) -> dict[str, int]:
    return {queue.name: queue.count for queue in director.queues() if queue.count}


def change(prod: Production) -> Production:
    """Return the production as it should be: one item changed, one gone, one new."""
    prod.item("Change").host_setting("Prefix", "> ")
    prod.delete_component("Old")
    prod.item("Intake").connect_add("Output", prod.operation("New", type_of(prod)))
    return prod.describe("after")


def type_of(prod: Production) -> type:
    found = prod.item("Keep").component_class
    assert found is not None
    return found


@EVERYWHERE
def test_running_production_takes_a_plan_over_and_back(running: Director, prod: Production) -> None:
    before = running.export_production(NAME)
    pid = running.status().pid
    plan = change(prod).plan()
    running.stop_component("Change")  # messages wait for what is about to be changed, too
    send(running, "4")
    assert waiting(running) == {"Change": 1, "Held": 4, "Old": 4}

    result = prod.apply(plan, allow_destructive=True, backup_dir="backups", actor="maria", reason="ticket 7")
    assert (result.applied, result.failed, result.updated_runtime) == (len(plan.operations), 0, True)
    assert result.runtime_update == {
        "added": ("New",),
        "removed": ("Old",),
        "restarted": ("Change", "Intake"),
        "failed": {},
        "left_queued": {"Old": 4},
    }
    assert "removed Old; restarted Change, Intake; 4 messages still wait for Old" in str(result)
    assert running.status().pid == pid
    assert {item.name for item in running.items()} == set(prod.item_names)

    running.start_component("Change")
    send(running, "5")
    # What did not change was not started again; the other one handles what waited, in order and in its new way.
    assert log(running, "Keep") == ["init", "1", "2", "3", "4", "5"]
    assert log(running, "Change") == ["init", "1", "2", "3", "init", "> 4", "> 5"]
    assert log(running, "New") == ["init", "5"]
    assert waiting(running) == {"Held": 5, "Old": 4}
    assert prod.verify(plan, result=result).residual_operations == ()
    assert not prod.plan().has_changes

    back = Production.rollback_backup(result.backup_path, director=running, allow_destructive=True, actor="otto")
    assert back.success
    assert back.runtime_update is not None
    assert back.runtime_update["added"] == ("Old",)
    assert back.runtime_update["left_queued"] == {}
    assert running.export_production(NAME) == before
    assert waiting(running) == {"Held": 5, "Old": 4}
    running.connect().enable("Old")
    assert running.connect().wait_until_idle(30)
    assert log(running, "Old") == ["init", "1", "2", "3", "4"]


def test_records_of_a_change(running: Director, prod: Production) -> None:
    plan = change(prod).plan()
    result = prod.apply(plan, allow_destructive=True, backup_dir="backups", actor="maria", reason="ticket 7")
    metadata = json.loads((Path(result.backup_path) / "metadata.json").read_text())
    assert metadata["source_fingerprint"] == plan.source_fingerprint
    assert metadata["desired_fingerprint"] == plan.desired_fingerprint
    assert (metadata["actor"], metadata["reason"], metadata["plan_id"]) == ("maria", "ticket 7", plan.id)
    queues = json.loads((Path(result.backup_path) / "queues.json").read_text())["items"]
    assert {entry["item"]: entry["count"] for entry in queues if entry["count"]} == {"Held": 3, "Old": 3}
    Production.rollback_backup(
        result.backup_path, director=running, allow_destructive=True, actor="otto", reason="it was wrong"
    )
    assert [
        (entry.actor, entry.reason, entry.action, entry.subject)
        for entry in running.backend.deployments().changes()
        if entry.action == "replace production"
    ] == [
        ("dev", "first", "replace production", NAME),
        ("maria", "ticket 7", "replace production", NAME),
        ("otto", "it was wrong", "replace production", NAME),
    ]


def test_safe_part_alone_keeps_everything_else(running: Director, prod: Production) -> None:
    plan = change(prod).plan()
    result = prod.apply(plan, backup_dir="backups")
    assert result.skipped == len(plan.blocked_operations) > 0
    assert "Old" in [item.name for item in running.items()]
    assert result.runtime_update is not None
    assert result.runtime_update["removed"] == ()
    assert waiting(running) == {"Held": 3, "Old": 3}
    again = prod.plan()
    assert {one.id for one in again.operations if one.allowed_by_default} == set()


@EVERYWHERE
def test_item_that_cannot_start_is_reported_and_the_others_run(running: Director, prod: Production) -> None:
    prod.item("Change").host_setting("Prefix", "broken")
    prod.item("Keep").host_setting("Prefix", "fine ")
    result = prod.apply(backup_dir="backups")
    assert result.runtime_update is not None
    assert "no disk" in result.runtime_update["failed"]["Change"]
    send(running, "4")
    assert log(running, "Keep")[-1] == "fine 4"
    assert Production.rollback_backup(result.backup_path, director=running, allow_destructive=True).success
    assert running.connect().wait_until_idle(30)
    assert log(running, "Change")[-1] == "4"


def test_plan_that_is_stale_changes_nothing(running: Director, prod: Production, demo: ModuleType) -> None:
    plan = change(prod).plan()
    other: Production = demo.make().with_director(running)
    other.item("Keep").pool(2)
    assert other.apply(backup_dir="backups").success
    before = running.export_production(NAME)
    with pytest.raises(PlanConflictError, match="changed since the plan was created"):
        prod.apply(plan, allow_destructive=True, backup_dir="none")
    assert not Path("none").exists()
    assert running.export_production(NAME) == before


def test_what_cannot_run_is_told_with_the_way_back(running: Director, prod: Production) -> None:
    before = running.export_production(NAME)
    prod.item("Change").pool("many")  # type: ignore[arg-type]
    with pytest.raises(PlanApplyError, match=r"could not take it over: .*pool_size.*'many'.*rollback_backup") as raised:
        prod.apply(backup_dir="backups")
    assert len(running.items()) == 5
    assert Production.rollback_backup(raised.value.backup_path, director=running, allow_destructive=True).success
    assert running.export_production(NAME) == before


def test_stopped_production_is_changed_for_its_next_start(director: Director, prod: Production) -> None:
    director.start_production(NAME)
    director.stop_production()
    result = change(prod).apply(allow_destructive=True, backup_dir="backups")
    assert (result.success, result.updated_runtime, result.runtime_update) == (True, False, None)
    director.start_production(NAME)
    assert {item.name for item in director.items()} == set(prod.item_names)
    director.stop_production()
