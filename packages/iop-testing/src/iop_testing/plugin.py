"""Fixtures for pytest, found by pytest itself once iop-testing is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest


@pytest.fixture
def production_run() -> Iterator[Callable[..., object]]:
    """Run productions that are stopped at the end of the test.

    Returns:
        A function with the arguments of ``run_production`` that returns the run.

    Example:
        def test_echo(production_run):
            run = production_run(production)
            assert run.call("Echo", Ping()) == Ping()
    """
    # Not at the top: pytest imports this module before the suites' asserts can be rewritten.
    from iop_testing.production_run import ProductionRun, run_production

    with ExitStack() as stack:

        def run(*args: object, **kwargs: object) -> ProductionRun:
            return stack.enter_context(run_production(*args, **kwargs))  # type: ignore[arg-type]

        yield run
