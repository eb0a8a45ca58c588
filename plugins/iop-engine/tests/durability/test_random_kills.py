"""A production is killed at seeded moments, and its outside is judged; a planted fault has to be found."""

from __future__ import annotations

from pathlib import Path

import pytest

from iop_engine.verification.campaign import Campaign
from iop_engine.verification.traffic import KINDS

PLANTED = Path(__file__).with_name("planted_faults.py")


@pytest.mark.parametrize("kills", [100, pytest.param(2000, marks=pytest.mark.slow)])
def test_nothing_is_lost_by_kills(tmp_path, kills: int) -> None:
    report = Campaign(folder=tmp_path, kills=kills, seed=kills).run()
    assert report.problems == []
    assert report.kills == kills
    # The kills came in the middle of the work, else this would show nothing.
    assert report.acknowledged > 5 * kills
    assert report.sent_again > kills / 10
    assert report.repeated > kills / 20


@pytest.mark.parametrize(
    ("fault", "kinds", "found"),
    [
        ("acknowledge_before_commit", ("hop",), "lost: parcel"),
        ("settle_before_handler", ("hop",), "lost: parcel"),
        ("lose_wake_up", ("hop",), "lost: parcel"),
        ("handle_twice", ("hop",), "twice in run"),
        ("newest_first", ("hop",), "order: Sink"),
        ("forget_state", ("fan",), "changed: Sum"),
        ("change_text", KINDS, "changed: "),
        ("send_outside_of_the_unit", ("call",), "its answer had been received"),
        ("try_for_ever", ("retry",), "tries: Flaky"),
    ],
)
def test_a_planted_fault_is_found(tmp_path, fault: str, kinds: tuple[str, ...], found: str) -> None:
    report = Campaign(
        folder=tmp_path,
        kills=60,
        kills_per_round=4,
        seed=4,
        kinds=kinds,
        plant=f"{PLANTED}:{fault}",
        patience_seconds=2,
    ).run()
    assert found in "\n".join(report.problems)
    assert not report.is_good
