"""All answers, the failure and the one that is late come back in one list."""

import pytest

from ask_all import StockQuestion, StockReport, production
from iop_testing import run_production


@pytest.fixture
def run(clock, pool):
    with run_production(production, clock=clock) as running:
        yield running
        clock.advance(3600)  # ends what a failed test left waiting


def test_failure_and_late_answer_do_not_spoil_the_others(run, clock, pool, wait_until) -> None:
    asked = pool.submit(run.call, "StockDesk", StockQuestion("screw"), timeout=-1)
    wait_until(lambda: len(run.messages(type="Request", status="Completed")) == 2)
    wait_until(lambda: run.messages(status="Error") and run.messages(type="Request", status="Deferred"))
    assert not asked.done(), "one has 2 s"
    # The limit may begin a moment after the requests are handled.
    wait_until(lambda: clock.advance(1) or asked.done())
    assert asked.result(30) == StockReport(42, answered=["North", "West"], late=["South"], failed=["East"])
    (failed,) = run.messages(target="East", type="Request")
    assert "the inventory is being rebuilt" in failed.error
