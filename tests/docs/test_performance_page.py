"""The page about speed is what the benchmarks wrote, and its verdicts are those of the results."""

from __future__ import annotations

import pytest
from benchmarks.goals import GOALS, judge
from benchmarks.page import HOT_PATH, page_of
from benchmarks.whole_run import PAGE, RESULTS, ROOT, read_results


@pytest.mark.skipif(not RESULTS.exists(), reason="NOT TESTED: there are no results of a whole run")
def test_the_page_is_what_the_results_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page_of(read_results()), (
        "run 'python -m benchmarks report --from-results'"
    )


@pytest.mark.skipif(not RESULTS.exists(), reason="NOT TESTED: there are no results of a whole run")
def test_every_goal_was_measured() -> None:
    assert [verdict.goal.text for verdict in judge(read_results()) if verdict.measured is None] == []


def test_the_hot_path_is_there() -> None:
    assert [path for path in HOT_PATH if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("goal", GOALS, ids=lambda goal: goal.text)
def test_a_goal_is_met_at_its_bound_and_missed_beyond(goal) -> None:
    results = {
        bound: [{"name": f"{goal.of.strip()}", goal.key: bound}] for bound in (goal.bound, goal.bound * 2 + 1, -1)
    }
    is_met = {
        bound: next(each.is_met for each in judge(found) if each.goal == goal) for bound, found in results.items()
    }
    assert is_met == {goal.bound: True, goal.bound * 2 + 1: goal.is_least, -1: not goal.is_least}


def test_the_worst_result_counts_and_floors_and_peers_do_not() -> None:
    results = [
        {"name": "w1", "ratio_to_floor": 0.7, "flushes_per_message": 1.0},
        {"name": "w1 floor", "flushes_per_message": 3.0},
        {"name": "w1 huey", "peer": "huey", "ratio_to_floor": 0.1},
        {"name": "w1-8", "ratio_to_floor": 0.2},
        {"name": "search: header: id", "p50_ms": 1.0},
        {"name": "search: header: target", "p50_ms": 51.0},
        {"name": "mllp-8", "ratio_to_floor": 0.9, "rate": 100, "delivered_rate": 80},
    ]
    found = {verdict.goal[:2]: (verdict.measured, verdict.is_met) for verdict in judge(results)}
    assert found["w1 ", "ratio_to_floor"] == (0.7, True)
    assert found["w1 ", "flushes_per_message"] == (1.0, True)
    assert found["w1-8 ", "ratio_to_floor"] == (0.2, False)
    assert found["search: header", "p50_ms"] == (51.0, False)
    assert found["mllp-8 ", "delivered_to_rate"] == (0.8, False)
    assert found["w2 ", "ratio_to_floor"] == (None, False)
