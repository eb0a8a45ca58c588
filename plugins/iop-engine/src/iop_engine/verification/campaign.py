"""Killing a production again and again at seeded moments, and judging what came of it."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from iop_engine.crash_points import POINTS
from iop_engine.verification.checker import Outside, check, missing
from iop_engine.verification.child import NAMESPACE, ChildOrder
from iop_engine.verification.nursery import Child, Nursery
from iop_engine.verification.partner import Partner
from iop_engine.verification.report import Report
from iop_engine.verification.traffic import KINDS

_START_SECONDS = 60.0
# A point that is not reached meanwhile is one like any other.
_AT_POINT_SECONDS = 0.3
_WISHES = ("resend", "resend", "purge", "deploy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What to do.

    Attributes:
        folder: Where the data and the records are kept: on the disk that is to be verified.
        kills: How many kills; None: as many as there is time for.
        seconds: How long to go on; None: until the kills are done.
        seed: What is sent, and when children are killed, follows from it.
        kinds: Which kinds of parcels are sent.
        kills_per_round: So many kills share one data directory and are then judged; many make judging slow.
        plant: As in ``ChildOrder``.
        patience_seconds: How long the last child of a round may take to finish everything.
        on_progress: Called after each round.
    """

    folder: Path
    kills: int | None = None
    seconds: float | None = None
    seed: int = 1
    kinds: tuple[str, ...] = KINDS
    kills_per_round: int = 200
    plant: str = ""
    patience_seconds: float = 60.0
    on_progress: Callable[[Report], None] = lambda _: None

    def run(self) -> Report:
        """Kill, judge and return the report; it stops at the first round with problems."""
        report = Report(seed=self.seed, folder=str(self.folder))
        begin = time.monotonic()
        deadline = None if self.seconds is None else begin + self.seconds
        number = 0
        with Nursery() as nursery:
            while not report.problems and not self._is_over(report, deadline):
                folder = self.folder / f"round{number}"
                folder.mkdir(parents=True)
                _Round(self, nursery, folder, number, report).run(deadline)
                number += 1
                report.seconds = time.monotonic() - begin
                self.on_progress(report)
        return report

    def _is_over(self, report: Report, deadline: float | None) -> bool:
        if deadline is not None and time.monotonic() >= deadline:
            return True
        return self.kills is not None and report.kills >= self.kills


class _Round:
    """So many kills on one data directory, and a last child that finishes everything."""

    def __init__(self, campaign: Campaign, nursery: Nursery, folder: Path, number: int, report: Report) -> None:
        self._campaign = campaign
        self._nursery = nursery
        self._folder = folder
        self._report = report
        self._rng = random.Random(f"{campaign.seed} {number}")  # noqa: S311 - it is to be repeatable
        self._traffic_seed = campaign.seed * 1_000_003 + number
        self._run = 0

    def run(self, deadline: float | None) -> None:
        campaign, report = self._campaign, self._report
        left = campaign.kills_per_round
        if campaign.kills is not None:
            left = min(left, campaign.kills - report.kills)
        with Partner(self._folder, self._traffic_seed, campaign.kinds) as partner:
            while left > 0 and (deadline is None or time.monotonic() < deadline):
                self._kill_one(partner)
                left -= 1
            self._finish(partner)
        outside = Outside.of(self._folder)
        report.count(outside)
        report.problems += check(outside) + integrity_of(self._folder)

    def _start(self, partner: Partner, crash_at: str = "") -> Child:
        partner.begin(self._run)
        order = ChildOrder(str(self._folder), partner.port, self._run, crash_at, self._campaign.plant)
        self._run += 1
        return self._nursery.start(order)

    def _kill_one(self, partner: Partner) -> None:
        """Start a child and kill it: in its start, in the middle of its work, or at a crash point."""
        rng = self._rng
        way = rng.random()
        if rng.random() < 0.15:
            partner.wishes.append(rng.choice(_WISHES))
        crash_at = f"{rng.choice(tuple(POINTS))}:{rng.choice((1, 2, 5, 20, 60))}" if way < 0.35 else ""
        child = self._start(partner, crash_at)
        wanted = partner.answers + rng.choice((1, 3, 10, 20, 60))
        if crash_at:
            partner.serve(_AT_POINT_SECONDS, child.poll)
        elif way < 0.5:
            partner.serve(rng.uniform(0.0, 0.15), child.poll)
        else:
            partner.serve(_START_SECONDS, lambda: partner.answers >= wanted or child.poll())
            partner.serve(rng.choice((0.0, rng.uniform(0.0, 0.01), rng.uniform(0.0, 0.1))), child.poll)
        code = child.kill()
        partner.hang_up(exit_code=code)
        if code >= 0:
            self._report.problems.append(f"run {self._run - 1} ended by itself with {code}; see child.log")
        self._report.kills += 1
        self._report.kills_at_points += bool(crash_at)

    def _finish(self, partner: Partner) -> None:
        """Let one child do everything that is left, as long as it takes."""
        partner.limit(5)
        child = self._start(partner)
        patience = self._campaign.patience_seconds
        partner.serve(patience, lambda: child.poll() or self._is_complete(partner))
        partner.stop()
        if not partner.serve(_START_SECONDS, child.poll):
            self._report.problems.append("the last child of a round did not stop when asked to")
        code = child.kill()
        partner.hang_up(exit_code=code)
        if code:
            self._report.problems.append(f"the last child of a round ended with {code}; see child.log")
        if not partner.is_done:
            self._report.problems.append(f"unanswered: the last child of a round left a sender waiting {patience:g} s")

    def _is_complete(self, partner: Partner) -> bool:
        return partner.is_done and not missing(Outside.of(self._folder))


def integrity_of(folder: Path) -> list[str]:
    """Return what SQLite finds wrong with the file of a round."""
    database = folder / "data" / f"{NAMESPACE.lower()}.db"
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
    return [f"damaged: {line}" for line in found if line != "ok"]
