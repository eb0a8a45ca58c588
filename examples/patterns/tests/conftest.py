"""What several tests of the patterns need."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from iop_testing import VirtualClock

PATIENCE_SECONDS = 30.0


@pytest.fixture
def clock():
    """Time that the test moves."""
    return VirtualClock()


@pytest.fixture
def pool():
    """Threads for callers that wait; ask for it before the production, which ends them when it stops."""
    with ThreadPoolExecutor(4) as threads:
        yield threads


@pytest.fixture
def wait_until():
    """Wait for what other threads do, without a fixed time."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, "not reached in time"
            time.sleep(0.001)

    return wait
