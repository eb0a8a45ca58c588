"""The local backend does what the conformance suites say of failures."""

from __future__ import annotations

from iop_testing.conformance.failures import FailureSuite

from .conformance_places import LocalPlaces


class TestFailures(LocalPlaces, FailureSuite):
    pass
