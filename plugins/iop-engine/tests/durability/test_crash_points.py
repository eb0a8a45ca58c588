"""Every scenario is killed at every named point of the engine, once each; afterwards all promises are kept."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from iop_core.errors import ConfigurationError
from iop_engine import crash_points
from iop_engine.crash_points import POINTS
from iop_engine.verification.campaign import integrity_of
from iop_engine.verification.checker import Outside, check, missing
from iop_engine.verification.child import ChildOrder
from iop_engine.verification.nursery import Child, Nursery
from iop_engine.verification.partner import Partner
from iop_engine.verification.traffic import KINDS

KILLED = -9
PATIENCE_SECONDS = 60
PARCELS = 4


class Scenario(NamedTuple):
    """What goes on when the kill comes."""

    kinds: tuple[str, ...]
    wishes: tuple[str, ...] = ()


SCENARIOS = {
    **{kind: Scenario((kind,)) for kind in KINDS},
    "resend": Scenario(("hop",), ("resend",) * 4),
    "purge": Scenario(KINDS, ("purge",) * 4),
    "deploy": Scenario(("hop",), ("deploy",) * 4),
}

# Point to a scenario that must come to it.
REACHED_BY = {
    "file.drafted": "hop",
    "file.named": "hop",
    "commit.begin": "hop",
    "commit.written": "fan",
    "commit.done": "call",
    "commit.published": "timer",
    "commit.told": "retry",
    "message.leased": "keyed",
    "message.handled": "hop",
    "message.submitted": "fan",
    "message.released": "keyed",
    "call.stored": "call",
    "call.answered": "call",
    "input.handled": "hop",
    "process.kept": "fan",
    "retry.noted": "retry",
    "timer.due": "timer",
    "deed.submitted": "resend",
    "errand.written": "purge",
    "errand.done": "purge",
    "deployment.written": "deploy",
    "deployment.done": "deploy",
}


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as started:
        yield started


def was_killed_at(nursery: Nursery, folder: Path, scenario: Scenario, crash_at: str) -> bool:
    """Run a scenario with a point armed, then a child that finishes it, and check what was seen."""
    with Partner(folder, seed=7, kinds=scenario.kinds) as partner:
        partner.limit(PARCELS)
        partner.wishes.extend(scenario.wishes)

        def is_complete() -> bool:
            return partner.is_done and not missing(Outside.of(folder))

        def run(number: int, crash_at: str) -> int:
            partner.begin(number)
            child: Child = nursery.start(ChildOrder(str(folder), partner.port, number, crash_at))
            is_over = partner.serve(PATIENCE_SECONDS, lambda: child.poll() or is_complete())
            partner.stop()
            if not child.poll():
                partner.serve(PATIENCE_SECONDS, child.poll)
            code = child.kill()
            partner.hang_up(exit_code=code)
            assert is_over, (folder / "child.log").read_text()[-3000:]
            return code

        first = run(0, crash_at)
        assert first in (0, KILLED), (folder / "child.log").read_text()[-3000:]
        assert run(1, "") == 0
        assert is_complete()
    assert check(Outside.of(folder)) == []
    assert integrity_of(folder) == []
    return first == KILLED


def test_every_point_has_a_scenario() -> None:
    assert set(REACHED_BY) == set(POINTS)


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_point(nursery: Nursery, tmp_path: Path, point: str) -> None:
    assert was_killed_at(nursery, tmp_path, SCENARIOS[REACHED_BY[point]], point)


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 3, 8])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_at_every_point(nursery: Nursery, tmp_path: Path, scenario: str, count: int) -> None:
    reached = set()
    for point in POINTS:
        folder = tmp_path / point
        folder.mkdir()
        if was_killed_at(nursery, folder, SCENARIOS[scenario], f"{point}:{count}"):
            reached.add(point)
    if count == 1:
        assert {point for point, by in REACHED_BY.items() if by == scenario} <= reached


def test_a_point_that_is_armed_by_the_environment_kills() -> None:
    program = "from iop_engine import crash_points\nfor _ in range(3): crash_points.reach('timer.due'); print('alive')"
    environment = {**os.environ, crash_points.VARIABLE: "timer.due:3"}
    ended = subprocess.run([sys.executable, "-uc", program], env=environment, capture_output=True, text=True)
    assert ended.stdout.split() == ["alive", "alive"]
    assert ended.returncode == KILLED


@pytest.mark.parametrize("text", ["comit.done", "commit.done:0", "commit.done:x", ""])
def test_a_point_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="IOP_CRASH_AT"):
        crash_points.arm(text)
