"""Settings of every test in the repository."""

from __future__ import annotations

import signal
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester"]  # for the tests of the test kit; pytest wants it here

# Tests share a machine with other work: slowness alone must not fail them.
settings.register_profile("iop", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("iop")

# A shell starts programs in the background with SIGINT ignored, and so would be what the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Spell out half characters in captured output: the test workers cannot send them."""
    report = yield
    report.sections = [(name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections]
    return report
