"""The local backend does what the conformance suites say of alerts."""

from __future__ import annotations

from iop_testing.conformance.alerts import AlertSuite

from .conformance_places import LocalPlaces


class TestAlerts(LocalPlaces, AlertSuite):
    pass
