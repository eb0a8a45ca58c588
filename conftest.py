"""Settings of every test in the repository."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester"]  # for the tests of the test kit; pytest wants it here

# Tests share a machine with other work: slowness alone must not fail them.
settings.register_profile("iop", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("iop")
