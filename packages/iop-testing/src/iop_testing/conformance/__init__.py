"""What every backend must do: one test for each row of the table of InterSystems behaviour."""

import pytest

# Before the suites are imported: only then do their asserts explain themselves.
pytest.register_assert_rewrite("iop_testing.conformance.trial")
