"""What every backend must do: one test for each row of the table of InterSystems behaviour."""

import pytest

# Before the suites are imported: only then do their asserts explain themselves.
for name in ("trial", "headers", "queues", "life_cycles", "processes", "sending"):
    pytest.register_assert_rewrite(f"iop_testing.conformance.{name}")
