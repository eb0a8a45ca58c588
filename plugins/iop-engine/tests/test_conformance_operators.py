"""The local backend does what the conformance suites say of operators' deeds."""

from __future__ import annotations

from iop_testing.conformance.operators import OperatorSuite

from .conformance_places import LocalPlaces


class TestOperators(LocalPlaces, OperatorSuite):
    pass
